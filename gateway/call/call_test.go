package call_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tandem/gateway/call"
)

func TestCauseIsFoundThroughAContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("far side hung up: %w", call.UserBusy))
	var c call.Cause
	if !errors.As(context.Cause(ctx), &c) || c != call.UserBusy {
		t.Errorf("got %v, want %v", c, call.UserBusy)
	}
	if !errors.Is(context.Cause(ctx), call.UserBusy) || errors.Is(context.Cause(ctx), call.NoAnswer) {
		t.Error("errors.Is does not tell causes apart")
	}
}

func TestEveryCauseHasWords(t *testing.T) {
	for _, c := range []call.Cause{call.Unallocated, call.NormalClearing, call.UserBusy, call.NoUserResponse, call.NoAnswer, call.Rejected,
		call.InvalidNumber, call.NormalUnspecified, call.NoCircuit, call.NetworkOutOfOrder, call.TemporaryFailure, call.Forbidden,
		call.NotImplemented, call.Incompatible, call.RecoveryTimerExpiry, call.Interworking} {
		if s := c.String(); strings.HasPrefix(s, "cause ") || s != c.Error() {
			t.Errorf("cause %d reads %q", uint8(c), s)
		}
	}
	if s := call.Cause(99).String(); s != "cause 99" {
		t.Errorf("an unknown cause reads %q", s)
	}
}

func TestHandlerFunc(t *testing.T) {
	want := errors.New("said so")
	var h call.Handler = call.HandlerFunc(func(context.Context, call.Leg) error { return want })
	if err := h.ServeCall(t.Context(), nil); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
