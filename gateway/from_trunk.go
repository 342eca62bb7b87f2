package gateway

import (
	"context"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// fromTrunk takes a call from a carrier. It reaches numbers of ours and nothing else.
func (g *Gateway) fromTrunk(ctx context.Context, in *sipua.Leg) {
	g.sources.hold(in)
	info := in.Info()
	caller := info.Caller
	caller.AoR, caller.Verified = "", false
	if n, err := g.setup.Load().Normalize(caller.Number); err == nil {
		caller.Number = string(n)
	}
	release, err := g.trunks.Take(info.Trunk)
	if err != nil {
		g.log.Warn("call refused", "trunk", info.Trunk, "err", err)
		in.Refuse(&sipua.StatusError{Code: 503, Cause: call.NoCircuit})
		return
	}
	defer release()
	g.serve(ctx, in, caller, (*exchange).trunkDestination)
}

// trunkDestination finds the number that was called among ours.
func (x *exchange) trunkDestination() (destination, error) {
	refused := destination{direction: cdr.Inbound}
	n, err := x.rt.Normalize(x.in.Info().Called)
	if err != nil {
		return refused, err
	}
	refused.number = n
	t, err := x.rt.Target(n)
	if err != nil {
		return refused, err
	}
	d, err := x.toTarget(cdr.Inbound, t)
	d.number = n
	return d, err
}

// toTarget is where a number of ours leads.
func (x *exchange) toTarget(dir cdr.Direction, t route.Target) (destination, error) {
	switch t.Kind {
	case route.ToUser:
		return x.toUser(dir, t.Value)
	case route.ToMenu:
		return x.toMenu(dir, t.Value)
	case route.ToMailbox:
		return x.toMailbox(dir, t.Value, call.Unconditional)
	}
	return destination{direction: dir, target: t.String()}, route.ErrUnknownNumber
}
