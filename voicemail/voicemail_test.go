package voicemail_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
	"tandem/gateway/prompt/dialogue/legtest"
	"tandem/migrations/pgtest"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg"
)

const (
	alice = "alice@example.org"
	bob   = "bob@example.org"
)

// A bench is a Service on a database of its own, with the mailboxes of alice and bob.
type bench struct {
	pool  *pgxpool.Pool
	store *voicemailpg.Store
	*voicemail.Service
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{pool: pgtest.New(t)}
	for _, aor := range []string{alice, bob} {
		b.exec(t, `INSERT INTO users (id, aor, name) VALUES ($1, $2, $2)`, uuid.Must(uuid.NewV7()), aor)
	}
	b.store = voicemailpg.New(b.pool, nil)
	b.Service = newService(t, b.store)
	return b
}

func newService(t testing.TB, store voicemail.Store) *voicemail.Service {
	t.Helper()
	lib, err := prompt.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := voicemail.New(voicemail.Config{Store: store, Prompts: lib, Logger: logger(t), MenuWait: 20 * time.Millisecond})
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func logger(t testing.TB) *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

func (b *bench) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := b.pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// deposit lets the leg leave a message for owner, and waits until it is stored.
func (b *bench) deposit(t testing.TB, owner string, reason call.Reason, leg *legtest.Leg) {
	t.Helper()
	s := newService(t, b.store)
	h, err := s.Deposit(owner, reason)
	if err != nil {
		t.Fatal(err)
	}
	b.serve(t, h, leg)
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) retrieve(t testing.TB, owner string, leg *legtest.Leg) {
	t.Helper()
	h, err := b.Retrieval(owner)
	if err != nil {
		t.Fatal(err)
	}
	b.serve(t, h, leg)
}

func (b *bench) serve(t testing.TB, h call.Handler, leg *legtest.Leg) {
	t.Helper()
	if err := h.ServeCall(leg.Context(), leg); err != nil {
		t.Fatalf("ServeCall: %v", err)
	}
}

func (b *bench) messages(t testing.TB, owner string, states ...voicemail.State) []voicemail.Message {
	t.Helper()
	list, err := b.store.Messages(context.Background(), owner, states...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// only gives the one message there is.
func (b *bench) only(t testing.TB, owner string) voicemail.Message {
	t.Helper()
	list := b.messages(t, owner)
	if len(list) != 1 {
		t.Fatalf("%s has %d messages, want 1", owner, len(list))
	}
	return list[0]
}

// audio gives what is stored of a message.
func (b *bench) audio(t testing.TB, m voicemail.Message) []byte {
	t.Helper()
	a, err := b.store.Audio(context.Background(), m.Mailbox, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, a.Bytes)
	if _, err := a.ReadAt(p, 0); err != nil {
		t.Fatalf("read %d bytes of audio: %v", a.Bytes, err)
	}
	return p
}

func fromPSTN() call.Info {
	return call.Info{Side: call.Trunk, Caller: call.Party{Number: "+15551234567", Name: "WIRELESS CALLER"}}
}
