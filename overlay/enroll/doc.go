// Package enroll is how a node comes into an overlay: it gets the configuration document and a certificate over HTTPS
// (RFC 6940 §11.2, §11.3).
//
// An Authority is the overlay's certificate authority. A Server, an http.Handler, serves the document at
// /.well-known/reload-config and issues certificates at /enroll to whom its Admission admits. A user gets an
// invitation, a link with a one-time secret and the fingerprint of the authority's certificate:
//
//	https://HOST:PORT/join/SECRET?user=alice%40example.org#sha256:HEX
//
// Client follows it: it connects to HOST, trusting nothing but that authority, verifies the document, makes a key that
// never leaves the machine, and keeps key, certificate and document in a directory, from where Load takes them. Renew
// gets a new certificate for the same Node-ID with the present one.
//
// Refusals tell a stranger nothing: unknown, used, expired and somebody else's secrets all get the same answer.
package enroll
