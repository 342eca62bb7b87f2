package main

import (
	"context"
	"errors"

	"tandem/attendant"
	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/voicemail"
)

// mailboxes gives the gateway voicemail, in the errors it knows.
type mailboxes struct{ *voicemail.Service }

func (m mailboxes) Deposit(aor string, reason call.Reason) (call.Handler, error) {
	h, err := m.Service.Deposit(aor, reason)
	return h, notFound(err, voicemail.ErrNotFound)
}

func (m mailboxes) Retrieval(aor string) (call.Handler, error) {
	h, err := m.Service.Retrieval(aor)
	return h, notFound(err, voicemail.ErrNotFound)
}

// menuHandlers gives the gateway the attendant.
type menuHandlers struct{ *attendant.Service }

func (m menuHandlers) Menu(name string) (call.Handler, error) {
	h, err := m.Service.Menu(name)
	return h, notFound(err, attendant.ErrNotFound)
}

func notFound(err, theirs error) error {
	if errors.Is(err, theirs) {
		return gateway.ErrNotFound
	}
	return err
}

// transfer lets a menu hand its caller on through the gateway, which is made after the attendant.
type transfer struct {
	gateway *gateway.Gateway
	domain  string
}

func (t *transfer) Connect(ctx context.Context, leg call.Leg, to attendant.Target) error {
	switch {
	case to.User != "":
		return t.gateway.Transfer(ctx, leg, route.Target{Kind: route.ToUser, Value: inDomain(to.User, t.domain)})
	case to.Mailbox != "":
		return t.gateway.Transfer(ctx, leg, route.Target{Kind: route.ToMailbox, Value: inDomain(to.Mailbox, t.domain)})
	default:
		return t.gateway.Transfer(ctx, leg, route.Target{Kind: route.ToNumber, Value: to.Number})
	}
}
