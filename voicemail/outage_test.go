package voicemail_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/prompt/dialogue/legtest"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg"
)

var errOutage = errors.New("the database is away")

// An outage is a Store whose writes fail in turn as the test says: before they are done, or after, when only the
// answer is lost.
type outage struct {
	*voicemailpg.Store
	mu     sync.Mutex
	before int // writes left to fail before they are done
	after  int // then, to fail after
}

func (o *outage) write(do func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.before > 0 {
		o.before--
		return errOutage
	}
	err := do()
	if o.after > 0 && err == nil {
		o.after--
		return errOutage
	}
	return err
}

func (o *outage) Begin(ctx context.Context, m voicemail.Message) error {
	return o.write(func() error { return o.Store.Begin(ctx, m) })
}

func (o *outage) Append(ctx context.Context, mailbox string, id uuid.UUID, c voicemail.Chunk) error {
	return o.write(func() error { return o.Store.Append(ctx, mailbox, id, c) })
}

func (o *outage) Finish(ctx context.Context, mailbox string, id uuid.UUID, e voicemail.Ended) error {
	return o.write(func() error { return o.Store.Finish(ctx, mailbox, id, e) })
}

func TestDatabaseOutageLosesNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*outage{"before": {before: 3}, "after": {after: 4}, "both": {before: 2, after: 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			o.Store = b.store
			s := newService(t, o)
			h, err := s.Deposit(alice, call.NobodyAnswers)
			if err != nil {
				t.Fatal(err)
			}
			leg := legtest.New(fromPSTN()).Says(legtest.Tone(500, 2500*time.Millisecond), legtest.Hangup())
			b.serve(t, h, leg)
			if err := s.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := b.audio(t, b.only(t, alice)); !bytes.Equal(got, leg.Said()) {
				t.Errorf("%d bytes kept, %d said, or they differ", len(got), len(leg.Said()))
			}
		})
	}
}

// A mailbox that was seen before takes messages while the database is away; they are stored when it is back.
func TestDatabaseAwayBeforeTheCall(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gone := &away{Store: b.store}
	s := newService(t, gone)
	if _, err := s.Deposit(alice, call.Busy); err != nil {
		t.Fatal(err)
	}
	gone.away.Store(true)
	if _, err := s.Deposit(bob, call.Busy); !errors.Is(err, errOutage) {
		t.Errorf("Deposit for somebody never seen: %v, want the outage", err)
	}
	h, err := s.Deposit(alice, call.Busy)
	if err != nil {
		t.Fatal(err)
	}
	leg := legtest.New(fromPSTN()).Says(legtest.Tone(500, 2*time.Second), legtest.Hangup())
	b.serve(t, h, leg)
	gone.away.Store(false)
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := b.audio(t, b.only(t, alice)); !bytes.Equal(got, leg.Said()) {
		t.Errorf("%d bytes kept, %d said, or they differ", len(got), len(leg.Said()))
	}
}

// An away is a Store that cannot be reached while it is away.
type away struct {
	*voicemailpg.Store
	away atomic.Bool
}

func (a *away) EnsureMailbox(ctx context.Context, owner string) (voicemail.Mailbox, error) {
	if a.away.Load() {
		return voicemail.Mailbox{}, errOutage
	}
	return a.Store.EnsureMailbox(ctx, owner)
}

func (a *away) Greeting(ctx context.Context, owner string, k voicemail.GreetingKind) (voicemail.Greeting, error) {
	if a.away.Load() {
		return voicemail.Greeting{}, errOutage
	}
	return a.Store.Greeting(ctx, owner, k)
}

func (a *away) Begin(ctx context.Context, m voicemail.Message) error {
	if a.away.Load() {
		return errOutage
	}
	return a.Store.Begin(ctx, m)
}

// A stall is a Store whose writes hang until it ends.
type stall struct {
	*voicemailpg.Store
	ends chan struct{}
}

func (s stall) Begin(ctx context.Context, m voicemail.Message) error {
	<-s.ends
	return s.Store.Begin(ctx, m)
}

func TestStalledDatabaseDoesNotHoldTheCall(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := stall{b.store, make(chan struct{})}
	s := newService(t, st)
	h, err := s.Deposit(alice, call.NobodyAnswers)
	if err != nil {
		t.Fatal(err)
	}
	// The longest message there can be, and its end, while the database does nothing at all.
	leg := legtest.New(fromPSTN()).Says(legtest.Tone(500, time.Hour))
	b.serve(t, h, leg)
	if list := b.messages(t, alice, voicemail.StateRecording, voicemail.StateNew); len(list) != 0 {
		t.Fatalf("the database was to be stalled, and has %+v", list)
	}
	close(st.ends)
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	m := b.only(t, alice)
	if m.Duration() != 3*time.Minute || !bytes.Equal(b.audio(t, m), leg.Said()) {
		t.Errorf("kept %v of the three minutes, or they differ", m.Duration())
	}
}

func TestMailboxDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ready := make(chan struct{})
	leg := legtest.New(fromPSTN()).Says(legtest.Wait(ready), legtest.Tone(500, 5*time.Second), legtest.Hangup())
	s := newService(t, b.store)
	h, err := s.Deposit(alice, call.NobodyAnswers)
	if err != nil {
		t.Fatal(err)
	}
	b.exec(t, `DELETE FROM users WHERE aor = $1`, alice)
	close(ready)
	b.serve(t, h, leg)
	if err := s.Close(context.Background()); err != nil { // and does not try for ever
		t.Fatal(err)
	}
}

func TestCloseGivesUpInTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gone := &away{Store: b.store}
	s := newService(t, gone)
	h, err := s.Deposit(alice, call.Busy)
	if err != nil {
		t.Fatal(err)
	}
	gone.away.Store(true)
	b.serve(t, h, legtest.New(fromPSTN()).Says(legtest.Tone(500, 2*time.Second), legtest.Hangup()))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close with the database away: %v, want that it gave up", err)
	}
}
