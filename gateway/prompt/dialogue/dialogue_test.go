package dialogue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
	"tandem/gateway/prompt/dialogue"
	"tandem/gateway/prompt/dialogue/legtest"
)

func TestPlayToItsEnd(t *testing.T) {
	t.Parallel()
	leg := legtest.New(call.Info{})
	key, err := dialogue.Play(context.Background(), leg, prompt.Beep())
	if key != dialogue.None || err != nil || leg.Frames(1000) != 12 {
		t.Errorf("key %q, %v, %d frames of the beep; want none, nil, 12", key, err, leg.Frames(1000))
	}
}

func TestKeyInterrupts(t *testing.T) {
	t.Parallel()
	leg := legtest.New(call.Info{}).Reacts(legtest.During(1000, "7"))
	key, err := dialogue.Play(context.Background(), leg, prompt.Beep())
	if key != '7' || err != nil || leg.Frames(1000) >= 12 {
		t.Errorf("key %q, %v, %d frames; want 7 and fewer than the 12 of the beep", key, err, leg.Frames(1000))
	}
}

func TestKeysTypedAheadAnswerInOrder(t *testing.T) {
	t.Parallel()
	leg := legtest.New(call.Info{}).Types("12")
	for _, want := range []byte("12") {
		key, err := dialogue.Ask(context.Background(), leg, prompt.Beep(), time.Hour)
		if key != want || err != nil {
			t.Errorf("key %q, %v; want %q", key, err, want)
		}
	}
	if leg.Frames(1000) != 0 {
		t.Error("the question was heard although it was answered before")
	}
}

func TestAskWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leg := legtest.New(call.Info{})
		start := time.Now()
		key, err := dialogue.Ask(t.Context(), leg, prompt.Beep(), 5*time.Second)
		if key != dialogue.None || err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("key %q, %v after %v; want none after 5s", key, err, time.Since(start))
		}
	})
}

func TestHangUpEndsEverything(t *testing.T) {
	t.Parallel()
	leg := legtest.New(call.Info{}).Reacts(legtest.HangupDuring(1000))
	if _, err := dialogue.Play(leg.Context(), leg, prompt.Beep()); !errors.Is(err, call.NormalClearing) && !errors.Is(err, context.Canceled) {
		t.Errorf("Play: %v, want the cause of the hang-up", err)
	}
	if _, err := dialogue.Key(leg.Context(), leg, time.Hour); !errors.Is(err, call.NormalClearing) {
		t.Errorf("Key: %v, want the cause of the hang-up", err)
	}
}
