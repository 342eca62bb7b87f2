package gateway

import (
	"context"
	"errors"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
)

// errNotOurs: the leg is not one that a handler of this gateway holds.
var errNotOurs = errors.New("gateway: not a leg of a call in progress")

// Transfer connects a leg that a menu holds to a target, and returns when that call is over: nil when it was put
// through and ended, else why not, with the leg still there to be talked to. A number of the telephone network is
// called under the rules of a fresh call by the same caller: never for a caller who came by a trunk.
func (g *Gateway) Transfer(ctx context.Context, leg call.Leg, to route.Target) error {
	x := g.calls.held(leg)
	if x == nil {
		return errNotOurs
	}
	d, err := x.transferDestination(to)
	if err == nil {
		err = x.payable(d)
	}
	if err != nil {
		return err
	}
	if d.number != "" {
		x.note(func(r *cdr.Record) { r.Number = d.number })
	}
	x.log.Info("call transferred", "target", to.Kind)
	return d.run(ctx)
}

func (x *exchange) transferDestination(to route.Target) (destination, error) {
	dir := x.snapshot().Direction
	if to.Kind != route.ToNumber {
		return x.toTarget(dir, to)
	}
	n, err := x.rt.Normalize(to.Value)
	if err != nil {
		return destination{}, err
	}
	if t, err := x.rt.Target(n); err == nil {
		return x.toTarget(dir, t)
	}
	return x.toTrunk(n)
}
