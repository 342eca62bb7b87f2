// Package config is the overlay configuration document (RFC 6940 §11.1): what all nodes of an overlay agree on, signed
// by its owner, application/p2p-overlay+xml.
//
// Parse reads a document. Whoever gets one from elsewhere calls VerifyFirst, with the root certificate known from an
// invitation, or VerifyNext, which wants the signature of a configuration-signer of the previous document and a newer
// sequence number. Signatures cover the bytes from "<configuration" to "</configuration>" as they came; nothing is
// ever serialized anew before it is checked.
//
// Documents written here declare their XML namespaces on the configuration element, inside what is signed. Sequence
// numbers count modulo 65535.
package config
