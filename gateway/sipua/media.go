package sipua

import (
	"context"

	"tandem/gateway/call"
)

// Media is the audio of one leg: it makes and reads the leg's session descriptions (RFC 3264) and moves frames.
// *media.Session satisfies it. A Leg closes its Media when it ends.
type Media interface {
	// Offer makes an offer, a new one each time: the first before an INVITE, later ones for a session in place.
	Offer() ([]byte, error)
	// Answer takes the far side's offer, the first or a later one (hold, new address), and gives our answer.
	// An error means that no stream is acceptable: 488.
	Answer(offer []byte) ([]byte, error)
	// SetAnswer takes the far side's answer to our latest Offer. Early media may be followed by another answer.
	SetAnswer(answer []byte) error

	Play(ctx context.Context, src call.Source) error
	Record(ctx context.Context, sink call.Sink) error
	Digits() <-chan call.Digit
	ReceiveDigit(d call.Digit) // one that came by INFO
	SendDigits(ctx context.Context, digits string) error
	Close() error
}
