package voicemail

import (
	"context"

	"tandem/gateway/call"
)

type deposit struct {
	*Service
	box    Mailbox
	reason call.Reason
}

// ServeCall takes a message.
func (d *deposit) ServeCall(ctx context.Context, leg call.Leg) error { return nil }
