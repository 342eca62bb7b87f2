package voicemailpg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/call"
	"tandem/migrations/pgtest"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg"
)

const (
	alice = "alice@example.org"
	bob   = "bob@example.org"
)

func newStore(t testing.TB) (*voicemailpg.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t)
	s := voicemailpg.New(pool, nil)
	for _, aor := range []string{alice, bob} {
		if _, err := pool.Exec(context.Background(), `INSERT INTO users (id, aor, name, timezone) VALUES ($1, $2, $2, 'Europe/Berlin')`, uuid.Must(uuid.NewV7()), aor); err != nil {
			t.Fatal(err)
		}
		box, err := s.EnsureMailbox(context.Background(), aor)
		if err != nil || box.Location.String() != "Europe/Berlin" {
			t.Fatalf("EnsureMailbox: %+v, %v", box, err)
		}
	}
	return s, pool
}

// record begins a message for alice and appends chunks of these lengths.
func record(t testing.TB, s *voicemailpg.Store, chunks ...int) (voicemail.Message, []byte) {
	t.Helper()
	m := voicemail.Message{ID: uuid.Must(uuid.NewV7()), Mailbox: alice, Codec: call.PCMU, Created: time.Now()}
	if err := s.Begin(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	var audio []byte
	for i, n := range chunks {
		c := bytes.Repeat([]byte{byte(i + 1)}, n)
		if err := s.Append(context.Background(), alice, m.ID, voicemail.Chunk{Start: len(audio), Audio: c, Speech: time.Second}); err != nil {
			t.Fatal(err)
		}
		audio = append(audio, c...)
	}
	return m, audio
}

func finished(t testing.TB, s *voicemailpg.Store) voicemail.Message {
	t.Helper()
	m, audio := record(t, s, 8000)
	if err := s.Finish(context.Background(), alice, m.ID, voicemail.Ended{By: voicemail.ByKey, Bytes: len(audio), Speech: time.Second}); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryActionIsTheOwners(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := newStore(t)
	m := finished(t, s)
	actions := map[string]func(owner string) error{
		"Message":   func(o string) error { _, err := s.Message(ctx, o, m.ID); return err },
		"Audio":     func(o string) error { _, err := s.Audio(ctx, o, m.ID); return err },
		"MarkHeard": func(o string) error { return s.MarkHeard(ctx, o, m.ID) },
		"MarkNew":   func(o string) error { return s.MarkNew(ctx, o, m.ID) },
		"Save":      func(o string) error { return s.Save(ctx, o, m.ID) },
		"Trash":     func(o string) error { return s.Trash(ctx, o, m.ID) },
		"Delete":    func(o string) error { return s.Delete(ctx, o, m.ID) },
		"Append":    func(o string) error { return s.Append(ctx, o, m.ID, voicemail.Chunk{Start: 8000, Audio: []byte{1}}) },
		"Finish":    func(o string) error { return s.Finish(ctx, o, m.ID, voicemail.Ended{By: voicemail.ByKey}) },
	}
	for name, do := range actions {
		for _, owner := range []string{bob, "", "nobody@example.org"} {
			if err := do(owner); !errors.Is(err, voicemail.ErrNotFound) {
				t.Errorf("%s as %q: %v, want ErrNotFound", name, owner, err)
			}
		}
	}
	if err := s.Discard(ctx, bob, m.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Messages(ctx, bob); len(list) != 0 || err != nil {
		t.Errorf("bob sees %v, %v", list, err)
	}
	got, err := s.Message(ctx, alice, m.ID)
	if err != nil || got.State != voicemail.StateNew || got.Bytes != 8000 {
		t.Errorf("alice's message is %+v, %v; want it untouched", got, err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := newStore(t)
	m := finished(t, s)
	steps := []struct {
		name   string
		do     func(context.Context, string, uuid.UUID) error
		want   voicemail.State
		counts voicemail.Counts
	}{
		{"MarkHeard", s.MarkHeard, voicemail.StateSaved, voicemail.Counts{Saved: 1}},
		{"MarkNew", s.MarkNew, voicemail.StateNew, voicemail.Counts{New: 1}},
		{"Trash", s.Trash, voicemail.StateTrash, voicemail.Counts{Trash: 1}},
		{"Trash again", s.Trash, voicemail.StateTrash, voicemail.Counts{Trash: 1}},
		{"MarkHeard in the trash", s.MarkHeard, voicemail.StateTrash, voicemail.Counts{Trash: 1}},
		{"Save", s.Save, voicemail.StateSaved, voicemail.Counts{Saved: 1}},
	}
	for _, st := range steps {
		if err := st.do(ctx, alice, m.ID); err != nil {
			t.Fatalf("%s: %v", st.name, err)
		}
		got, err := s.Message(ctx, alice, m.ID)
		if err != nil || got.State != st.want || got.Trashed.IsZero() == (st.want == voicemail.StateTrash) {
			t.Errorf("%s: %+v, %v; want %s", st.name, got, err, st.want)
		}
		if n, err := s.Counts(ctx, alice); n != st.counts || err != nil {
			t.Errorf("%s: counts %+v, %v; want %+v", st.name, n, err, st.counts)
		}
	}
	if err := s.Delete(ctx, alice, m.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Message(ctx, alice, m.ID); !errors.Is(err, voicemail.ErrNotFound) {
		t.Errorf("Message after Delete: %v", err)
	}
}

func TestAudioAnywhere(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	lengths := make([]int, 40)
	for i := range lengths {
		lengths[i] = 4000 + 97*i
	}
	m, audio := record(t, s, lengths...)
	end := len(audio) - 5000 // the silence that is cut
	if err := s.Finish(context.Background(), alice, m.ID, voicemail.Ended{By: voicemail.ByHangup, Bytes: end, Speech: time.Second}); err != nil {
		t.Fatal(err)
	}
	a, err := s.Audio(context.Background(), alice, m.ID)
	if err != nil || a.Bytes != end {
		t.Fatalf("Audio: %d bytes, %v; want %d", a.Bytes, err, end)
	}
	for _, r := range [][2]int{{0, end}, {0, 1}, {end - 1, 1}, {3999, 2}, {4000, 1}, {100000, 70000}, {7, 66000}, {end - 10, 10}} {
		p := make([]byte, r[1])
		if n, err := a.ReadAt(p, int64(r[0])); n != r[1] || err != nil || !bytes.Equal(p, audio[r[0]:r[0]+r[1]]) {
			t.Errorf("ReadAt %d, %d: %d bytes, %v, or other ones", r[0], r[1], n, err)
		}
	}
	if n, err := a.ReadAt(make([]byte, 20), int64(end-10)); n != 10 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt over the end: %d, %v; want 10, EOF", n, err)
	}
}

func TestAPeerThatWasOnlySlow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := newStore(t)
	m, audio := record(t, s, 8000)
	if n, err := s.Sweep(ctx, 0); n != 1 || err != nil {
		t.Fatalf("Sweep: %d, %v", n, err)
	}
	if err := s.MarkHeard(ctx, alice, m.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(ctx, alice, m.ID, voicemail.Chunk{Start: len(audio), Audio: audio, Speech: 2 * time.Second}); err != nil {
		t.Fatalf("Append after the sweep: %v", err)
	}
	if err := s.Finish(ctx, alice, m.ID, voicemail.Ended{By: voicemail.ByHangup, Bytes: 16000, Speech: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Message(ctx, alice, m.ID)
	if err != nil || got.Bytes != 16000 || got.State != voicemail.StateSaved || got.EndedBy != voicemail.ByHangup {
		t.Errorf("message %+v, %v; want all 16000 bytes, saved as the owner left it, ended by hang-up", got, err)
	}
}

func TestSweepLeavesWhatHasNoSpeechForAnHour(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, pool := newStore(t)
	record(t, s)
	if n, err := s.Sweep(ctx, 0); n != 0 || err != nil {
		t.Errorf("Sweep made a message of nothing: %d, %v", n, err)
	}
	rows := func() (n int) {
		_ = pool.QueryRow(ctx, `SELECT count(*) FROM messages`).Scan(&n)
		return n
	}
	if rows() != 1 {
		t.Error("Sweep removed a recording that has just begun")
	}
	if _, err := pool.Exec(ctx, `UPDATE messages SET appended_at = now() - interval '2 hours'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(ctx, 0); err != nil || rows() != 0 {
		t.Errorf("after two hours: %d rows, %v; want none", rows(), err)
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := newStore(t)
	kept, gone := finished(t, s), finished(t, s)
	if err := s.Trash(ctx, alice, gone.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Purge(ctx, time.Hour); n != 0 || err != nil {
		t.Errorf("Purge of what was just deleted: %d, %v", n, err)
	}
	if n, err := s.Purge(ctx, -time.Second); n != 1 || err != nil {
		t.Errorf("Purge: %d, %v; want 1", n, err)
	}
	if _, err := s.Message(ctx, alice, kept.ID); err != nil {
		t.Errorf("the other message: %v", err)
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	s, pool := newStore(t)
	changes, leave := s.Subscribe(alice)
	defer leave()
	others, leaveOthers := s.Subscribe(bob)
	defer leaveOthers()
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	<-changes // it listens now
	<-others
	other := voicemailpg.New(pool, nil) // as another process would
	m := finished(t, other)
	<-changes
	if err := other.MarkHeard(ctx, alice, m.ID); err != nil {
		t.Fatal(err)
	}
	<-changes
	if _, err := pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`); err != nil {
		t.Fatal(err)
	}
	<-others // changes may have been missed: everybody is told
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
}

func TestGreetings(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := newStore(t)
	if _, err := s.Greeting(ctx, alice, voicemail.Busy); !errors.Is(err, voicemail.ErrNotFound) {
		t.Errorf("no greeting: %v", err)
	}
	for _, audio := range []string{"one", "two"} {
		if err := s.SetGreeting(ctx, alice, voicemail.Greeting{Kind: voicemail.Busy, Codec: call.PCMA, Audio: []byte(audio)}); err != nil {
			t.Fatal(err)
		}
		if g, err := s.Greeting(ctx, alice, voicemail.Busy); err != nil || string(g.Audio) != audio || g.Codec != call.PCMA {
			t.Errorf("greeting %+v, %v; want %q", g, err, audio)
		}
	}
	if _, err := s.Greeting(ctx, bob, voicemail.Busy); !errors.Is(err, voicemail.ErrNotFound) {
		t.Errorf("bob has alice's greeting: %v", err)
	}
	if err := s.DeleteGreeting(ctx, alice, voicemail.Busy); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Greeting(ctx, alice, voicemail.Busy); !errors.Is(err, voicemail.ErrNotFound) {
		t.Errorf("after DeleteGreeting: %v", err)
	}
}
