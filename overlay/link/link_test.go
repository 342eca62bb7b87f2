package link

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is an owner that keeps what its link tells.
type recorder struct {
	messages chan string
	silent   chan bool
	tooLarge chan []byte
	reply    []byte // sent when a message was too large
	ended    chan error
}

func start(t *testing.T, conn net.Conn, limit int) (*Link, *recorder) {
	r := &recorder{
		messages: make(chan string, 1000), silent: make(chan bool, 10), tooLarge: make(chan []byte, 1), ended: make(chan error, 1),
	}
	l := New(conn, limit, Events{
		Message: func(_ *Link, m []byte) { r.messages <- string(m) },
		Silent:  func(l *Link) { r.silent <- l.Stats().Silent },
		TooLarge: func(l *Link, head []byte) {
			_ = l.Send(r.reply)
			r.tooLarge <- head
		},
	})
	go func() { r.ended <- l.Run(t.Context()) }()
	return l, r
}

func TestLinkCarriesMessagesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a, ra := start(t, ca, 5000)
		b, rb := start(t, cb, 5000)
		for i := range 100 {
			must(t, a.Send(fmt.Appendf(nil, "a%d", i)))
			must(t, b.Send(fmt.Appendf(nil, "b%d", i)))
		}
		for i := range 100 {
			if got, want := <-rb.messages, fmt.Sprintf("a%d", i); got != want {
				t.Fatalf("message %d at b: got %q, want %q", i, got, want)
			}
			if got, want := <-ra.messages, fmt.Sprintf("b%d", i); got != want {
				t.Fatalf("message %d at a: got %q, want %q", i, got, want)
			}
		}
		synctest.Wait()
		a.mu.Lock()
		if len(a.unacked) != 0 || !a.rtt.measured {
			t.Errorf("after 100 messages %d are not acknowledged, round trip measured: %v", len(a.unacked), a.rtt.measured)
		}
		a.mu.Unlock()
		if s := a.Stats(); s.Sent != 100 || s.Received != 100 || s.Dropped != 0 {
			t.Errorf("stats of a: %+v, want 100 sent and received", s)
		}
		a.Close()
		if err := <-ra.ended; !errors.Is(err, ErrClosed) {
			t.Errorf("a ended with %v, want %v", err, ErrClosed)
		}
		if err := <-rb.ended; err == nil {
			t.Error("b ended without a reason after a closed")
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// RFC 6940 6.6.2: "Initially, the value is zero, and it increments by exactly one for each message sent"; "the
// receiver ... SHOULD immediately send an ACK message".
// RELOAD: FRM-2 FRM-3
func TestFramesOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a, ra := start(t, ca, 5000)
		far := bufio.NewReader(cb)
		for i := range uint32(3) {
			must(t, a.Send([]byte("m")))
			f, err := readFrame(far, 5000, nil)
			if err != nil || f.typ != frameData || f.sequence != i {
				t.Fatalf("frame %d: got %+v, %v", i, f, err)
			}
		}
		for _, sequence := range []uint32{0, 1} {
			_, _ = cb.Write(appendData(nil, sequence, []byte("m")))
			f, err := readFrame(far, 5000, nil)
			if err != nil || f.typ != frameAck || f.sequence != sequence || f.received != sequence {
				t.Fatalf("ack of %d: got %+v, %v", sequence, f, err)
			}
		}
		cb.Close()
		_ = <-ra.ended
	})
}

// RFC 6940 6.6.5: "a timeout to indicate when the link SHOULD be removed from the Routing Table. It is RECOMMENDED
// that such a connection be retained for 30 seconds".
// RELOAD: SR-3 FH-1
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a, ra := start(t, ca, 5000)
		far := bufio.NewReader(cb)
		begin := time.Now()
		must(t, a.Send([]byte("m")))
		f, err := readFrame(far, 5000, nil)
		must(t, err)
		if !<-ra.silent || time.Since(begin) != initialRTO {
			t.Errorf("silent after %v, want after %v", time.Since(begin), initialRTO)
		}
		<-time.After(10 * time.Second)
		_, _ = cb.Write(appendAck(nil, ack{sequence: f.sequence}))
		if <-ra.silent {
			t.Error("still silent after an acknowledgment")
		}

		<-time.After(10 * time.Second)
		begin = time.Now()
		must(t, a.Send([]byte("m")))
		_, err = readFrame(far, 5000, nil)
		must(t, err)
		if !<-ra.silent || time.Since(begin) != maxRTO {
			t.Errorf("silent after %v, want after %v: the round trip was 13 s", time.Since(begin), maxRTO)
		}
		if err := <-ra.ended; !errors.Is(err, ErrSilent) || time.Since(begin) != maxRTO+giveUp {
			t.Errorf("ended with %v after %v, want %v after %v", err, time.Since(begin), ErrSilent, maxRTO+giveUp)
		}
	})
}

// RELOAD: FH-1
func TestIdleLinkIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a, ra := start(t, ca, 5000)
		_, rb := start(t, cb, 5000)
		must(t, a.Send([]byte("m")))
		<-rb.messages
		<-time.After(24 * time.Hour)
		must(t, a.Send([]byte("n")))
		if got := <-rb.messages; got != "n" {
			t.Errorf("after a day: got %q, want n", got)
		}
		a.Close()
		_ = <-ra.ended
		_ = <-rb.ended
	})
}

// RFC 6940 6.6: "the peer SHOULD send an Error_Message_Too_Large error and then close".
// RELOAD: LNK-1
func TestTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a, ra := start(t, ca, 5000)
		b, rb := start(t, cb, 10)
		rb.reply = []byte("too large")
		must(t, a.Send(bytes.Repeat([]byte("x"), 1<<20)))
		if head := <-rb.tooLarge; string(head) != "xxxxxxxxxx" {
			t.Errorf("head %q, want the first ten bytes", head)
		}
		if got := <-ra.messages; got != "too large" {
			t.Errorf("got %q, want the refusal", got)
		}
		if err := <-rb.ended; !errors.Is(err, ErrTooLarge) {
			t.Errorf("b ended with %v, want %v", err, ErrTooLarge)
		}
		_ = <-ra.ended
		if err := b.Send(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("send on a closed link: got %v, want %v", err, ErrClosed)
		}
	})
}

func TestSlowFrameEndsTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		_, ra := start(t, ca, 5000)
		begin := time.Now()
		_, _ = cb.Write([]byte{frameData, 0})
		if err := <-ra.ended; time.Since(begin) != frameTimeout {
			t.Errorf("half a frame ended the link after %v with %v, want after %v", time.Since(begin), err, frameTimeout)
		}
	})
}

func TestGarbageEndsTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		_, ra := start(t, ca, 5000)
		_, _ = cb.Write([]byte("G"))
		if err := <-ra.ended; !errors.Is(err, errFrame) {
			t.Errorf("ended with %v, want %v", err, errFrame)
		}
	})
}

func TestFullQueueRefusesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe() // nobody reads cb
		a, ra := start(t, ca, 5000)
		var err error
		sent := 0
		for ; err == nil; sent++ {
			err = a.Send(make([]byte, 100))
			if sent > 10*queueLen {
				t.Fatal("the queue has no end")
			}
		}
		if !errors.Is(err, ErrQueueFull) || a.Stats().Dropped != 1 {
			t.Errorf("after %d messages: got %v, %d dropped, want %v and 1", sent, err, a.Stats().Dropped, ErrQueueFull)
		}
		if err := a.Send(make([]byte, queueBytes+1)); !errors.Is(err, ErrQueueFull) {
			t.Errorf("send of more bytes than the queue holds: got %v, want %v", err, ErrQueueFull)
		}
		cb.Close()
		_ = <-ra.ended
	})
}

func TestFarSideThatNeverReadsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, _ := net.Pipe()
		a, ra := start(t, ca, 5000)
		begin := time.Now()
		must(t, a.Send([]byte("m")))
		_ = <-ra.ended
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("given up after %v, want within a minute", took)
		}
	})
}

func TestDrainSendsWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		a, ra := start(t, ca, 5000)
		_, rb := start(t, cb, 5000)
		for range 50 {
			must(t, a.Send([]byte("m")))
		}
		why := errors.New("leaving")
		a.Drain(why)
		if err := <-ra.ended; !errors.Is(err, why) {
			t.Errorf("ended with %v, want %v", err, why)
		}
		_ = <-rb.ended
		if len(rb.messages) != 50 {
			t.Errorf("%d messages arrived, want 50", len(rb.messages))
		}
	})
}

func TestContextEndsTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, cb := net.Pipe()
		defer cb.Close()
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		l := New(ca, 5000, Events{})
		cancel(why)
		if err := l.Run(ctx); !errors.Is(err, why) {
			t.Errorf("got %v, want %v", err, why)
		}
	})
}
