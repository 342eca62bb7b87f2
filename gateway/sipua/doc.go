// Package sipua is the SIP user agent of the gateway and of the overlay phone (RFC 3261).
//
// A UA listens for trunks or softphones on sockets of its own, or (an overlay UA) has no socket and speaks over
// connections that somebody else opened and handed in with Serve. An INVITE that comes in becomes a Leg and goes
// to Config.OnInvite; UA.Invite makes a Leg that goes out. A Leg is a call.Leg: the dialog with its provisional
// responses, ACK, CANCEL, BYE, re-INVITE, UPDATE and INFO is handled here and stays here.
//
//	trunk, softphone            overlay peer
//	 UDP TCP TLS sockets         AppAttach connection ── Serve
//	        └────────── sipgo: transport, parser, transactions ──────────┘
//	                    order of arrival (order.go), dialogs (dialog.go, uac.go, uas.go)
//	                    Leg ── Media (package media makes and reads the SDP)
//
// sipgo carries bytes, parses them and runs the transactions of RFC 3261 §17. Everything above is ours, because
// sipgo's dialogs lose order, follow names in messages and forget forks. Three rules hold for every message that
// leaves: its destination is set by us and never taken from a header (no name of a peer's choosing is resolved or
// dialed), an in-dialog request uses the connection the dialog came by, and no handler's panic leaves its handler.
//
// SDP is opaque here: package media offers and answers (RFC 3264). Policy is not here either: who may call whom is
// decided by Config.Admit and by the caller of Invite.
package sipua
