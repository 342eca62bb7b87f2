package b2bua

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/sipua"
)

func status(code int) error { return fmt.Errorf("dialing: %w", &sipua.StatusError{Code: code}) }

// What sends a call to the next way, and what is final so that no phone rings twice.
func TestRetryable(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{status(503), true}, {status(500), true}, {status(502), true}, {status(504), true}, {status(408), true}, {status(403), true},
		{status(401), true}, {status(302), true},
		{status(486), false}, {status(600), false}, {status(603), false}, {status(404), false}, {status(484), false}, {status(487), false},
		{status(480), false}, {status(488), false},
		{call.NoCircuit, true}, {call.TemporaryFailure, true}, {call.UserBusy, false}, {call.NoAnswer, false}, {call.Rejected, false},
		{errors.New("connection refused"), true}, {context.Canceled, false},
	} {
		if got := Retryable(c.err); got != c.want {
			t.Errorf("Retryable(%v) = %v; want %v", c.err, got, c.want)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  int
		cause call.Cause
	}{
		{status(486), 486, call.UserBusy},
		{status(404), 404, call.Unallocated},
		{&sipua.StatusError{Code: 500, Cause: call.UserBusy}, 500, call.UserBusy}, // the carrier's Reason is kept
		{status(401), 503, call.Rejected},                                         // our credentials are our business
		{status(407), 503, call.Rejected},
		{status(302), 502, 23}, // never followed
		{call.NoAnswer, 480, call.NoAnswer},
		{call.UserBusy, 486, call.UserBusy},
		{fmt.Errorf("offer: %w", media.ErrNotAcceptable), 488, call.Incompatible},
		{media.ErrNoPort, 503, call.NoCircuit},
		{fmt.Errorf("x: %w: %w", ErrUnreachable, errors.New("refused")), 503, call.NetworkOutOfOrder},
		{fmt.Errorf("x: %w: %w", ErrUnreachable, media.ErrNoPort), 503, call.NoCircuit},
		{context.DeadlineExceeded, 408, call.RecoveryTimerExpiry},
		{context.Canceled, 487, call.NormalClearing},
		{errors.New("anything"), 500, call.TemporaryFailure},
	} {
		if got := RefusalOf(c.err); got.Code != c.code || got.Cause != c.cause {
			t.Errorf("RefusalOf(%v) = %d, cause %d; want %d, cause %d", c.err, got.Code, got.Cause, c.code, c.cause)
		}
	}
}

// Of several phones that did not answer, the caller is told the most telling refusal.
func TestMoreTelling(t *testing.T) {
	inOrder := []error{status(603), status(486), call.Rejected, call.NoAnswer, status(408), status(480), errors.New("gone")}
	for i, strong := range inOrder {
		for _, weak := range inOrder[i+1:] {
			if got := moreTelling(weak, strong); !errors.Is(got, strong) {
				t.Errorf("of %v and %v: %v", weak, strong, got)
			}
			if got := moreTelling(strong, weak); !errors.Is(got, strong) {
				t.Errorf("of %v and %v: %v", strong, weak, got)
			}
		}
	}
}

func TestDialWithNobodyToCall(t *testing.T) {
	if leg, err := (Dial{}).Run(t.Context()); leg != nil || !errors.Is(err, ErrNoBranch) {
		t.Errorf("Run = %v, %v; want ErrNoBranch", leg, err)
	}
}

// In order, a way that cannot be had is passed over; a refusal of the called person is not.
func TestDialInOrder(t *testing.T) {
	var asked []string
	branch := func(name string, err error) Branch {
		return Branch{Name: name, Invite: func(context.Context) (*sipua.Leg, error) { asked = append(asked, name); return nil, err }}
	}
	d := Dial{Branches: []Branch{branch("a", errors.New("refused")), branch("b", status(503)), branch("c", status(486)), branch("d", nil)}}
	_, err := d.Run(t.Context())
	if len(asked) != 3 || !Busy(err) {
		t.Errorf("asked %v, then %v; want a, b, c and busy", asked, err)
	}
}

// RFC 4458 §2.2.
func TestReasonOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want call.Reason
	}{
		{status(486), call.Busy}, {status(600), call.Busy}, {call.UserBusy, call.Busy},
		{status(603), call.Deflected}, {call.Rejected, call.Deflected},
		{call.NoAnswer, call.NobodyAnswers}, {status(408), call.NobodyAnswers},
		{errors.New("not registered"), call.NotRegistered}, {status(480), call.NotRegistered}, {status(503), call.NotRegistered},
	} {
		if got := ReasonOf(c.err); got != c.want {
			t.Errorf("ReasonOf(%v) = %v; want %v", c.err, got, c.want)
		}
	}
}
