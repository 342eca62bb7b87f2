package overlay_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/link"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// warnings keeps the lines logged at Warn and above.
type warnings struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func (h *warnings) Enabled(context.Context, slog.Level) bool { return true }
func (h *warnings) WithAttrs([]slog.Attr) slog.Handler       { return h }

func (h *warnings) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return nil
	}
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
	return nil
}

// containing returns the lines with some text in them.
func (h *warnings) containing(text string) (found []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.lines {
		if strings.Contains(l, text) {
			found = append(found, l)
		}
	}
	return found
}

// connects says whether a node's listener for links takes somebody with this identity.
func connects(t *testing.T, addr string, id *cert.Identity, v *cert.Verifier) bool {
	t.Helper()
	conn, err := link.Dial(t.Context(), addr, cert.TLSConfig(func() *cert.Identity { return id }, v))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Read(make([]byte, 1)) // TLS 1.3: a refusal comes after the client's handshake
	return err == nil
}

// RELOAD: LNK-2 SIG-8
func TestStrangersAreRefusedAndTheRestWorks(t *testing.T) {
	w := overlaytest.New(t, nil)
	log := &warnings{Handler: slog.DiscardHandler}
	first := w.Start(func(c *overlay.Config) { c.First, c.Logger = true, slog.New(log) })
	w.WaitJoined(first)
	w.AddBootstrap(first)
	addr := w.Status(first).Address
	verifier := cert.NewVerifier(overlaytest.Name, w.Document().Trust(), nil)

	root, key := overlaytest.Root(t)
	foreign := overlaytest.Issue(t, root, key, "eve@"+overlaytest.Name, time.Now().Add(time.Hour))
	for range 3 {
		if connects(t, addr, foreign, verifier) {
			t.Error("a certificate of another authority was accepted")
		}
	}
	expired := w.IdentityUntil("old@"+overlaytest.Name, time.Now().Add(-time.Minute))
	if connects(t, addr, expired, verifier) {
		t.Error("an expired certificate was accepted")
	}

	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for range 3 {
		garbage, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(garbage, "INVITE sip:bob SIP/2.0\r\n\r\n")
		_, _ = io.Copy(io.Discard, garbage)
		garbage.Close()
	}

	client := w.Client("alice@" + overlaytest.Name)
	ctx := w.Context()
	data := record(t, ctx, client)
	holds(w, first, client.User(), data)

	if _, err := io.Copy(io.Discard, silent); err != nil {
		t.Errorf("the silent connection ended with %v, want it closed", err)
	}
	for text, want := range map[string]int{"unknown authority": 1, "expired": 1, "not TLS": 1, "in time": 1} {
		w.Until(func() string {
			if got := log.containing(text); len(got) < want {
				return "no line in the log about " + text
			}
			return ""
		})
		if got := log.containing(text); len(got) != want {
			t.Errorf("logged about %q: %q, want %d", text, got, want)
		}
	}
}

// A member of the overlay that sends nonsense: not RELOAD, an unknown message code, a frame that is none.
// RELOAD: LNK-1 HDR-4 CNT-4
func TestNonsenseOfAMember(t *testing.T) {
	w := overlaytest.New(t, nil)
	log := &warnings{Handler: slog.DiscardHandler}
	first := w.Start(func(c *overlay.Config) { c.First, c.Logger = true, slog.New(log) })
	w.WaitJoined(first)
	w.AddBootstrap(first)
	id := w.Identity("odd@" + overlaytest.Name)
	verifier := cert.NewVerifier(overlaytest.Name, w.Document().Trust(), nil)
	conn, err := link.Dial(t.Context(), w.Status(first).Address, cert.TLSConfig(func() *cert.Identity { return id }, verifier))
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan *wire.Message, 10)
	l := link.New(conn, 60000, link.Events{
		Message: func(_ *link.Link, b []byte) {
			m := new(wire.Message)
			if err := m.UnmarshalBinary(b); err != nil {
				t.Errorf("answer %x: %v", b, err)
			}
			answers <- m
		},
		Silent:   func(*link.Link) {},
		TooLarge: func(*link.Link, []byte) {},
	})
	ended := make(chan error, 1)
	go func() { ended <- l.Run(t.Context()) }()

	for range 3 {
		if err := l.Send([]byte("this is not RELOAD")); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Send(signedContents(t, id, first.NodeID(), []byte{0x00, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0})); err != nil {
		t.Fatal(err)
	}
	if got := nextError(t, answers); got.Reason != wire.ErrorInvalidMessage {
		t.Errorf("unknown message code: got %v, want %v", got, wire.ErrorInvalidMessage)
	}
	if err := l.Send(signedContents(t, id, first.NodeID(), bigPing(t, 60000))); err != nil {
		t.Fatal(err)
	}
	if got := nextError(t, answers); got.Reason != wire.ErrorMessageTooLarge {
		t.Errorf("message too large: got %v, want %v", got, wire.ErrorMessageTooLarge)
	}
	_ = <-ended
	if got := log.containing("not understood"); len(got) != 1 {
		t.Errorf("logged about what is not RELOAD: %q, want one line", got)
	}
	client := w.Client("alice@" + overlaytest.Name)
	holds(w, first, client.User(), record(t, w.Context(), client))
}

func signedContents(t *testing.T, id *cert.Identity, to wire.NodeID, contents []byte) []byte {
	t.Helper()
	m := wire.Message{Contents: contents, Header: wire.ForwardingHeader{
		Overlay: wire.OverlayID(overlaytest.Name), TTL: 10, Fragment: wire.Whole,
		TransactionID: wire.TransactionID(len(contents)), Destinations: []wire.Destination{wire.ToNode(to)},
	}}
	if err := id.SignMessage(&m); err != nil {
		t.Fatal(err)
	}
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bigPing(t *testing.T, size int) []byte {
	t.Helper()
	b, err := wire.MarshalContents(&wire.PingReq{Padding: make([]byte, size)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// nextError waits for an error response and skips what else the peer has to say.
func nextError(t *testing.T, answers <-chan *wire.Message) *wire.ErrorResponse {
	t.Helper()
	for {
		select {
		case m := <-answers:
			c, err := wire.ParseContents(m.Contents)
			if err != nil {
				t.Fatalf("answer %x: %v", m.Contents, err)
			}
			if body, err := c.Decode(nil); err != nil {
				t.Fatalf("answer %x: %v", m.Contents, err)
			} else if e, ok := body.(*wire.ErrorResponse); ok {
				return e
			}
		case <-t.Context().Done():
			t.Fatal("no answer")
		}
	}
}
