// Package link is the overlay link protocol TLS-TCP-FH-NO-ICE (RFC 6940 6.6.2 and 6.6.5): RELOAD messages in frames
// over mutually authenticated TLS over TCP.
//
//	data  80 | sequence(4) | length(3) | message
//	ack   81 | ack_sequence(4) | received(4)
//
// Every data frame is acknowledged at once. Acknowledgments measure the round trip; from it comes the time (RTO,
// RFC 6298 section 2) after which a link that owes one counts as silent and should not be routed over. A link that
// stays silent for 30 s more is closed. Nothing is retransmitted: TCP does that.
//
// A Link carries bytes and knows neither what a message says nor who may send it. Its owner calls Run in a goroutine
// of its own and waits for it; Send never blocks. A Listener takes connections in, within limits on what has not
// authenticated yet. Certificates are checked by the tls.Config that the owner gives (overlay/cert).
package link
