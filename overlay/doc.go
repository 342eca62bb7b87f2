// Package overlay runs one node of a RELOAD overlay (RFC 6940): a peer, which routes and stores for others, or a
// client, which only uses what they offer.
//
// A Node owns the loop around overlay/peer (the protocol as a pure state machine), the links of overlay/link, the
// workers that verify and sign, and the TCP listener on which application connections made by AppAttach arrive:
//
//	   API calls ──┐                                   ┌── dial, accept (overlay/link)
//	               ▼                                   ▼
//	┌──────────────────────────┐  envelopes   ┌─────────────────┐
//	│ loop: overlay/peer, alone│ ───────────► │ sign, then send │ ──► links
//	└──────────────────────────┘ ◄─────────── │ receive, verify │ ◄── links
//	                              messages    └─────────────────┘
//
// Usages build on Store, Fetch and AppAttach: see overlay/sipusage and overlay/redir. The law is RFC 6940;
// package comments of the parts name their sections. No-ICE only for now: TLS over TCP with the framing header.
package overlay
