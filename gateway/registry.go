package gateway

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"tandem/gateway/call"
	"tandem/gateway/sipua"
)

// registry is the calls that are up.
type registry struct {
	mu       sync.Mutex
	draining bool
	calls    map[*exchange]struct{}
	handled  map[string]*exchange // by leg ID: those that a handler talks to
	empty    chan struct{}        // closed when the last call ends; nil when nobody waits
}

// What admission answers.
var (
	errDraining = &sipua.StatusError{Code: 503, Reason: "Shutting Down", Cause: call.TemporaryFailure}
	errFull     = &sipua.StatusError{Code: 503, Reason: "No Free Line", Cause: call.NoCircuit}
	errTooMany  = &sipua.StatusError{Code: 480, Reason: "Too Many Calls", Cause: call.NoCircuit}
)

// add admits a call, or says why not.
func (r *registry) add(x *exchange, l Limits) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.draining:
		return errDraining
	case len(r.calls) >= l.Calls:
		return errFull
	case x.rec.Caller.Verified && r.of(x.rec.Caller.AoR) >= l.CallsPerUser:
		return errTooMany
	}
	if r.calls == nil {
		r.calls = make(map[*exchange]struct{})
	}
	r.calls[x] = struct{}{}
	return nil
}

// of counts a user's calls.
func (r *registry) of(aor string) int {
	n := 0
	for x := range r.calls {
		if x.rec.Caller.Verified && x.rec.Caller.AoR == aor {
			n++
		}
	}
	return n
}

func (r *registry) remove(x *exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.calls, x)
	if len(r.calls) == 0 && r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
}

func (r *registry) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
}

// end ends the calls that are up, each in its own time. No new ones are admitted.
func (r *registry) end(c call.Cause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	for x := range r.calls {
		x.stop(c)
	}
}

// wait returns when no call is up.
func (r *registry) wait(ctx context.Context) error {
	r.mu.Lock()
	if len(r.calls) == 0 {
		r.mu.Unlock()
		return nil
	}
	if r.empty == nil {
		r.empty = make(chan struct{})
	}
	empty := r.empty
	r.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *registry) status() (bool, []CallStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := make([]CallStatus, 0, len(r.calls))
	for x := range r.calls {
		calls = append(calls, x.status())
	}
	slices.SortFunc(calls, func(a, b CallStatus) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return r.draining, calls
}

// hold remembers that a handler has the leg, until the returned function is called.
func (r *registry) hold(leg call.Leg, x *exchange) (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, nested := r.handled[leg.ID()]; nested {
		return func() {} // a menu led to a menu
	}
	if r.handled == nil {
		r.handled = make(map[string]*exchange)
	}
	r.handled[leg.ID()] = x
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.handled, leg.ID())
	}
}

// held finds the call whose leg a handler has, nil when none has it.
func (r *registry) held(leg call.Leg) *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handled[leg.ID()]
}
