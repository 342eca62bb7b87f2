package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// What the phone refuses by itself.
var (
	errImpostor = errors.New("the caller named is not the certificate's user")
	errNotMe    = errors.New("called somebody else")
	errNobody   = errors.New("no softphone is registered")
)

// ringLimit bounds how long softphones ring when the caller's side does not give up.
const ringLimit = 3 * time.Minute

// fromOverlay takes a call from a peer: it rings the softphones, or goes to the handler that OnIncoming gives.
func (p *Phone) fromOverlay(ctx context.Context, in *sipua.Leg) {
	p.guard(in, func() error { return p.incoming(ctx, in) })
}

// guard runs one call: a refusal becomes the response, a panic stays with its call.
func (p *Phone) guard(in *sipua.Leg, serve func() error) {
	p.calls.Add(1)
	defer p.calls.Done()
	log := p.log.With("call_id", in.ID())
	defer func() {
		if r := recover(); r != nil {
			log.Error("call handler panicked", "err", r, "stack", string(debug.Stack()))
			in.Hangup(call.TemporaryFailure)
		}
	}()
	err := serve()
	if err != nil {
		refusal := refusalOf(err)
		log.Info("call failed", "status", refusal.Code, "err", err)
		in.Refuse(refusal)
	}
	in.Hangup(call.NormalClearing)
}

func (p *Phone) incoming(ctx context.Context, in *sipua.Leg) error {
	caller, err := p.caller(in)
	if err != nil {
		return err
	}
	user, _, _ := strings.Cut(p.cfg.AoR, "@")
	if called, _, _ := strings.Cut(strings.ToLower(in.Info().Called), "@"); called != user {
		return fmt.Errorf("%q: %w", called, errNotMe)
	}
	p.log.Info("incoming call", "call_id", in.ID(), "node_id", in.Info().Node)
	if p.cfg.OnIncoming != nil {
		if h := p.cfg.OnIncoming(ctx, in); h != nil {
			p.calls.Go(func() { p.watch(ctx, in) })
			return handled(in, h.ServeCall(ctx, in))
		}
	}
	alert := b2bua.NewAlert(ctx, in, p.cfg.Region)
	defer alert.Stop()
	out, err := p.ringSoftphones(ctx, in, caller, alert)
	if err != nil {
		return err
	}
	alert.Stop()
	_, err = b2bua.Join(ctx, in, out, p.limits())
	return err
}

// handled forgives a handler whose caller has gone.
func handled(in *sipua.Leg, err error) error {
	if in.Context().Err() != nil {
		return nil
	}
	return err
}

// caller is who calls: a person of this overlay must be the certificate's. A gateway passes on the calls of others: it
// has held a person's From against their certificate itself, and a number is what it says.
func (p *Phone) caller(in *sipua.Leg) (sipua.Address, error) {
	name, uri, err := in.From()
	if err != nil {
		return sipua.Address{}, fmt.Errorf("%w: %w", err, errImpostor)
	}
	aor, proven := strings.ToLower(uri.User+"@"+uri.Host), strings.ToLower(in.Info().Caller.AoR)
	gateway := p.cfg.Gateway != nil && p.cfg.Gateway(proven)
	switch {
	case aor == proven:
		return sipua.Address{Name: name, URI: "sip:" + aor}, nil
	case gateway && route.IsDialString(uri.User):
		return sipua.Address{Name: name, URI: "sip:" + uri.User + "@" + p.domain}, nil
	case gateway && uri.User != "" && strings.EqualFold(uri.Host, p.domain):
		return sipua.Address{Name: name, URI: "sip:" + aor}, nil
	case gateway && aor == "anonymous@anonymous.invalid":
		return sipua.Address{Name: "Anonymous", URI: "sip:" + aor}, nil
	}
	return sipua.Address{}, fmt.Errorf("%q on a connection of %q: %w", aor, proven, errImpostor)
}

// ringSoftphones rings every softphone that is registered.
func (p *Phone) ringSoftphones(ctx context.Context, in *sipua.Leg, from sipua.Address, alert *b2bua.Alert) (*sipua.Leg, error) {
	d := b2bua.Dial{Parallel: true, RingFor: ringLimit, Progress: alert.Progress, Logger: p.log}
	if p.registrar != nil {
		for _, b := range p.registrar.Bindings("") {
			d.Branches = append(d.Branches, b2bua.Branch{Name: b.URI, Invite: func(ctx context.Context) (*sipua.Leg, error) {
				return p.inviteSoftphone(ctx, b, from, in)
			}})
		}
	}
	if len(d.Branches) == 0 {
		return nil, errNobody
	}
	return d.Run(ctx)
}

func (p *Phone) inviteSoftphone(ctx context.Context, b sipua.Binding, from sipua.Address, in *sipua.Leg) (*sipua.Leg, error) {
	addr, err := netip.ParseAddr(b.Hop.Host)
	if err != nil {
		return nil, fmt.Errorf("softphone at %q: %w", b.Hop.Host, err)
	}
	s, err := p.localSession(addr)
	if err != nil {
		return nil, err
	}
	leg, err := p.localUA.Invite(ctx, sipua.InviteConfig{URI: b.URI, From: from, Hop: b.Hop, Media: s,
		To: sipua.Address{URI: "sip:" + p.cfg.AoR}, MaxForwards: in.MaxForwards(),
		Info: call.Info{Side: call.Local, Caller: in.Info().Caller, Called: in.Info().Called}})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return leg, nil
}
