package voicemail

import (
	"context"

	"tandem/gateway/call"
)

type retrieval struct {
	*Service
	box Mailbox
}

// ServeCall lets the owner listen.
func (r *retrieval) ServeCall(ctx context.Context, leg call.Leg) error { return nil }
