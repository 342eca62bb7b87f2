package gateway

import (
	"cmp"
	"context"
	"time"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// toUser rings a person's phones; their mailbox takes over when nobody is there.
func (x *exchange) toUser(dir cdr.Direction, aor string) (destination, error) {
	d := destination{direction: dir, target: string(route.ToUser) + ":" + aor}
	u, ok := x.rt.User(aor)
	if !ok || u.Disabled {
		return d, ErrNotFound
	}
	d.run = func(ctx context.Context) error { return x.ringUser(ctx, u) }
	return d, nil
}

func (x *exchange) ringUser(ctx context.Context, u route.User) error {
	out, err := x.reachUser(ctx, u)
	if err == nil {
		return x.joined(ctx, out)
	}
	if ctx.Err() != nil {
		return err // the caller hung up while it rang
	}
	reason := b2bua.ReasonOf(err)
	h, missing := x.deposit(u.AoR, reason)
	if missing != nil {
		x.log.Info("no mailbox takes over", "aor", u.AoR, "err", missing)
		return err
	}
	x.log.Info("voicemail takes over", "aor", u.AoR, "status", x.refusal(err).Code, "reason", uint16(reason), "err", err)
	return x.handle(ctx, h)
}

// maxFork bounds how many phones of one person ring.
const maxFork = 8

// locateTime bounds the search for a person in the overlay.
const locateTime = 6 * time.Second

func (x *exchange) reachUser(ctx context.Context, u route.User) (*sipua.Leg, error) {
	search, cancel := context.WithTimeout(ctx, locateTime)
	contacts, err := x.g.cfg.Overlay.Locate(search, u.AoR)
	cancel()
	if err != nil {
		return nil, err
	}
	if len(contacts) == 0 {
		return nil, route.ErrNotRegistered
	}
	alert := b2bua.NewAlert(ctx, x.in, x.g.cfg.Region)
	defer alert.Stop()
	d := b2bua.Dial{Parallel: true, RingFor: time.Duration(cmp.Or(u.RingMS, route.DefaultRingMS)) * time.Millisecond,
		Progress: x.progress(alert), Logger: x.log}
	for _, c := range contacts[:min(len(contacts), maxFork)] {
		d.Branches = append(d.Branches, b2bua.Branch{Name: c.Node, Invite: func(ctx context.Context) (*sipua.Leg, error) {
			return x.inviteNode(ctx, c, u.AoR)
		}})
	}
	return d.Run(ctx)
}

func (x *exchange) progress(a *b2bua.Alert) func(*sipua.Leg, sipua.Progress) {
	return func(leg *sipua.Leg, p sipua.Progress) {
		x.rang()
		a.Progress(leg, p)
	}
}

// inviteNode calls one node of a person.
func (x *exchange) inviteNode(ctx context.Context, c route.Contact, aor string) (*sipua.Leg, error) {
	uri := "sips:" + aor
	caller := shownTo(call.Overlay, x.rec.Caller)
	return x.g.peers.Invite(ctx, c, nil, sipua.InviteConfig{URI: uri, From: overlayFrom(caller, x.g.cfg.Domain),
		To: sipua.Address{URI: uri}, MaxForwards: x.in.MaxForwards(), Info: call.Info{Caller: caller, Called: aor}})
}

// overlayFrom names the caller towards the overlay.
func overlayFrom(p call.Party, domain string) sipua.Address {
	switch {
	case p.AoR != "":
		return sipua.Address{Name: p.Name, URI: "sips:" + p.AoR}
	case p.Number != "" && !p.Anonymous:
		return sipua.Address{Name: p.Name, URI: "sips:" + p.Number + "@" + domain + ";user=phone"}
	}
	return sipua.Address{Name: "Anonymous", URI: "sip:anonymous@anonymous.invalid"}
}
