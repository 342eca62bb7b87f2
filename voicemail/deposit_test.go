package voicemail_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/prompt/dialogue/legtest"
	"tandem/voicemail"
)

func TestDepositKeepsWhatWasSaid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	leg := legtest.New(fromPSTN()).Says(legtest.Tone(500, 3*time.Second), legtest.Hangup())
	b.deposit(t, alice, call.NobodyAnswers, leg)

	if got := leg.Tones(); !slices.Equal(got, []int{1000}) {
		t.Errorf("the caller heard the tones %v, want only the beep at 1000 Hz", got)
	}
	m := b.only(t, alice)
	if m.State != voicemail.StateNew || m.EndedBy != voicemail.ByHangup || m.Caller.Number != "+15551234567" || m.Reason != call.NobodyAnswers {
		t.Errorf("message %+v; want a new one, ended by hang-up, from +15551234567, nobody answers", m)
	}
	if m.Duration() != 3*time.Second || m.Speech != 3*time.Second {
		t.Errorf("duration %v, speech %v; want 3s of both", m.Duration(), m.Speech)
	}
	if got := b.audio(t, m); !bytes.Equal(got, leg.Said()) {
		t.Errorf("%d bytes are kept, %d were said, or they differ", len(got), len(leg.Said()))
	}
}

func TestDepositEnds(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		says  []legtest.Step
		by    voicemail.Ending
		kept  time.Duration
		tones []int // heard
	}{
		{"by key", []legtest.Step{legtest.Tone(500, 2*time.Second), legtest.Press("3#")}, voicemail.ByKey, 2 * time.Second, []int{1000}},
		{"by silence, which is cut", []legtest.Step{legtest.Tone(500, time.Second)}, voicemail.BySilence, 1500 * time.Millisecond, []int{1000}},
		{"by the limit", []legtest.Step{legtest.Tone(500, time.Hour)}, voicemail.ByLimit, 5 * time.Second, []int{1000}},
		{"pauses are kept", []legtest.Step{legtest.Tone(500, time.Second), legtest.Quiet(1900 * time.Millisecond), legtest.Tone(500, time.Second), legtest.Hangup()},
			voicemail.ByHangup, 3900 * time.Millisecond, []int{1000}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.limit(t, alice, voicemail.Limits{Messages: 100, Length: 5 * time.Second, MinSpeech: 600 * time.Millisecond, Silence: 2 * time.Second})
			leg := legtest.New(fromPSTN()).Says(r.says...)
			b.deposit(t, alice, call.Busy, leg)
			m := b.only(t, alice)
			if m.EndedBy != r.by || m.Duration() != r.kept {
				t.Errorf("ended by %s after %v; want %s, %v", m.EndedBy, m.Duration(), r.by, r.kept)
			}
			if got := b.audio(t, m); !bytes.Equal(got, leg.Said()[:len(got)]) {
				t.Errorf("the audio kept is not what was said")
			}
			if got := leg.Tones(); !slices.Equal(got, r.tones) {
				t.Errorf("heard tones %v, want %v", got, r.tones)
			}
		})
	}
}

func TestDepositWithoutSpeechIsNoMessage(t *testing.T) {
	t.Parallel()
	rows := map[string][]legtest.Step{
		"hangs up at once":   {legtest.Hangup()},
		"is silent":          {legtest.Quiet(3 * time.Second), legtest.Hangup()},
		"says a word":        {legtest.Tone(500, 500*time.Millisecond), legtest.Quiet(3 * time.Second), legtest.Hangup()},
		"clicks":             slices.Repeat([]legtest.Step{legtest.Tone(500, 40*time.Millisecond), legtest.Quiet(100 * time.Millisecond)}, 40),
		"is silent for ever": nil,
	}
	for name, says := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.deposit(t, alice, call.NobodyAnswers, legtest.New(fromPSTN()).Says(says...))
			if list := b.messages(t, alice, voicemail.StateRecording, voicemail.StateNew); len(list) != 0 {
				t.Errorf("there are messages: %+v", list)
			}
		})
	}
}

func TestDepositInTheCodecThatCame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	leg := legtest.New(fromPSTN()).Says(legtest.Use(call.PCMA), legtest.Tone(500, time.Second), legtest.Use(call.PCMU), legtest.Tone(600, time.Second), legtest.Hangup())
	b.deposit(t, alice, call.NobodyAnswers, leg)
	m := b.only(t, alice)
	if m.Codec != call.PCMA {
		t.Fatalf("codec %d, want PCMA as it came", m.Codec)
	}
	listener := legtest.New(call.Info{})
	b.retrieve(t, alice, listener)
	if got := listener.Tones(); !slices.Equal(got, []int{500, 600}) {
		t.Errorf("heard %v; want 500 and, from after the change of codec, 600", got)
	}
}

func TestDepositInFullMailbox(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.limit(t, alice, voicemail.Limits{Messages: 1, Length: time.Minute, Silence: 2 * time.Second})
	b.deposit(t, alice, call.NobodyAnswers, legtest.New(fromPSTN()).Says(legtest.Tone(500, time.Second), legtest.Hangup()))
	leg := legtest.New(fromPSTN()).Says(legtest.Tone(600, time.Second))
	b.deposit(t, alice, call.NobodyAnswers, leg)
	b.only(t, alice)
	if len(leg.Tones()) != 0 || len(leg.Said()) != 0 {
		t.Errorf("heard tones %v and was recorded for %d bytes; want no beep and no recording", leg.Tones(), len(leg.Said()))
	}
	if err := b.store.Trash(context.Background(), alice, b.only(t, alice).ID); err != nil {
		t.Fatal(err)
	}
	b.deposit(t, alice, call.NobodyAnswers, legtest.New(fromPSTN()).Says(legtest.Tone(600, time.Second), legtest.Hangup()))
	b.only(t, alice)
}

func TestDepositGreetsByReason(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := newBench(t)
	set := func(kind voicemail.GreetingKind, hz int, ends time.Time) {
		t.Helper()
		g := voicemail.Greeting{Kind: kind, Codec: call.PCMU, Audio: spoken(hz), EndsAt: ends}
		if err := b.store.SetGreeting(ctx, alice, g); err != nil {
			t.Fatal(err)
		}
	}
	hears := func(reason call.Reason, want ...int) {
		t.Helper()
		leg := legtest.New(fromPSTN()).Says(legtest.Hangup())
		b.deposit(t, alice, reason, leg)
		if got := leg.Tones(); !slices.Equal(got, want) {
			t.Errorf("reason %d: heard %v, want %v", reason, got, want)
		}
	}
	set(voicemail.Name, 400, time.Time{})
	hears(call.Busy, 400, 1000)
	hears(call.NobodyAnswers, 400, 1000)
	set(voicemail.Unavailable, 500, time.Time{})
	hears(call.NobodyAnswers, 500, 1000)
	hears(call.Busy, 400, 1000)
	set(voicemail.Busy, 600, time.Time{})
	hears(call.Busy, 600, 1000)
	set(voicemail.Temporary, 700, time.Now().Add(time.Hour))
	hears(call.Busy, 700, 1000)
	hears(call.NotRegistered, 700, 1000)
	set(voicemail.Temporary, 700, time.Now().Add(-time.Hour))
	hears(call.NotRegistered, 500, 1000)
}

func TestDepositHashSkipsTheGreeting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.store.SetGreeting(context.Background(), alice, voicemail.Greeting{Kind: voicemail.Unavailable, Codec: call.PCMU, Audio: spoken(500)}); err != nil {
		t.Fatal(err)
	}
	other := legtest.New(fromPSTN()).Says(legtest.Hangup()).Reacts(legtest.During(500, "5"))
	b.deposit(t, alice, call.NobodyAnswers, other)
	if got := other.Frames(500); got != len(spoken(500))/160 {
		t.Errorf("5 during the greeting: heard %d frames of it, want all %d", got, len(spoken(500))/160)
	}
	leg := legtest.New(fromPSTN()).Says(legtest.Hangup()).Reacts(legtest.During(500, "#"))
	b.deposit(t, alice, call.NobodyAnswers, leg)
	if got := leg.Frames(500); got >= len(spoken(500))/160 {
		t.Errorf("# during the greeting: heard %d frames of it, want it cut short", got)
	}
	if got := leg.Tones(); !slices.Equal(got, []int{500, 1000}) {
		t.Errorf("heard %v, want the start of the greeting and the beep", got)
	}
}

func TestDepositForNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, aor := range []string{"carol@example.org", "", "ALICE@EXAMPLE.ORG'; DROP TABLE users; --"} {
		if _, err := b.Deposit(aor, call.Busy); !errors.Is(err, voicemail.ErrNotFound) {
			t.Errorf("Deposit(%q): %v, want ErrNotFound", aor, err)
		}
		if _, err := b.Retrieval(aor); !errors.Is(err, voicemail.ErrNotFound) {
			t.Errorf("Retrieval(%q): %v, want ErrNotFound", aor, err)
		}
	}
}

func TestFiftyDepositsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	said := make([][]byte, 50)
	var calls sync.WaitGroup
	for i := range said {
		calls.Go(func() {
			h, err := b.Deposit(alice, call.NobodyAnswers)
			if err != nil {
				t.Error(err)
				return
			}
			leg := legtest.New(fromPSTN()).Says(legtest.Tone(300+50*(i%30), time.Second+time.Duration(i)*20*time.Millisecond), legtest.Hangup())
			if err := h.ServeCall(leg.Context(), leg); err != nil {
				t.Error(err)
			}
			said[i] = leg.Said()
		})
	}
	calls.Wait()
	if err := b.Close(context.Background()); err != nil {
		t.Error(err)
	}
	list := b.messages(t, alice)
	ids := map[uuid.UUID]bool{}
	for _, m := range list {
		ids[m.ID] = true
		audio := b.audio(t, m)
		i := slices.IndexFunc(said, func(s []byte) bool { return bytes.Equal(s, audio) })
		if i < 0 {
			t.Errorf("message %v (%d bytes) is not what any caller said", m.ID, m.Bytes)
			continue
		}
		said[i] = nil // each is found once
	}
	if len(ids) != 50 {
		t.Errorf("%d distinct messages of 50", len(ids))
	}
}

func (b *bench) limit(t testing.TB, owner string, l voicemail.Limits) {
	t.Helper()
	if _, err := b.store.EnsureMailbox(context.Background(), owner); err != nil {
		t.Fatal(err)
	}
	if err := b.store.SetLimits(context.Background(), owner, l); err != nil {
		t.Fatal(err)
	}
}

// spoken is one second of a tone.
func spoken(hz int) []byte {
	leg := legtest.New(call.Info{}).Says(legtest.Tone(hz, time.Second), legtest.Hangup())
	_ = leg.Record(context.Background(), discard{})
	return leg.Said()
}

type discard struct{}

func (discard) WriteFrame(call.Frame) error { return nil }
