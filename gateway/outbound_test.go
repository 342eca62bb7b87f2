package gateway_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/codec/measure"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// The client speaks PCMU only, the carrier PCMA only: a tone each way and the digits arrive, and the record has it all.
func TestOverlayUserCallsNumberAndBothHear(t *testing.T) {
	s := newQuietSite(t)
	far := make(chan measure.Report, 1)
	digits := make(chan byte, 16)
	info := make(chan call.Info, 1)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		info <- leg.Info()
		_ = leg.Ring(ctx)
		if leg.Answer(ctx) != nil {
			return
		}
		go func() { _ = leg.Play(ctx, tone(1333, 0)) }()
		go func() {
			for {
				select {
				case d := <-leg.Digits():
					digits <- d.Key
				case <-ctx.Done():
					return
				}
			}
		}()
		far <- listen(ctx, leg)
	})
	alice := s.phone("a1", "alice@example.net", nil)
	leg, err := alice.Call(t.Context(), "(555) 123-0000", phone.CallOptions{Codecs: []call.Codec{call.PCMU}})
	s.must(err)
	near := make(chan measure.Report, 1)
	go func() { near <- listen(leg.Context(), leg) }()
	s.must(leg.Play(t.Context(), tone(1004, 2*time.Second)))
	s.must(leg.SendDigits(t.Context(), "0123456789*#"))
	for _, want := range []byte("0123456789*#") {
		if got := <-digits; got != want {
			t.Errorf("carrier got digit %c; want %c", got, want)
		}
	}
	leg.Hangup(call.NormalClearing)
	heard(t, "the carrier", <-far, 1004)
	heard(t, "the caller", <-near, 1333)
	if i := <-info; i.Called != "+15551230000" && i.Called != "15551230000" || i.Caller.Number != "+15557770000" {
		t.Errorf("carrier was asked for %q by %q; want the number in full by Alice's own", i.Called, i.Caller.Number)
	}
	r := s.calls(1)[0]
	if r.Direction != cdr.Outbound || r.Caller.AoR != "alice@example.net" || r.CallerNode != "a1" || r.Number != "+15551230000" ||
		r.Trunk != "carrier" || r.Cause != call.NormalClearing || r.ReleasedBy != cdr.Caller || r.RingingAt.IsZero() {
		t.Errorf("call record %+v", r)
	}
	if r.CallerMedia.Codec != "PCMU" || r.CalledMedia.Codec != "PCMA" || !r.CallerMedia.SRTP || r.CalledMedia.SRTP ||
		r.CallerMedia.Received < 90 || r.CalledMedia.Received < 90 {
		t.Errorf("media on record: caller %+v, called %+v", r.CallerMedia, r.CalledMedia)
	}
	if d := r.Duration(); d < 2*time.Second {
		t.Errorf("duration on record %v; want the two seconds of talking at least", d)
	}
}

func TestCalledPartyHangsUp(t *testing.T) {
	s := newSite(t)
	talked := make(chan struct{})
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		_ = leg.Answer(ctx)
		<-talked
		leg.Hangup(call.NormalClearing)
	})
	leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	close(talked)
	<-leg.Context().Done()
	if r := s.calls(1)[0]; r.ReleasedBy != cdr.Called || r.Cause != call.NormalClearing {
		t.Errorf("released by %s, %v; want by the called party", r.ReleasedBy, r.Cause)
	}
}

// One that answers and is gone before the caller was told has called off, not failed.
func TestCalledPartyAnswersAndIsGone(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		_ = leg.Answer(ctx)
		leg.Hangup(call.NormalClearing)
	})
	leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "+15551230000", phone.CallOptions{})
	if err == nil {
		<-leg.Context().Done()
	} else {
		wantStatus(t, "Call", err, 480)
	}
	if r := s.calls(1)[0]; r.ReleasedBy != cdr.Called {
		t.Errorf("released by %s, %v; want by the called party", r.ReleasedBy, r.Cause)
	}
}

// What the telephone network says reaches the caller, once: no second route, no second ring.
func TestRefusalsOfTheCarrierArePassedOn(t *testing.T) {
	s := newSite(t)
	alice := s.phone("a1", "alice@example.net", nil)
	for _, c := range []struct {
		said, want int
		cause      call.Cause
	}{{486, 486, call.UserBusy}, {404, 404, call.Unallocated}, {603, 603, call.Rejected}, {484, 484, call.InvalidNumber},
		{302, 502, 0}, {407, 503, 0}} {
		var asked atomic.Int32
		s.carrier.answers(func(_ context.Context, leg *sipua.Leg) {
			asked.Add(1)
			leg.Refuse(&sipua.StatusError{Code: c.said})
		})
		_, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
		var status *sipua.StatusError
		if !errors.As(err, &status) || status.Code != c.want || asked.Load() != 1 {
			t.Errorf("carrier said %d: caller got %v after %d INVITEs; want %d after one", c.said, err, asked.Load(), c.want)
		}
		var cause call.Cause
		if c.cause != 0 && (!errors.As(err, &cause) || cause != c.cause) {
			t.Errorf("carrier said %d: cause %v; want %v", c.said, cause, c.cause)
		}
	}
	for _, r := range s.calls(6) {
		if r.Status == 0 || !r.AnsweredAt.IsZero() || r.Note == "" {
			t.Errorf("record of a refused call: %+v", r)
		}
	}
}

func TestCallerGivesUpWhileItRings(t *testing.T) {
	s := newSite(t)
	ended := make(chan error, 1)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		_ = leg.Ring(ctx)
		<-ctx.Done()
		ended <- context.Cause(ctx)
	})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.phone("a1", "alice@example.net", nil).Call(ctx, "+15551230000", phone.CallOptions{
		Progress: func(_ call.Leg, p sipua.Progress) {
			if p.Status == 180 {
				cancel()
			}
		}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Call = %v; want the context's error", err)
	}
	if cause := <-ended; !errors.Is(cause, call.NormalClearing) {
		t.Errorf("the carrier's leg ended with %v; want normal clearing", cause)
	}
	if r := s.calls(1)[0]; r.ReleasedBy != cdr.Caller || !r.AnsweredAt.IsZero() || r.Duration() != 0 || r.Mailbox != "" {
		t.Errorf("record of a call given up: %+v", r)
	}
}

// The carrier's announcement before the answer is heard by the caller.
func TestEarlyMedia(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
		if leg.EarlyMedia(ctx) == nil {
			_ = leg.Play(ctx, tone(1333, time.Second))
		}
		leg.Refuse(&sipua.StatusError{Code: 404})
	})
	report := make(chan measure.Report, 1)
	_, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "+15551230000", phone.CallOptions{
		Progress: func(leg call.Leg, p sipua.Progress) {
			if p.EarlyMedia {
				go func() { report <- listen(leg.Context(), leg) }()
			}
		}})
	var status *sipua.StatusError
	if !errors.As(err, &status) || status.Code != 404 {
		t.Fatalf("Call = %v; want 404 after the announcement", err)
	}
	heard(t, "the caller", <-report, 1333)
}

func TestWhoMayNotCallDoesNot(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(_ context.Context, leg *sipua.Leg) {
		t.Errorf("an INVITE for %s reached the carrier", leg.Info().Called)
	})
	alice, carol := s.phone("a1", "alice@example.net", nil), s.phone("c1", "carol@example.net", nil)
	for _, c := range []struct {
		by     *phone.Phone
		number string
		want   int
	}{{carol, "+15551230000", 403}, {alice, "+881612345678", 403}, {alice, "011 1 876 555 1234", 403}} {
		_, err := c.by.Call(t.Context(), c.number, phone.CallOptions{})
		var status *sipua.StatusError
		if !errors.As(err, &status) || status.Code != c.want {
			t.Errorf("%s calls %s: %v; want %d", c.by.Status().AoR, c.number, err, c.want)
		}
	}
	for dialed, want := range map[string]error{"12": route.ErrNotANumber, "911": route.ErrEmergency, "bob@elsewhere.example": phone.ErrNowhere} {
		if _, err := alice.Call(t.Context(), dialed, phone.CallOptions{}); !errors.Is(err, want) {
			t.Errorf("Call(%q) = %v; want %v", dialed, err, want)
		}
	}
}

// A carrier that cannot be reached is 503; with another route the call goes there.
func TestTrunkDownAndFailover(t *testing.T) {
	s := newSite(t)
	alice := s.phone("a1", "alice@example.net", nil)
	closed := s.newCarrier("127.0.0.1:0")
	at := closed.ua.Addr(sipua.TCP)
	s.must(closed.ua.Close(t.Context()))
	s.trunk("down", at, sipua.TCP)
	s.must(s.store.PutRoute(t.Context(), route.Outbound{Prefix: "+1", Trunk: "down"}))
	s.must(s.gw.Reload(t.Context()))
	_, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	var status *sipua.StatusError
	if !errors.As(err, &status) || status.Code != 503 {
		t.Errorf("with the only trunk down: %v; want 503", err)
	}
	s.must(s.store.PutRoute(t.Context(), route.Outbound{Prefix: "+1", Trunk: "carrier", Priority: 9}))
	s.must(s.gw.Reload(t.Context()))
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	leg, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	leg.Hangup(call.NormalClearing)
	if r := s.calls(2)[0]; r.Trunk != "carrier" || r.AnsweredAt.IsZero() {
		t.Errorf("record after failover: trunk %q, answered %v", r.Trunk, r.AnsweredAt)
	}
}
