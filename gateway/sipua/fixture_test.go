package sipua

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/gateway/call"
)

// patience bounds waits in tests; nothing depends on how much of it is used.
const patience = 20 * time.Second

// offerSDP and the like are what package media would say; here the dialog is tested, not the description.
func sdpText(name string) []byte {
	return []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=" + name + "\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n")
}

// paper is a Media that keeps the descriptions and moves no audio.
type paper struct {
	name string

	mu      sync.Mutex
	offers  int
	taken   []string // answers and offers of the far side, by their s= line
	refuse  bool     // everything is unacceptable
	closed  bool
	digits  chan call.Digit
	closing chan struct{}
}

func newPaper(name string) *paper {
	return &paper{name: name, digits: make(chan call.Digit, 64), closing: make(chan struct{})}
}

func (p *paper) Offer() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offers++
	return sdpText(fmt.Sprintf("%s-offer%d", p.name, p.offers)), nil
}

func (p *paper) Answer(offer []byte) ([]byte, error) {
	if err := p.take(offer); err != nil {
		return nil, err
	}
	return sdpText(p.name + "-answer"), nil
}

func (p *paper) SetAnswer(answer []byte) error { return p.take(answer) }

func (p *paper) take(sdp []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, rest, ok := strings.Cut(string(sdp), "\r\ns=")
	if !ok || p.refuse {
		return errors.New("not acceptable")
	}
	name, _, _ := strings.Cut(rest, "\r\n")
	p.taken = append(p.taken, name)
	return nil
}

func (p *paper) heard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.taken, " ")
}

func (p *paper) Play(ctx context.Context, _ call.Source) error {
	<-ctx.Done()
	return context.Cause(ctx)
}
func (p *paper) Record(ctx context.Context, _ call.Sink) error  { return p.Play(ctx, nil) }
func (p *paper) Digits() <-chan call.Digit                      { return p.digits }
func (p *paper) ReceiveDigit(d call.Digit)                      { p.digits <- d }
func (p *paper) SendDigits(ctx context.Context, _ string) error { return nil }
func (p *paper) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	return nil
}

// start starts a UA that ends with the test. Unset addresses are made free ports for the transports named.
func start(t testing.TB, c Config, transports ...Transport) *UA {
	t.Helper()
	for _, tr := range transports {
		switch tr {
		case UDP:
			c.UDP = "127.0.0.1:0"
		case TCP:
			c.TCP = "127.0.0.1:0"
		case TLS:
			c.TLS, c.TLSServer = "127.0.0.1:0", serverTLS(t)
		}
	}
	if c.Side == 0 {
		c.Side = call.Trunk
	}
	if testing.Verbose() {
		c.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("ua", t.Name())
	}
	u, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := u.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return u
}

var testCert = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "carrier.test"}, DNSNames: []string{"carrier.test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func serverTLS(t testing.TB) *tls.Config {
	t.Helper()
	cert, err := testCert()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

func trustTLS(t testing.TB) *tls.Config {
	t.Helper()
	cert, err := testCert()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{RootCAs: pool}
}

// hopTo is the way to a UA's listener.
func hopTo(t testing.TB, u *UA, tr Transport) Hop {
	h := Hop{Transport: tr, Host: u.Addr(tr).Addr().String(), Port: int(u.Addr(tr).Port())}
	if tr == TLS {
		h.TLS = trustTLS(t)
	}
	return h
}

// dialed starts a call to user at the hop.
func dialed(t testing.TB, u *UA, user string, hop Hop, m Media, edit ...func(*InviteConfig)) *Leg {
	t.Helper()
	c := InviteConfig{
		URI: "sip:" + user + "@tandem.test", From: Address{Name: "Alice", URI: "sip:alice@example.test"}, Hop: hop, Media: m,
	}
	for _, e := range edit {
		e(&c)
	}
	l, err := u.Invite(soon(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func within[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

func ended(t testing.TB, l *Leg, want call.Cause) {
	t.Helper()
	within(t, "end of leg", l.Context().Done())
	if got := context.Cause(l.Context()); !errors.Is(got, want) {
		t.Errorf("leg ended with %v, want %v", got, want)
	}
}

// peer is the far side written by hand: a UDP socket that says exactly what a test wants.
type peer struct {
	t    testing.TB
	conn net.PacketConn
	ua   net.Addr
}

func newPeer(t testing.TB, u *UA) *peer {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, conn: c}
	t.Cleanup(func() { go p.answerBye() }) // the UA, which closes later, hangs up what the test left
	if u != nil {
		p.ua = net.UDPAddrFromAddrPort(u.Addr(UDP))
	}
	return p
}

func (p *peer) hop() Hop {
	a := addrPort(p.conn.LocalAddr())
	return Hop{Transport: UDP, Host: a.Addr().String(), Port: int(a.Port())}
}

// send sends a message written with plain newlines; its Content-Length is added.
func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := p.conn.WriteTo(wireText(text), p.ua); err != nil {
		p.t.Fatal(err)
	}
}

// wireText makes a message of lines; the body begins after an empty one.
func wireText(text string) []byte {
	head, body, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n\n")
	head = strings.ReplaceAll(strings.TrimSpace(head), "\n", "\r\n")
	body = strings.ReplaceAll(body, "\n", "\r\n")
	if !strings.Contains(strings.ToLower(head), "content-length:") {
		head += fmt.Sprintf("\r\nContent-Length: %d", len(body))
	}
	return []byte(head + "\r\n\r\n" + body)
}

// message is what a peer received.
type message struct {
	start   string
	headers []string
	body    string
}

func parseMessage(b []byte) message {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	return message{lines[0], lines[1:], body}
}

func (m message) all(name string) []string {
	var vs []string
	for _, h := range m.headers {
		n, v, _ := strings.Cut(h, ":")
		if strings.EqualFold(n, name) {
			vs = append(vs, strings.TrimSpace(v))
		}
	}
	return vs
}

func (m message) get(name string) string {
	if vs := m.all(name); len(vs) > 0 {
		return vs[0]
	}
	return ""
}

func (m message) method() string { w, _, _ := strings.Cut(m.start, " "); return w }

// status is the status code of a response, 0 of a request.
func (m message) status() (code int) {
	_, _ = fmt.Sscanf(m.start, "SIP/2.0 %d", &code)
	return code
}

// receive gives the next message.
func (p *peer) receive() message {
	p.t.Helper()
	buf := make([]byte, 65536)
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		n, from, err := p.conn.ReadFrom(buf)
		if err != nil {
			p.t.Fatalf("peer: %v", err)
		}
		if len(bytes.TrimSpace(buf[:n])) == 0 {
			continue
		}
		p.ua = from
		return parseMessage(buf[:n])
	}
}

// answerBye answers the BYEs that are still to come.
func (p *peer) answerBye() {
	defer p.conn.Close()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, 65536)
	for {
		n, from, err := p.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if m := parseMessage(buf[:n]); m.method() == "BYE" {
			res := refusal(buf[:n], 200)
			_, _ = p.conn.WriteTo(res, from)
		}
	}
}

// expect gives the next message that is wanted, a method or a status, passing over repetitions and 100s.
func (p *peer) expect(want string) message {
	p.t.Helper()
	for {
		m := p.receive()
		if m.method() == want || strings.HasPrefix(m.start, "SIP/2.0 "+want) {
			return m
		}
		p.t.Logf("peer passes over %s (%s)", m.start, m.get("CSeq"))
	}
}

// reply answers a request with a status, extra header lines and a body.
func (p *peer) reply(req message, status, tag string, extra ...string) {
	p.t.Helper()
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\n")
	for _, v := range req.all("Via") {
		b.WriteString("Via: " + v + "\n")
	}
	to := req.get("To")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	b.WriteString("From: " + req.get("From") + "\nTo: " + to + "\nCall-ID: " + req.get("Call-ID") + "\nCSeq: " + req.get("CSeq") + "\n")
	if strings.HasPrefix(status, "1") || strings.HasPrefix(status, "2") {
		b.WriteString("Contact: <sip:peer@" + p.conn.LocalAddr().String() + ">\n")
	}
	body := ""
	for _, e := range extra {
		if strings.HasPrefix(e, "v=0") {
			body = strings.ReplaceAll(e, "\r\n", "\n")
			b.WriteString("Content-Type: application/sdp\n")
			continue
		}
		b.WriteString(e + "\n")
	}
	p.send(b.String() + "\n" + body)
}

// invite is an INVITE that peer sends; %s in it are the branch and whatever a test adds before the body.
func (p *peer) invite(branch, extra string) string {
	return p.request("INVITE", "sip:+15550100@tandem.test", branch, "ftag", "", 1, extra) + strings.ReplaceAll(string(sdpText("peer-offer")), "\r\n", "\n")
}

func (p *peer) request(method, uri, branch, fromTag, toTag string, cseq int, extra string) string {
	addr := p.conn.LocalAddr().String()
	to := "<sip:+15550100@tandem.test>"
	if toTag != "" {
		to += ";tag=" + toTag
	}
	ct := ""
	if method == "INVITE" {
		ct = "Content-Type: application/sdp\n"
	}
	return fmt.Sprintf("%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\nMax-Forwards: 70\nFrom: \"Bob\" <sip:+15550199@carrier.test>;tag=%s\nTo: %s\nCall-ID: call-%s\nCSeq: %d %s\nContact: <sip:bob@%s>\n%s%s\n",
		method, uri, addr, branch, fromTag, to, p.conn.LocalAddr().String(), cseq, method, addr, ct, extra)
}

func tagOf(value string) string {
	_, tag, _ := strings.Cut(value, ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}
