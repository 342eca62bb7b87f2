// Package dialogue is how a handler talks with a caller: it plays what a key interrupts, and waits for keys.
//
// Keys that were pressed ahead of a question answer it without its being heard (type-ahead).
package dialogue

import (
	"context"
	"errors"
	"time"

	"tandem/gateway/call"
)

// None is the key of a caller who pressed nothing.
const None byte = 0

// Play plays src until its end or a key. It gives the key, or None at the end.
func Play(ctx context.Context, leg call.Leg, src call.Source) (byte, error) {
	select {
	case d := <-leg.Digits():
		return d.Key, nil
	default:
	}
	playing, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- leg.Play(playing, src) }()
	select {
	case d := <-leg.Digits():
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) { // silent again before anything else is said
			return d.Key, err
		}
		return d.Key, context.Cause(ctx)
	case err := <-done:
		return None, err
	}
}

// Key waits for a key, at most that long. It gives None if there was none.
func Key(ctx context.Context, leg call.Leg, wait time.Duration) (byte, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case d := <-leg.Digits():
		return d.Key, nil
	case <-ctx.Done():
		return None, context.Cause(ctx)
	case <-timer.C:
		return None, nil
	}
}

// Ask plays src and then waits for a key.
func Ask(ctx context.Context, leg call.Leg, src call.Source, wait time.Duration) (byte, error) {
	if key, err := Play(ctx, leg, src); key != None || err != nil {
		return key, err
	}
	return Key(ctx, leg, wait)
}
