package gateway

import (
	"context"
	"strings"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
)

// toMailbox lets the caller leave a message; reason says why (RFC 4458).
func (x *exchange) toMailbox(dir cdr.Direction, aor string, reason call.Reason) (destination, error) {
	aor = strings.TrimPrefix(strings.TrimPrefix(aor, "sips:"), "sip:")
	d := destination{direction: dir, target: string(route.ToMailbox) + ":" + aor}
	h, err := x.deposit(aor, reason)
	d.run = func(ctx context.Context) error { return x.handle(ctx, h) }
	return d, err
}

func (x *exchange) deposit(aor string, reason call.Reason) (call.Handler, error) {
	if x.g.cfg.Voicemail == nil {
		return nil, ErrNotFound
	}
	h, err := x.g.cfg.Voicemail.Deposit(aor, reason)
	if err == nil {
		x.note(func(r *cdr.Record) { r.Mailbox, r.Reason = aor, reason })
	}
	return h, err
}

// toRetrieval lets the caller hear their own messages. The certificate has said who they are.
func (x *exchange) toRetrieval(aor string) (destination, error) {
	d := destination{direction: cdr.Service, target: "retrieval:" + aor}
	if x.g.cfg.Voicemail == nil {
		return d, ErrNotFound
	}
	h, err := x.g.cfg.Voicemail.Retrieval(aor)
	d.run = func(ctx context.Context) error { return x.handle(ctx, h) }
	return d, err
}

func (x *exchange) toMenu(dir cdr.Direction, name string) (destination, error) {
	d := destination{direction: dir, target: string(route.ToMenu) + ":" + name}
	if x.g.cfg.Menus == nil {
		return d, ErrNotFound
	}
	h, err := x.g.cfg.Menus.Menu(name)
	d.run = func(ctx context.Context) error { return x.handle(ctx, h) }
	return d, err
}

// handle gives the leg to voicemail or a menu, for no longer than any call may last. A handler that fails after the
// caller has gone, or after that time, has not failed.
func (x *exchange) handle(ctx context.Context, h call.Handler) error {
	defer x.g.calls.hold(x.in, x)()
	ctx, cancel := context.WithTimeout(ctx, x.g.cfg.Limits.Duration)
	defer cancel()
	go b2bua.Watch(ctx, x.in, b2bua.Limits{Lost: x.g.lost}) // ends with ctx
	err := h.ServeCall(ctx, x.in)
	if x.in.Context().Err() != nil || ctx.Err() != nil {
		return nil
	}
	return err
}
