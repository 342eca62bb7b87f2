// Package sim runs an overlay of real peers (overlay/peer) in virtual time: one goroutine, one heap of events, one seed.
// The same seed gives the same run, so a failure is its seed.
//
// A World is the network: nodes, links with latency, a clock. Only what surrounds a Core is made up: links, the time that
// verifying takes, and signatures, which are checksums with the same identities, certificates and inputs as real ones, so that
// a value whose certificate got lost on the way does not verify here either.
//
// Run is the whole experiment behind `tandem sim`: peers join, store, leave and are killed, then the ring is held to its
// invariants and values are looked up from everywhere.
package sim
