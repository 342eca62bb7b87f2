// Package chord implements the routing state of the CHORD-RELOAD topology plug-in (RFC 6940 10): who is next to
// whom on the ring, who is responsible for what, and where a message goes next.
//
// A Topology holds one peer's Routing Table: the peers it has a link to and has had an Update from. From these the
// Neighbor Table, the Finger Table, the range this peer is responsible for and the replica set follow; nothing is
// kept twice. It is pure: it is told of peers that came and went and computes. Timers, messages and links are
// overlay/peer's.
//
//	         predecessors   │   successors
//	… p3 ──── p2 ──── p1 ── self ── s1 ──── s2 ──── s3 …      clockwise, Node-IDs grow, 2^128-1 is before 0
//	                  (p1, self] is the range of self; s1 and s2 keep its replicas
//
// All arithmetic is modulo 2^128; Resource-IDs and Node-IDs are points of the same ring. The peer responsible for a
// Resource-ID is the first at or after it (10.1).
package chord
