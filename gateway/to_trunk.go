package gateway

import (
	"context"
	"errors"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// toTrunk calls a number of the telephone network, if this caller may.
func (x *exchange) toTrunk(n route.E164) (destination, error) {
	d := destination{direction: cdr.Outbound, target: string(route.ToNumber) + ":" + string(n), number: n}
	if x.in.Info().Side == call.Trunk {
		return d, ErrForbidden
	}
	if err := x.rt.MayCall(x.rec.Caller.AoR, n); err != nil {
		return d, err
	}
	ways, err := x.rt.Outbound(n)
	if err != nil {
		return d, err
	}
	d.run = func(ctx context.Context) error {
		out, err := x.reachNumber(ctx, n, ways)
		if err != nil {
			return carrierFailed(err)
		}
		return x.joined(ctx, out)
	}
	return d, nil
}

func (x *exchange) reachNumber(ctx context.Context, n route.E164, ways []route.Outbound) (*sipua.Leg, error) {
	alert := b2bua.NewAlert(ctx, x.in, x.g.cfg.Region)
	defer alert.Stop()
	d := b2bua.Dial{RingFor: x.g.cfg.Limits.AnswerTrunk, Progress: x.progress(alert), Logger: x.log}
	for _, w := range ways {
		d.Branches = append(d.Branches, b2bua.Branch{Name: w.Trunk, Invite: func(ctx context.Context) (*sipua.Leg, error) {
			return x.inviteTrunk(ctx, w.Trunk, n)
		}})
	}
	return d.Run(ctx)
}

func (x *exchange) inviteTrunk(ctx context.Context, name string, n route.E164) (*sipua.Leg, error) {
	x.note(func(r *cdr.Record) { r.Trunk = name })
	addr, err := x.g.trunks.Addr(ctx, name)
	if err != nil {
		return nil, err
	}
	s, err := x.g.trunkSession(name, addr)
	if err != nil {
		return nil, err
	}
	leg, err := x.g.trunks.Call(ctx, name, string(n), x.callerFor(name), trunk.CallOptions{Media: s,
		MaxForwards: x.in.MaxForwards(), Info: call.Info{Side: call.Trunk, Caller: x.rec.Caller, Called: string(n), Trunk: name}})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	x.g.sources.hold(leg)
	return leg, nil
}

// callerFor is the caller as the telephone network sees them: their own number, else the trunk's, never a number that
// they claim.
func (x *exchange) callerFor(trunk string) call.Party {
	p := call.Party{Name: x.rec.Caller.Name, Anonymous: x.rec.Caller.Anonymous}
	if u, ok := x.rt.User(x.rec.Caller.AoR); ok {
		p.Name, p.Number = u.Name, string(u.CallerNumber)
	}
	if p.Number == "" {
		p.Number = string(x.rt.callerNumbers[trunk])
	}
	return p
}
