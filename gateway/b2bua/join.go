package b2bua

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/sipua"
)

// Limits of a call that is joined. Zero: none.
type Limits struct {
	Duration time.Duration // the call is ended after this
	Silence  time.Duration // it is ended when no packet has come from either side for this long
}

// Side is one of the two who are joined, or the one between them.
type Side uint8

// The sides.
const (
	Caller Side = iota + 1
	Called
	Middle // ctx, a limit
)

// Released says how a joined call ended.
type Released struct {
	By    Side
	Cause call.Cause
}

// Join answers in, relays between in and out, and returns when the call is over; then both legs are hung up. out has
// answered. The error is why the two could not be connected; in is then still there to be refused.
func Join(ctx context.Context, in, out *sipua.Leg, l Limits) (Released, error) {
	if err := connect(ctx, in, out); err != nil {
		r := Released{Middle, call.TemporaryFailure}
		switch {
		case in.Context().Err() != nil:
			r = Released{Caller, legCause(in)}
		case out.Context().Err() != nil: // answered, and gone before the caller could be told
			r = Released{Called, legCause(out)}
			err = r.Cause
		}
		out.Hangup(r.Cause)
		return r, fmt.Errorf("connect the legs: %w", err)
	}
	r := watch(ctx, in, out, l)
	in.Hangup(r.Cause)
	out.Hangup(r.Cause)
	return r, nil
}

func connect(ctx context.Context, in, out *sipua.Leg) error {
	a, b := session(in), session(out)
	if a == nil || b == nil {
		return errors.New("a leg has no media")
	}
	err := media.Bridge(a, b) // before the 200, so that not a word is lost
	if errors.Is(err, media.ErrBridged) {
		a.Unbridge() // from another branch's early media
		err = media.Bridge(a, b)
	}
	if err != nil {
		return err
	}
	return in.Answer(ctx)
}

// watchEvery is how often the limits are looked at.
const watchEvery = time.Second

func watch(ctx context.Context, in, out *sipua.Leg, l Limits) Released {
	began := time.Now()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-in.Context().Done():
			return Released{Caller, legCause(in)}
		case <-out.Context().Done():
			return Released{Called, legCause(out)}
		case <-ctx.Done():
			if in.Context().Err() != nil { // ctx may be derived from the leg's own
				return Released{Caller, legCause(in)}
			}
			return Released{Middle, causeOf(ctx)}
		case now := <-tick.C:
			if l.Duration > 0 && now.Sub(began) > l.Duration {
				return Released{Middle, call.NormalUnspecified}
			}
			if l.Silence > 0 && now.Sub(lastHeard(began, in, out)) > l.Silence {
				return Released{Middle, call.RecoveryTimerExpiry}
			}
		}
	}
}

func lastHeard(began time.Time, legs ...*sipua.Leg) time.Time {
	last := began
	for _, leg := range legs {
		s := session(leg)
		if s == nil {
			continue
		}
		if heard := s.Stats().LastReceived; heard.After(last) {
			last = heard
		}
		if !s.Direction().Receives() {
			last = time.Now() // on hold: silence is what was asked for
		}
	}
	return last
}

func legCause(leg *sipua.Leg) call.Cause {
	var c call.Cause
	if errors.As(context.Cause(leg.Context()), &c) {
		return c
	}
	return call.NormalClearing
}
