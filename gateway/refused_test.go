package gateway_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"tandem/gateway"
	"tandem/gateway/attach"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/route/routetest"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// A device that was lost is cut off where it is connected already, and does not come back.
func TestRevokedNodeIsCutOff(t *testing.T) {
	s := newSite(t)
	e := s.intruder()
	try := func() error {
		leg, err := e.peers.Invite(t.Context(), route.Contact{Node: "0a"}, nil,
			sipua.InviteConfig{URI: "sips:voicemail@example.net", From: sipua.Address{URI: "sips:alice@example.net"}})
		if err != nil {
			return err
		}
		defer leg.Hangup(call.NormalClearing)
		return leg.WaitAnswer(t.Context())
	}
	s.must(try())
	s.gw.Revoke([]string{"e1"})
	if err := try(); err == nil {
		t.Error("a revoked node called over the connection it had")
	}
	if err := try(); !errors.Is(err, attach.ErrRevoked) { // that connection is known to be gone now
		t.Errorf("a revoked node connects anew: %v; want ErrRevoked", err)
	}
	s.gw.Revoke(nil)
	s.must(try())
}

// unrecorded is a database that takes no new call records.
type unrecorded struct{ *gatewaypg.Store }

func (unrecorded) OpenCall(context.Context, *cdr.Record) error { return errors.New("disk full") }

// What costs money is not dialed without a record, neither directly nor by way of a menu.
func TestNoRecordNoCall(t *testing.T) {
	s := newSite(t)
	s.net, s.records = &routetest.Network{}, unrecorded{s.store}
	s.gw = s.gateway("0b", gateway.Limits{})
	s.carrier.answers(func(context.Context, *sipua.Leg) { t.Error("a call that is not on record reached the carrier") })
	transferred := make(chan error, 1)
	s.menus["main"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		transferred <- s.gw.Transfer(ctx, leg, route.Target{Kind: route.ToNumber, Value: "+15551230000"})
		return nil
	})
	alice := s.phone("a1", "alice@example.net", nil)
	_, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a number", err, 503)
	leg, err := alice.Call(t.Context(), "main", phone.CallOptions{})
	s.must(err)
	wantStatus(t, "a number by way of a menu", <-transferred, 503)
	<-leg.Context().Done()
}

// A call that a menu puts through to the telephone network is on record with the number that was called.
func TestMenuCallsOut(t *testing.T) {
	s := newSite(t)
	s.menus["main"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		return s.gw.Transfer(ctx, leg, route.Target{Kind: route.ToNumber, Value: "+15551230000"})
	})
	s.carrier.answers(greetingAtCarrier)
	leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "main", phone.CallOptions{})
	s.must(err)
	<-leg.Context().Done()
	// The first record is of the mailbox that was looked for.
	if r := s.calls(2)[0]; r.Number != "+15551230000" || r.Trunk != "carrier" || r.Target != "menu:main" {
		t.Errorf("record of a call by way of a menu: %+v", r)
	}
}

func greetingAtCarrier(ctx context.Context, leg *sipua.Leg) {
	_ = leg.Answer(ctx)
	leg.Hangup(call.NormalClearing)
}

// spoiled is a directory with a trunk that cannot be used, once it is told to be.
type spoiled struct {
	*gatewaypg.Store
	bad atomic.Bool
}

func (d *spoiled) Setup(ctx context.Context) (gateway.Setup, error) {
	s, err := d.Store.Setup(ctx)
	if d.bad.Load() {
		s.Trunks = append(s.Trunks, gateway.Trunk{Trunk: trunk.Trunk{Name: "nowhere"}})
	}
	return s, err
}

// slow is a directory that holds up the first Setup it has read until it is told to go on.
type slow struct {
	*gatewaypg.Store
	armed    atomic.Bool
	read, on chan struct{}
}

func (d *slow) Setup(ctx context.Context) (gateway.Setup, error) {
	s, err := d.Store.Setup(ctx)
	if d.armed.CompareAndSwap(true, false) {
		d.read <- struct{}{}
		<-d.on
	}
	return s, err
}

// Watch tells of nothing: the test reloads.
func (d *slow) Watch(ctx context.Context, _ func()) error { <-ctx.Done(); return ctx.Err() }

// Two changes close together: what was read first does not take the place of what was read last.
func TestOlderSetupDoesNotComeBack(t *testing.T) {
	s := newSite(t)
	d := &slow{Store: s.store, read: make(chan struct{}), on: make(chan struct{})}
	s.net, s.setup = &routetest.Network{}, d
	s.gw = s.gateway("0b", gateway.Limits{})
	s.carrier.answers(greetingAtCarrier)
	d.armed.Store(true)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- s.gw.Reload(t.Context()) }()
	<-d.read
	_, err := s.pool.Exec(t.Context(), `UPDATE users SET may_call_out = false`)
	s.must(err)
	go func() { second <- s.gw.Reload(t.Context()) }()
	select {
	case err := <-second: // not made to wait: then it is the first that comes too late
		second <- err
	case <-time.After(200 * time.Millisecond): // it waits for the first
	}
	close(d.on)
	s.must(<-first)
	s.must(<-second)
	_, err = s.phone("a1", "alice@example.net", nil).Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a user who may not call out any more", err, 403)
}

// A trunk that makes no sense does not keep a right that was taken away alive, nor does it stop the other trunks.
func TestBadTrunkHoldsUpNobody(t *testing.T) {
	s := newSite(t)
	d := &spoiled{Store: s.store}
	s.net, s.setup = &routetest.Network{}, d
	s.gw = s.gateway("0b", gateway.Limits{})
	s.carrier.answers(greetingAtCarrier)
	alice := s.phone("a1", "alice@example.net", nil)
	d.bad.Store(true)
	if err := s.gw.Reload(t.Context()); err == nil {
		t.Error("a trunk without a host was taken")
	}
	leg, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	<-leg.Context().Done()
	_, err = s.pool.Exec(t.Context(), `UPDATE users SET may_call_out = false`)
	s.must(err)
	if err := s.gw.Reload(t.Context()); err == nil {
		t.Error("a trunk without a host was taken")
	}
	_, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a user who may not call out any more", err, 403)
}

// Nobody talks to a machine for ever, whatever keys they press.
func TestHandlersAreLimitedToo(t *testing.T) {
	s := newSite(t)
	s.net = &routetest.Network{}
	s.gw = s.gateway("0b", gateway.Limits{Duration: 100 * time.Millisecond})
	s.menus["main"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "main", phone.CallOptions{})
	s.must(err)
	<-leg.Context().Done()
	if r := s.calls(2)[0]; r.ReleasedBy != cdr.Gateway || r.Cause != call.NormalClearing {
		t.Errorf("released by %s, %v; want by the gateway, normally", r.ReleasedBy, r.Cause)
	}
}

// A disabled account's devices are refused at once, before their certificates are revoked.
func TestDisabledUserIsRefused(t *testing.T) {
	s := newSite(t)
	s.menus["reception"] = greeting(900)
	e := s.intruder()
	s.must(e.call("0a", "sips:reception@example.net", "sips:alice@example.net"))
	_, err := s.pool.Exec(t.Context(), `UPDATE users SET disabled_at = now() WHERE aor = 'alice@example.net'`)
	s.must(err)
	s.must(s.gw.Reload(t.Context()))
	for _, uri := range []string{"sips:reception@example.net", "sips:voicemail@example.net", "sips:bob@example.net", "sips:+15551230000@example.net"} {
		wantStatus(t, uri, e.call("0a", uri, "sips:alice@example.net"), 403)
	}
}

// reason is the phrase that a call was refused with.
func reason(err error) string {
	var s *sipua.StatusError
	if !errors.As(err, &s) {
		return "no refusal"
	}
	return s.Reason
}

// The caller is told what kind of trouble it is, so that they know whom to ask.
func TestRefusalsNameTheTrouble(t *testing.T) {
	s := newSite(t)
	alice, carol := s.phone("a1", "alice@example.net", nil), s.phone("c1", "carol@example.net", nil)
	try := func(p *phone.Phone, number string) string {
		_, err := p.Call(t.Context(), number, phone.CallOptions{})
		return reason(err)
	}
	if got := try(carol, "+15551230000"); got != "Not Allowed To Call Out" {
		t.Errorf("one who may not call out: %q", got)
	}
	if got := try(alice, "+8801712345678"); got != "Not Found" { // the carrier's own word
		t.Errorf("a number that the carrier does not know: %q", got)
	}
	if got := try(alice, "+881612345678"); got != "Not Allowed To Call satellite Numbers" {
		t.Errorf("an expensive number: %q", got)
	}
	s.must(s.carrier.ua.Close(t.Context()))
	if got := try(alice, "+15551230000"); got != "The Carrier Does Not Answer" {
		t.Errorf("a carrier that is gone: %q", got)
	}
	s.must(s.store.PutTrunk(t.Context(), gatewaypg.Trunk{Enabled: true, Trunk: gateway.Trunk{Trunk: trunk.Trunk{Name: "carrier",
		Host: "127.0.0.1", Port: 9, Transport: sipua.TCP, Mode: trunk.Register, User: "tandem", Password: "x"}}}))
	s.must(s.gw.Reload(t.Context()))
	if got := try(alice, "+15551230000"); got != "The Trunk Is Down" {
		t.Errorf("a trunk that is not registered: %q", got)
	}
}
