// Package cert is who is who in an overlay: certificates that bind Node-IDs and a user name to a key, and the
// signatures made with such keys (RFC 6940 §6.3.4, §7.1, §11.3, §14.15).
//
// An Identity is this node's own certificate and key; it signs messages and values. A Verifier knows the roots, the
// overlay's name and the revoked Node-IDs, and says of a certificate, a message or a value who it is from, or an
// error: there is no third answer. TLSConfig puts both into a tls.Config for links and for application connections.
//
// A certificate of an overlay (§11.3) has an empty subject and a subjectAltName with nothing but one or more Node-IDs,
// as reload://0110<32 hex digits>@overlay/, and one user name, as rfc822Name. NewRoot and Issue make them.
//
// Verifying a chain costs more than anything else here, so a Verifier remembers certificates that passed, and values
// whose signature held, in bounded caches keyed by hash; validity period and revocation are looked at every time.
package cert
