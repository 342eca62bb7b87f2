package voicemail_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
	"tandem/gateway/prompt/dialogue/legtest"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg"
)

// childDatabase names the database of a child process that takes a message until it is killed.
const childDatabase = "TANDEM_TEST_VOICEMAIL_CHILD"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDatabase); dsn != "" {
		if err := speakForEver(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// longMessage is three and a half seconds, and then a caller who draws breath until the end of the world.
func longMessage(never <-chan struct{}) *legtest.Leg {
	return legtest.New(fromPSTN()).Says(legtest.Tone(500, 2*time.Second), legtest.Tone(600, 1500*time.Millisecond), legtest.Wait(never))
}

// An announcer is a Store that tells the parent what has been stored.
type announcer struct{ *voicemailpg.Store }

func (a announcer) Append(ctx context.Context, mailbox string, id uuid.UUID, c voicemail.Chunk) error {
	err := a.Store.Append(ctx, mailbox, id, c)
	if err == nil {
		fmt.Println(c.Start + len(c.Audio))
	}
	return err
}

func speakForEver(dsn string) error {
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		return err
	}
	lib, err := prompt.Open("", nil)
	if err != nil {
		return err
	}
	s := voicemail.New(voicemail.Config{Store: announcer{voicemailpg.New(pool, nil)}, Prompts: lib})
	h, err := s.Deposit(alice, call.NobodyAnswers)
	if err != nil {
		return err
	}
	leg := longMessage(make(chan struct{}))
	return h.ServeCall(leg.Context(), leg)
}

func TestKilledPeerLosesAtMostASecond(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDatabase+"="+b.pool.Config().ConnString())
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "24000"; {
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()

	if list := b.messages(t, alice, voicemail.StateRecording); len(list) != 1 {
		t.Fatalf("%d messages being recorded after the kill, want 1", len(list))
	}
	if n, err := b.store.Sweep(context.Background(), time.Minute); n != 0 || err != nil {
		t.Errorf("Sweep after no time at all: %d, %v; want the message left alone", n, err)
	}
	if n, err := b.store.Sweep(context.Background(), 0); n != 1 || err != nil {
		t.Fatalf("Sweep: %d, %v; want the message finished", n, err)
	}
	m := b.only(t, alice)
	if m.State != voicemail.StateNew || m.EndedBy != voicemail.ByLoss || m.Caller.Number != "+15551234567" {
		t.Errorf("message %+v; want a new one, ended by loss, with its caller", m)
	}
	if got, said := b.audio(t, m), said(); len(got) < len(said)-8000 || !bytes.HasPrefix(said, got) {
		t.Errorf("%d bytes are kept of %d said; want all but a second, and the same", len(got), len(said))
	}
}

// said is what the caller of longMessage says.
func said() []byte {
	ctx, cancel := context.WithCancel(context.Background())
	never := make(chan struct{})
	leg := longMessage(never)
	_ = leg.Record(ctx, stopAfter{leg: leg, bytes: 28000, stop: cancel})
	return leg.Said()
}

type stopAfter struct {
	leg   *legtest.Leg
	bytes int
	stop  context.CancelFunc
}

func (s stopAfter) WriteFrame(call.Frame) error {
	if len(s.leg.Said()) >= s.bytes {
		s.stop()
	}
	return nil
}
