package sipua

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tandem/gateway/call"
)

func TestLostConnectionEndsWhatWaitsOnIt(t *testing.T) {
	t.Run("ringing", func(t *testing.T) {
		legs := make(chan *Leg, 1)
		a := start(t, Config{Side: call.Overlay, Domain: "overlay.test"})
		b := start(t, Config{Side: call.Overlay, Domain: "overlay.test", OnInvite: func(ctx context.Context, l *Leg) {
			_ = l.Ring(ctx)
			legs <- l
			<-ctx.Done()
		}})
		ca, _ := join(t, a, b)
		out := dialed(t, a, "bob", Hop{Node: "bb"}, newPaper("caller"))
		in := within(t, "leg", legs)
		within(t, "ringing", out.Progress())
		ca.Close()
		waitFails(t, out, 503, call.NetworkOutOfOrder)
		ended(t, in, call.NetworkOutOfOrder)
		if a.Reach("bb") {
			t.Error("the node is still thought reachable")
		}
		if _, err := a.Invite(soon(t), InviteConfig{URI: "sips:b@overlay.test", From: Address{URI: "sips:a@overlay.test"}, Hop: Hop{Node: "bb"}, Media: newPaper("x")}); !errors.Is(err, ErrNotConnected) {
			t.Errorf("a call without connection: %v", err)
		}
	})
	t.Run("answered, then hung up", func(t *testing.T) {
		legs := make(chan *Leg, 1)
		p := overlayPair(t, Config{OnInvite: answerer(legs)})
		out := dialed(t, p.a, "bob", p.hop, newPaper("caller"))
		if err := out.WaitAnswer(soon(t)); err != nil {
			t.Fatal(err)
		}
		in := within(t, "leg", legs)
		p.a.Disconnect("bb")
		p.b.Disconnect("aa")
		if in.Context().Err() != nil || out.Context().Err() != nil {
			t.Error("media may live on without its signalling")
		}
		in.Hangup(call.NormalClearing)
		out.Hangup(call.NormalClearing)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := p.b.Close(ctx); err != nil { // nothing to wait for
			t.Error(err)
		}
	})
	t.Run("another connection carries on", func(t *testing.T) {
		legs := make(chan *Leg, 1)
		a := start(t, Config{Side: call.Overlay, Domain: "overlay.test"})
		b := start(t, Config{Side: call.Overlay, Domain: "overlay.test", OnInvite: answerer(legs)})
		old, _ := join(t, a, b)
		out := dialed(t, a, "bob", Hop{Node: "bb"}, newPaper("caller"))
		in := within(t, "leg", legs)
		if err := out.WaitAnswer(soon(t)); err != nil {
			t.Fatal(err)
		}
		join(t, a, b)
		old.Close()
		in.Hangup(call.NormalClearing)
		ended(t, out, call.NormalClearing)
	})
}

func TestTwoConnectionsToOneNode(t *testing.T) {
	legs := make(chan *Leg, 2)
	a := start(t, Config{Side: call.Overlay, Domain: "overlay.test"})
	b := start(t, Config{Side: call.Overlay, Domain: "overlay.test", OnInvite: answerer(legs)})
	join(t, a, b)
	first := dialed(t, a, "bob", Hop{Node: "bb"}, newPaper("one"))
	inFirst := within(t, "first", legs)
	newer, _ := join(t, a, b)
	second := dialed(t, a, "bob", Hop{Node: "bb"}, newPaper("two"))
	inSecond := within(t, "second", legs)
	newer.Close()
	if !a.Reach("bb") {
		t.Error("the older connection was forgotten")
	}
	first.Hangup(call.NormalClearing)
	ended(t, inFirst, call.NormalClearing)
	inSecond.Hangup(call.NormalClearing)
	second.Hangup(call.NormalClearing)
}

func TestAnotherNodeCannotTouchADialog(t *testing.T) {
	legs := make(chan *Leg, 1)
	p := overlayPair(t, Config{OnInvite: answerer(legs)})
	out := dialed(t, p.a, "bob", p.hop, newPaper("caller"))
	if err := out.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	in := within(t, "leg", legs)
	evil, theirs := tcpPipe(t)
	defer evil.Close()
	if err := p.b.Serve(theirs, Peer{Node: "ee", User: "eve@overlay.test"}); err != nil {
		t.Fatal(err)
	}
	in.mu.Lock()
	tags := [2]string{in.dlg.remoteTag, in.dlg.localTag}
	in.mu.Unlock()
	bye := fmt.Sprintf("BYE sips:bob@overlay.test SIP/2.0\nVia: SIP/2.0/TLS x.test;branch=z9hG4bKe\nMax-Forwards: 70\nFrom: <sip:a@b>;tag=%s\nTo: <sip:b@b>;tag=%s\nCall-ID: %s\nCSeq: 99 BYE\n", tags[0], tags[1], in.CallID())
	if _, err := evil.Write(wireText(bye)); err != nil {
		t.Fatal(err)
	}
	readResponses(t, evil, func(m message) bool {
		if m.status() != 481 {
			t.Errorf("BYE from another node: %s", m.start)
		}
		return true
	})
	if in.Context().Err() != nil {
		t.Error("another node ended the call")
	}
}

func TestManyNodesAtOnce(t *testing.T) {
	const n = 20
	a := start(t, Config{Side: call.Overlay, Domain: "overlay.test"})
	for i := range n {
		node := fmt.Sprintf("%02x", i)
		b := start(t, Config{Side: call.Overlay, Domain: "overlay.test", OnInvite: func(ctx context.Context, l *Leg) {
			l.Refuse(&StatusError{Code: 404, Reason: "I am " + node})
		}})
		ca, cb := tcpPipe(t)
		if err := errors.Join(a.Serve(ca, Peer{Node: node}), b.Serve(cb, Peer{Node: "aa", User: "alice@overlay.test"})); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		l := dialed(t, a, "who", Hop{Node: fmt.Sprintf("%02x", i)}, newPaper("x"))
		var e *StatusError
		if err := l.WaitAnswer(soon(t)); !errors.As(err, &e) || e.Reason != fmt.Sprintf("I am %02x", i) {
			t.Errorf("node %02x answered %v", i, err)
		}
	}
}

func TestOneNodeHasSoManyConnections(t *testing.T) {
	b := start(t, Config{Side: call.Overlay, Domain: "overlay.test"})
	var ours []net.Conn
	for range maxNodeStreams + 1 {
		near, far := tcpPipe(t)
		defer near.Close()
		if err := b.Serve(far, Peer{Node: "aa", User: "alice@overlay.test"}); err != nil {
			t.Fatal(err)
		}
		ours = append(ours, near)
	}
	if _, err := ours[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest connection: %v; want it closed", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.nodes["aa"]); n != maxNodeStreams {
		t.Errorf("%d connections are kept; want %d", n, maxNodeStreams)
	}
}

func TestTLSNameIsVerified(t *testing.T) {
	b := start(t, Config{OnInvite: answerer(make(chan *Leg, 1))}, TLS)
	a := start(t, Config{})
	hop := hopTo(t, b, TLS)
	hop.TLS.ServerName = "somebody.else.test"
	_, err := a.Invite(soon(t), InviteConfig{URI: "sip:x@y.test", From: Address{URI: "sip:a@b.test"}, Hop: hop, Media: newPaper("x")})
	var bad *tls.CertificateVerificationError
	if !errors.As(err, &bad) {
		t.Errorf("a certificate for another name: %v", err)
	}
}

func TestStreamFraming(t *testing.T) {
	options := func(extra string) string {
		return "OPTIONS sip:x@tandem.test SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK" + newTag() + "\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: frame\r\nCSeq: 1 OPTIONS\r\n" + extra + "\r\n"
	}
	tests := []struct {
		name, send string
		want       []string // start lines; then "closed" or "ping"
	}{
		{"whole", options("Content-Length: 0\r\n"), []string{"SIP/2.0 200 OK"}},
		{"compact length, empty lines before", "\r\n" + options("l: 0\r\n"), []string{"SIP/2.0 200 OK"}},
		{"two in one", options("Content-Length: 3\r\n") + "abc" + options("Content-Length:0\r\n"), []string{"SIP/2.0 200 OK", "SIP/2.0 200 OK"}},
		{"ping", "\r\n\r\n", []string{"ping"}},
		{"two lengths hide a request", options("Content-Length: 500\r\nContent-Length: 0\r\n") + options("Content-Length: 0\r\n"), []string{"SIP/2.0 400 Bad Request", "closed"}},
		{"no length", options(""), []string{"SIP/2.0 400 Bad Request", "closed"}},
		{"length is no number", options("Content-Length: many\r\n"), []string{"SIP/2.0 400 Bad Request", "closed"}},
		{"too long a body", options("Content-Length: 9999999\r\n"), []string{"SIP/2.0 400 Bad Request", "closed"}},
		{"too long a head", options("X: " + strings.Repeat("x", 40000) + "\r\nContent-Length: 0\r\n"), []string{"SIP/2.0 513 Message Too Large", "closed"}},
		{"not SIP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", []string{"closed"}},
	}
	u := start(t, Config{OnInvite: silent(make(chan *Leg, 1))}, TCP)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := net.Dial("tcp", u.Addr(TCP).String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			go func() { _, _ = c.Write([]byte(tt.send)) }()
			r := bufio.NewReader(c)
			for _, want := range tt.want {
				got := "ping"
				if want == "ping" {
					if _, err := io.ReadFull(r, make([]byte, 2)); err != nil {
						got = err.Error()
					}
				} else if b, err := readMessage(r, func() {}, func() {}); err == nil {
					got = parseMessage(b).start
				} else {
					got = "closed"
				}
				if got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	u := start(t, Config{MaxConns: 2, OnInvite: silent(make(chan *Leg, 1))}, TCP)
	var conns []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", u.Addr(TCP).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		conns = append(conns, c)
	}
	alive := 0
	for _, c := range conns {
		_, _ = c.Write([]byte("\r\n\r\n"))
		if _, err := io.ReadFull(c, make([]byte, 2)); err == nil {
			alive++
		}
	}
	if alive != 2 {
		t.Errorf("%d connections are served, want 2", alive)
	}
}

func TestUnwantedSourcesAreClosed(t *testing.T) {
	u := start(t, Config{AllowSource: func(netip.Addr) bool { return false }}, TCP, UDP)
	c, err := net.Dial("tcp", u.Addr(TCP).String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && err == nil {
		t.Error("a stranger's connection is served")
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("OPTIONS sip:x SIP/2.0\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nSIP/2.0 200 OK\r\nl: 0\r\n\r\n"))
	f.Add([]byte("X\nContent-Length: 3\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(in), 4096)
		total := 0
		for {
			m, err := readMessage(r, func() {}, func() {})
			if err != nil {
				return
			}
			total += len(m)
			if len(m) == 0 || total > len(in) {
				t.Fatalf("message of %d bytes, %d in all of %d", len(m), total, len(in))
			}
			if s := inspect(m); s > 0 {
				if b := refusal(m, s); b != nil && !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
					t.Fatalf("refusal %q", b)
				}
			}
		}
	})
}
