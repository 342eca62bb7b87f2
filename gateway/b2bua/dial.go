// Package b2bua connects two legs (RFC 7092 §3.2.3, media termination): Dial calls one or several places and takes
// the first answer, Alert passes ringing and early media back, Join connects, relays the sound and ends one leg with
// the other, RefusalOf says which response a failure becomes.
//
// It decides nothing: whom to call and what to do when nobody answers is the business of packages gateway and phone.
package b2bua

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/sipua"
)

var (
	// ErrNoBranch: there was nowhere to call.
	ErrNoBranch = errors.New("nowhere to call")
	// ErrUnreachable: the INVITE could not be sent, for the reason it comes with.
	ErrUnreachable = errors.New("not reachable")
)

// A Branch is one place that may be called.
type Branch struct {
	Name   string // for the log
	Invite func(ctx context.Context) (*sipua.Leg, error)
}

// Dial is an attempt to reach somebody at one or several places.
type Dial struct {
	Branches []Branch

	// Parallel calls all places at once (RFC 3261 §16, forking): the first answer wins, the others are cancelled.
	// Otherwise they are called in order for as long as Next says so.
	Parallel bool

	// Next says, after a place failed, whether the next one may be tried. Default: Retryable.
	Next func(err error) bool

	// RingFor is how long one place may take to answer; then it is call.NoAnswer. 0: for ever.
	RingFor time.Duration

	// Progress is told of ringing and early media. It is called from one goroutine for each branch. May be nil.
	Progress func(leg *sipua.Leg, p sipua.Progress)

	Logger *slog.Logger
}

// Run calls, and returns the leg that answered. When ctx ends first, whatever is ringing is cancelled. When all
// fail the error is that of the last place called, in parallel the one that tells the caller most.
func (d Dial) Run(ctx context.Context) (*sipua.Leg, error) {
	if len(d.Branches) == 0 {
		return nil, ErrNoBranch
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Next == nil {
		d.Next = Retryable
	}
	if d.Parallel {
		return d.all(ctx)
	}
	return d.inOrder(ctx)
}

func (d Dial) inOrder(ctx context.Context) (*sipua.Leg, error) {
	var err error
	for i, b := range d.Branches {
		var leg *sipua.Leg
		if leg, err = d.attempt(ctx, b); err == nil {
			return leg, nil
		}
		if ctx.Err() != nil || !d.Next(err) {
			break
		}
		if i < len(d.Branches)-1 {
			d.Logger.Info("trying the next way", "failed", b.Name, "err", err)
		}
	}
	return nil, err
}

// errElsewhere ends the branches that lost.
var errElsewhere = errors.New("answered elsewhere")

func (d Dial) all(ctx context.Context) (*sipua.Leg, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errElsewhere)
	type outcome struct {
		name string
		leg  *sipua.Leg
		err  error
	}
	outcomes := make(chan outcome)
	for _, b := range d.Branches {
		go func() {
			leg, err := d.attempt(ctx, b)
			outcomes <- outcome{b.Name, leg, err}
		}()
	}
	var winner *sipua.Leg
	var worst error
	for range d.Branches {
		o := <-outcomes
		switch {
		case o.err != nil:
			if ctx.Err() == nil {
				d.Logger.Info("a place did not answer", "place", o.name, "err", o.err)
			}
			worst = moreTelling(worst, o.err)
			if final(o.err) { // RFC 3261 §16.7: a 6xx speaks for the callee everywhere
				cancel(o.err)
			}
		case winner != nil:
			o.leg.Hangup(call.NormalClearing) // two answered at once
		default:
			winner = o.leg
			cancel(errElsewhere)
		}
	}
	if winner != nil {
		return winner, nil
	}
	return nil, worst
}

// attempt calls one place and waits for its answer.
func (d Dial) attempt(ctx context.Context, b Branch) (*sipua.Leg, error) {
	if d.RingFor > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d.RingFor, call.NoAnswer)
		defer cancel()
	}
	leg, err := b.Invite(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%s: %w: %w", b.Name, ErrUnreachable, err)
	}
	err = d.wait(ctx, leg)
	if err != nil {
		leg.Hangup(causeOf(ctx))
		return nil, err
	}
	return leg, nil
}

// wait passes progress on until the leg is answered or refused.
func (d Dial) wait(ctx context.Context, leg *sipua.Leg) error {
	answered, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case p := <-leg.Progress():
				if d.Progress != nil {
					d.Progress(leg, p)
				}
			case <-answered:
				return
			}
		}
	}()
	err := leg.WaitAnswer(ctx)
	close(answered)
	<-stopped
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// causeOf is the cause with which a leg is given up.
func causeOf(ctx context.Context) call.Cause {
	var c call.Cause
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &c) {
		return c
	}
	return call.NormalClearing
}
