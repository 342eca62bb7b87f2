package phone

import (
	"context"
	"errors"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// fromSoftphone carries a softphone's call over the overlay.
func (p *Phone) fromSoftphone(ctx context.Context, in *sipua.Leg) {
	p.guard(in, func() error { return p.outgoing(ctx, in) })
}

func (p *Phone) outgoing(ctx context.Context, in *sipua.Leg) error {
	p.log.Info("softphone calls", "call_id", in.ID())
	alert := b2bua.NewAlert(ctx, in, p.cfg.Region)
	defer alert.Stop()
	a := attempt{Phone: p, maxForwards: in.MaxForwards(), progress: alert.Progress}
	out, err := a.call(ctx, in.RequestURI())
	if err != nil {
		return err
	}
	alert.Stop()
	_, err = b2bua.Join(ctx, in, out, p.limits())
	return err
}

// refusals is what the other side is told of the phone's own errors.
var refusals = []struct {
	err    error
	code   int
	reason string
	cause  call.Cause
}{
	{ErrNowhere, 404, "", call.Unallocated},
	{errNotMe, 404, "", call.Unallocated},
	{errImpostor, 403, "From Is Not Who The Certificate Says", call.Rejected},
	{errNobody, 480, "No Phone Registered", call.NoUserResponse},
	{route.ErrNotRegistered, 480, "", call.NoUserResponse},
	{route.ErrNoService, 503, "No Gateway Found", call.NetworkOutOfOrder},
	{route.ErrNotANumber, 484, "", call.InvalidNumber},
	{route.ErrEmergency, 403, "No Emergency Calls Here", call.Forbidden},
}

func refusalOf(err error) *sipua.StatusError {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return &sipua.StatusError{Code: r.code, Reason: r.reason, Cause: r.cause}
		}
	}
	return b2bua.RefusalOf(err)
}
