// Package wire holds the messages of RELOAD and their bytes (RFC 6940 §6.3, §6.4, §6.5, §7 and §10; the
// records of RFC 7904 and RFC 7374). It does no I/O, reads no clock and keeps no state.
//
// A Message is what travels on a link:
//
//	ForwardingHeader || MessageContents || SecurityBlock
//
// Peers on the way read only the header, so Message keeps the other two as the bytes that came; that is also
// what a signature is checked over. At the destination ParseContents takes MessageContents apart, Contents.Decode
// gives the Body (a pointer: *StoreReq, *PingAns, …), and ParseSecurityBlock the certificates and the signature.
//
// The data model of a stored value is not on the wire, it follows from the Kind. Decoding a Body therefore takes
// a Models function; values of a Kind it does not know stay in a Raw field.
//
// Decoded values share memory with the bytes they were decoded from. Whoever keeps a value longer than its
// message clones it (StoredData.Clone).
//
// Only Node-IDs of 16 bytes are supported: CHORD-RELOAD's ring is written modulo 2^128 and its Resource-IDs
// have 128 bits.
package wire
