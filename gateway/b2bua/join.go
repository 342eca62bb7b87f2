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
	Silence  time.Duration // it is ended when one side, not on hold, has sent no media for this long

	// Lost says that no signalling reaches a leg any more. Then it is enough that its media has stopped, too.
	Lost func(leg *sipua.Leg) bool
}

// lostSilence is how long a leg without signalling must be silent to count as gone.
const lostSilence = 2 * time.Second

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
			if c := l.exceeded(now, began, in, out); c != 0 {
				return Released{Middle, c}
			}
		}
	}
}

// Watch ends a leg that is not joined, as Join would by these limits. It returns when the leg has ended or ctx has.
func Watch(ctx context.Context, leg *sipua.Leg, l Limits) {
	began := time.Now()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-leg.Context().Done():
			return
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if c := l.exceeded(now, began, leg); c != 0 {
				leg.Hangup(c)
			}
		}
	}
}

// exceeded says with what cause a call must end now; 0 if it may go on.
func (l Limits) exceeded(now, began time.Time, legs ...*sipua.Leg) call.Cause {
	if l.Duration > 0 && now.Sub(began) > l.Duration {
		return call.NormalUnspecified
	}
	for _, leg := range legs {
		quiet := now.Sub(lastHeard(began, leg))
		if l.Silence > 0 && quiet > l.Silence {
			return call.RecoveryTimerExpiry
		}
		if quiet > lostSilence && l.Lost != nil && l.Lost(leg) {
			return call.NetworkOutOfOrder
		}
	}
	return 0
}

// lastHeard is when media last came from a leg; now, when none is to be expected.
func lastHeard(began time.Time, leg *sipua.Leg) time.Time {
	s := session(leg)
	if s == nil || !s.Direction().Receives() {
		return time.Now() // on hold: silence is what was asked for
	}
	if heard := s.Stats().LastReceived; heard.After(began) {
		return heard
	}
	return began
}

func legCause(leg *sipua.Leg) call.Cause {
	var c call.Cause
	if errors.As(context.Cause(leg.Context()), &c) {
		return c
	}
	return call.NormalClearing
}
