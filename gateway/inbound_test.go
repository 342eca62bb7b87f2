package gateway_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/codec/measure"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/route/routetest"
	"tandem/gateway/sipua"
)

// wantStatus checks that a call was refused with a status.
func wantStatus(t *testing.T, what string, err error, want int) {
	t.Helper()
	var status *sipua.StatusError
	if !errors.As(err, &status) || status.Code != want {
		t.Errorf("%s: %v; want %d", what, err, want)
	}
}

func TestCarrierCallsUserAndBothHear(t *testing.T) {
	s := newQuietSite(t)
	far := make(chan measure.Report, 1)
	s.phone("b1", "bob@example.net", answering(func(ctx context.Context, leg call.Leg) error {
		_ = leg.Ring(ctx)
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		go func() { _ = leg.Play(ctx, tone(1333, 0)) }()
		far <- listen(ctx, leg)
		return nil
	}))
	leg := s.carrier.call("15550001000")
	s.must(leg.WaitAnswer(t.Context()))
	near := make(chan measure.Report, 1)
	go func() { near <- listen(leg.Context(), leg) }()
	s.must(leg.Play(t.Context(), tone(1004, 2*time.Second)))
	leg.Hangup(call.NormalClearing)
	heard(t, "Bob", <-far, 1004)
	heard(t, "the caller", <-near, 1333)
	r := s.calls(1)[0]
	if r.Direction != cdr.Inbound || r.Caller.Number != "+15551112222" || r.Number != "+15550001000" ||
		r.Target != "user:bob@example.net" || r.Trunk != "carrier" || r.ReleasedBy != cdr.Caller || r.Mailbox != "" {
		t.Errorf("call record %+v", r)
	}
}

// Whoever is not there has a mailbox, and it knows why the call came.
func TestVoicemailTakesOver(t *testing.T) {
	for name, c := range map[string]struct {
		bob    func(ctx context.Context, leg call.Leg) error // nil: not registered
		reason call.Reason
	}{
		"not registered": {nil, call.NotRegistered},
		"no answer": {func(ctx context.Context, leg call.Leg) error {
			_ = leg.Ring(ctx)
			<-ctx.Done()
			return nil
		}, call.NobodyAnswers},
		"busy":     {func(_ context.Context, leg call.Leg) error { leg.Hangup(call.UserBusy); return nil }, call.Busy},
		"declined": {func(context.Context, call.Leg) error { return &sipua.StatusError{Code: 603} }, call.Deflected},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			if c.bob != nil {
				s.phone("b1", "bob@example.net", answering(c.bob))
			}
			leg := s.carrier.call("+15550001000")
			s.must(leg.WaitAnswer(t.Context()))
			heard(t, "the caller", listen(leg.Context(), leg), 600)
			if got, want := s.mail.last(), (deposit{"bob@example.net", c.reason}); got != want {
				t.Errorf("deposit %+v; want %+v", got, want)
			}
			r := s.calls(1)[0]
			if r.Mailbox != "bob@example.net" || r.Reason != c.reason || r.AnsweredAt.IsZero() || r.ReleasedBy != cdr.Gateway {
				t.Errorf("call record %+v", r)
			}
		})
	}
}

// A phone that is registered and gone without a word is as good as not registered.
func TestPhoneThatIsGone(t *testing.T) {
	s := newSite(t)
	ghost := s.net.Join("b9", "bob@example.net")
	ghost.Register()
	leg := s.carrier.call("+15550001000")
	s.must(leg.WaitAnswer(t.Context()))
	leg.Hangup(call.NormalClearing)
	if got := s.mail.last(); got.reason != call.NotRegistered {
		t.Errorf("deposit %+v; want because not registered", got)
	}
}

// Two phones ring, one answers, the other stops ringing.
func TestForkFirstAnswerWins(t *testing.T) {
	s := newSite(t)
	cancelled, ringing := make(chan struct{}), make(chan struct{})
	s.phone("b1", "bob@example.net", answering(func(ctx context.Context, leg call.Leg) error {
		_ = leg.Ring(ctx)
		close(ringing)
		<-ctx.Done()
		close(cancelled)
		return nil
	}))
	s.phone("b2", "bob@example.net", answering(func(ctx context.Context, leg call.Leg) error {
		<-ringing
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}))
	leg := s.carrier.call("+15550001000")
	s.must(leg.WaitAnswer(t.Context()))
	<-cancelled
	leg.Hangup(call.NormalClearing)
	if r := s.calls(1)[0]; r.Mailbox != "" || r.ReleasedBy != cdr.Caller {
		t.Errorf("call record %+v", r)
	}
}

// From a trunk only our numbers can be reached: no number of the telephone network, no mailbox by name, no menu by name.
func TestTrunkReachesNothingElse(t *testing.T) {
	s := newSite(t)
	s.menus["main"] = greeting(500)
	s.carrier.answers(func(context.Context, *sipua.Leg) { t.Error("a call from the trunk came back to it") })
	for number, want := range map[string]int{"+15551239999": 404, "+881612345678": 404, "voicemail": 484, "main": 484, "12": 484,
		"alice": 484} {
		wantStatus(t, number, s.carrier.call(number).WaitAnswer(t.Context()), want)
	}
	for _, r := range s.calls(6) {
		if r.Direction != cdr.Inbound || r.Status == 0 || r.ReleasedBy != cdr.Gateway {
			t.Errorf("record of a refused call: %+v", r)
		}
	}
}

// What the administrator changes counts from the next call on, with nobody told but the database.
func TestNumberAssignedWhileRunning(t *testing.T) {
	s := newSite(t)
	wantStatus(t, "a number that is not assigned", s.carrier.call("+15550002000").WaitAnswer(t.Context()), 404)
	s.number("+15550002000", route.ToMailbox, "alice@example.net")
	for {
		leg := s.carrier.call("+15550002000")
		if leg.WaitAnswer(t.Context()) == nil {
			leg.Hangup(call.NormalClearing)
			break
		}
	}
	if got, want := s.mail.last(), (deposit{"alice@example.net", call.Unconditional}); got != want {
		t.Errorf("deposit %+v; want %+v", got, want)
	}
}

// A menu answers and hands the caller on: to a person, but never out to the telephone network for a caller from there.
func TestMenuTransfers(t *testing.T) {
	s := newSite(t)
	s.number("+15550003000", route.ToMenu, "main")
	s.must(s.gw.Reload(t.Context()))
	refused := make(chan error, 1)
	s.menus["main"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		refused <- s.gw.Transfer(ctx, leg, route.Target{Kind: route.ToNumber, Value: "+15551230000"})
		return s.gw.Transfer(ctx, leg, route.Target{Kind: route.ToUser, Value: "bob@example.net"})
	})
	s.carrier.answers(func(context.Context, *sipua.Leg) { t.Error("a menu let a caller from the trunk call out") })
	s.phone("b1", "bob@example.net", answering(func(ctx context.Context, leg call.Leg) error {
		_ = leg.Ring(ctx)
		return greeting(800)(ctx, leg)
	}))
	leg := s.carrier.call("+15550003000")
	s.must(leg.WaitAnswer(t.Context()))
	var all measure.Recorder
	_ = leg.Record(leg.Context(), &all)
	if err := <-refused; !errors.Is(err, gateway.ErrForbidden) {
		t.Errorf("transfer to the telephone network: %v; want ErrForbidden", err)
	}
	pcm := all.PCM()
	if hz, _ := measure.Frequency(pcm[max(0, len(pcm)-4000):]); hz < 790 || hz > 810 {
		t.Errorf("the caller heard %v Hz at last; want Bob's 800", hz)
	}
	if rec := s.calls(1)[0]; rec.ReleasedBy != cdr.Called || rec.Direction != cdr.Inbound {
		t.Errorf("call record %+v", rec)
	}
}

// One user cannot take all the lines, and together they cannot take more than there are.
func TestLimits(t *testing.T) {
	s := newSite(t)
	s.net = &routetest.Network{}
	s.gw = s.gateway("0b", gateway.Limits{CallsPerUser: 2, Calls: 3})
	s.user("dave@example.net", true)
	s.must(s.gw.Reload(t.Context()))
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	alice, dave := s.phone("a1", "alice@example.net", nil), s.phone("d1", "dave@example.net", nil)
	try := func(p *phone.Phone) (*sipua.Leg, error) {
		return p.Call(t.Context(), "+15551230000", phone.CallOptions{})
	}
	for _, p := range []*phone.Phone{alice, alice, dave} {
		_, err := try(p)
		s.must(err)
	}
	_, err := try(dave)
	wantStatus(t, "one call more than there are lines", err, 503)
	s.number("+15550001000", route.ToUser, "bob@example.net")
	if st := s.gw.Status(); len(st.Calls) != 3 || st.Draining || st.Calls[0].Caller.AoR != "alice@example.net" || len(st.Trunks) != 1 {
		t.Errorf("status %+v; want three calls", st)
	}
}

func TestLimitOfOneUser(t *testing.T) {
	s := newSite(t)
	s.net = &routetest.Network{}
	s.gw = s.gateway("0b", gateway.Limits{CallsPerUser: 1})
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	alice := s.phone("a1", "alice@example.net", nil)
	first, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	_, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a second call", err, 480)
	first.Hangup(call.NormalClearing)
	s.calls(1)
	for { // the line is free once the first call is closed
		if _, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{}); err == nil {
			break
		}
		wantStatus(t, "while the first ends", err, 480)
	}
}

// Draining refuses new calls with 503, so that phones go elsewhere, and waits for the old.
func TestDrain(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	alice := s.phone("a1", "alice@example.net", nil)
	old, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	drained := make(chan error, 1)
	go func() { drained <- s.gw.Drain(t.Context()) }()
	for !s.gw.Status().Draining {
		runtime.Gosched()
	}
	wantStatus(t, "a call from the trunk", s.carrier.call("+15550001000").WaitAnswer(t.Context()), 503)
	_, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a call from the overlay", err, 503)
	second := s.gateway("0b", gateway.Limits{})
	leg, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err) // the other gateway has taken it
	if len(second.Status().Calls) != 1 {
		t.Error("the call is not at the second gateway")
	}
	leg.Hangup(call.NormalClearing)
	select {
	case err := <-drained:
		t.Errorf("Drain = %v with a call up", err)
	default:
	}
	old.Hangup(call.NormalClearing)
	s.must(<-drained)
}

// A client that dies does not leave its call to the telephone network running.
func TestCallOfDeadClientEnds(t *testing.T) {
	for name, c := range map[string]struct {
		silence time.Duration
		cut     bool
		cause   call.Cause
	}{
		"only its media stops":           {time.Second, false, call.RecoveryTimerExpiry},
		"its connection is gone as well": {0, true, call.NetworkOutOfOrder},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.net = &routetest.Network{}
			s.gw = s.gateway("0b", gateway.Limits{Silence: c.silence})
			ended := make(chan struct{})
			s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) {
				_ = leg.Answer(ctx)
				<-ctx.Done()
				close(ended)
			})
			leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "+15551230000", phone.CallOptions{})
			s.must(err)
			s.must(leg.Media().Close())
			if c.cut {
				s.net.Cut()
			}
			<-ended
			if r := s.calls(1)[0]; r.ReleasedBy != cdr.Gateway || r.Cause != c.cause {
				t.Errorf("released by %s, %v; want by the gateway, %v", r.ReleasedBy, r.Cause, c.cause)
			}
		})
	}
}

// A trunk that is taken away keeps the calls it has, to their end, and gets no more.
func TestTrunkTakenAwayWhileTalking(t *testing.T) {
	s := newSite(t)
	s.carrier.answers(func(ctx context.Context, leg *sipua.Leg) { _ = leg.Answer(ctx); <-ctx.Done() })
	s.phone("b1", "bob@example.net", answering(func(ctx context.Context, leg call.Leg) error {
		_ = leg.Answer(ctx)
		<-ctx.Done()
		return nil
	}))
	alice := s.phone("a1", "alice@example.net", nil)
	out, err := alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	s.must(err)
	in := s.carrier.call("+15550001000")
	s.must(in.WaitAnswer(t.Context()))
	s.must(s.store.DeleteTrunk(t.Context(), "carrier"))
	s.must(s.gw.Reload(t.Context()))
	if n := len(s.gw.Status().Calls); n != 2 {
		t.Errorf("%d calls after the trunk was taken away; want both", n)
	}
	wantStatus(t, "a new call from it", s.carrier.call("+15550001000").WaitAnswer(t.Context()), 403)
	_, err = alice.Call(t.Context(), "+15551230000", phone.CallOptions{})
	wantStatus(t, "a new call to it", err, 404)
	in.Hangup(call.NormalClearing) // a BYE from an address that is no trunk's any more
	out.Hangup(call.NormalClearing)
	for _, r := range s.calls(3) {
		if r.Status == 0 && (r.ReleasedBy != cdr.Caller || r.Cause != call.NormalClearing) {
			t.Errorf("call record %+v", r)
		}
	}
}
