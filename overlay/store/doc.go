// Package store holds the values that a peer keeps for the overlay (RFC 6940 7): the originals it is responsible
// for and the replicas of others.
//
// A Store decides what a StoreReq, FetchReq, StatReq or FindReq does to the values: data models, generation counters,
// storage times, lifetimes, limits and access control. It is pure: times and the verified signers of the values are
// given to it, and Resource-IDs come out in order. Who is responsible for what, and sending replicas, is
// overlay/peer's; checking signatures is the node's.
//
// The certificate of each value's signer is kept with the value: when the one who stored it is gone, nobody could
// verify it otherwise (SIG-7 of docs/conformance.md, 6.3.4).
package store
