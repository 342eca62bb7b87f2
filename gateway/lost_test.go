package gateway_test

import (
	"context"
	"errors"
	"testing"

	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/phone"
	"tandem/gateway/route/routetest"
	"tandem/gateway/sipua"
)

// cutOff is the cause that a leg ended with.
func cutOff(leg *sipua.Leg) call.Cause {
	<-leg.Context().Done()
	var c call.Cause
	_ = errors.As(context.Cause(leg.Context()), &c)
	return c
}

// The gateway dies in the middle of a call: the phone that placed it notices, and a softphone's call is ended.
func TestCallEndsWhenTheGatewayIsGone(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	s.net, s.media = &routetest.Network{}, s.engine() // the gateway's media, apart from the phones'
	s.gw = s.gateway("0b", gateway.Limits{})
	dies := s.media
	s.media = s.engine()
	alice := s.phone("a1", "alice@example.net", withSoftphones)
	own, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	soft, err := s.softphone(alice).call("+15551230000")
	s.must(err)
	s.must(dies.Close())
	s.net.Cut()
	for name, leg := range map[string]*sipua.Leg{"the phone's own call": own, "the softphone's call": soft} {
		if c := cutOff(leg); c != call.NetworkOutOfOrder {
			t.Errorf("%s ended with %v; want network out of order", name, c)
		}
	}
}

// A client that dies while a menu or a mailbox talks to it does not keep them talking.
func TestMachineDoesNotTalkToADeadClient(t *testing.T) {
	s := newSite(t)
	ended := make(chan error, 1)
	s.menus["reception"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		err := leg.Answer(ctx)
		<-ctx.Done()
		ended <- context.Cause(leg.Context())
		return err
	})
	leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "reception", phone.CallOptions{})
	s.must(err)
	s.must(leg.Media().Close())
	s.net.Cut()
	if err := <-ended; !errors.Is(err, call.NetworkOutOfOrder) {
		t.Errorf("the menu's leg ended with %v; want network out of order", err)
	}
}

// The gateway ends: both sides of every call are told, the records are closed, and new calls go elsewhere.
func TestHangUp(t *testing.T) {
	s := newSite(t)
	told := make(chan call.Cause, 1)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		_ = leg.Answer(ctx)
		told <- cutOff(leg)
	})
	s.menus["reception"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		_ = leg.Answer(ctx)
		<-ctx.Done()
		return ctx.Err()
	})
	alice := s.phone("a1", "alice@example.net", nil)
	out, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	menu, err := alice.Call(t.Context(), "reception", phone.CallOptions{})
	s.must(err)
	s.must(s.gw.HangUp(t.Context()))
	if c := <-told; c != call.TemporaryFailure {
		t.Errorf("the carrier was told %v; want a temporary failure", c)
	}
	if c := cutOff(out); c != call.TemporaryFailure {
		t.Errorf("the caller was told %v; want a temporary failure", c)
	}
	cutOff(menu)
	for _, r := range s.calls(3) { // one of a mailbox that was looked for
		if r.Status == 0 && r.ReleasedBy != cdr.Gateway {
			t.Errorf("record %+v; want it released by the gateway", r)
		}
	}
	_, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a call after the end", err, 503)
}
