// Package peer is one node of a RELOAD overlay as a state machine: joining, routing, storing, answering and keeping
// the ring in repair (RFC 6940 3, 6, 7, 10), as a peer or as a client.
//
// A Core is told of links, messages, verified signatures and the time, and answers with Actions and the time it
// next wants to be woken. It starts no goroutine, takes no lock, opens no socket, reads no clock and does no
// cryptography, so thousands of cores run in one goroutine with the same result every time (see overlay/sim).
// Whoever owns a Core (overlay.Node, sim) calls it from one goroutine at a time and, after every call, performs
// what Outbox returns, in that order, then sleeps until Deadline:
//
//	LinkUp, LinkDown ──► ┌──────┐ ──► Send       sign if asked, write to the link
//	Receive          ──► │      │ ──► Verify     check signatures, then call Verified
//	Verified         ──► │ Core │ ──► Dial       connect, then LinkUp or DialFailed
//	Do, Reply        ──► │      │ ──► Bootstrap  connect to some bootstrap node, then LinkUp or BootstrapFailed
//	Timeout          ──► └──────┘ ──► Close, AppAttach, Document, Changed
//
// What the owner owes, in order:
//
//  1. LinkUp only for a link whose (D)TLS handshake is done and whose certificate names the node. Never for a link
//     to the own Node-ID: such a dial is reported as failed.
//  2. Messages of one link are given to Receive as they came; results of Verify are given back in the order of the
//     Verify actions of that link; Sends to one link leave in the order of the outbox. Signing and verifying may
//     run in any number of workers as long as this holds.
//  3. A message whose signature does not hold is not given back at all (6.3.4: drop).
//  4. Functions passed to Do are called inside later calls of the Core, on the owner's goroutine.
//
// Routing is symmetric recursive (6.2) with via lists. Fragments are put together here (6.7); the owner makes them, as
// links ask for. Tables of the ring are in overlay/chord, stored values in overlay/store, bytes in overlay/wire. Not
// here: ICE, direct response routing.
package peer
