package link

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// logCounter counts the lines logged.
type logCounter struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
	wrote chan struct{}
}

func newLogCounter() *logCounter {
	return &logCounter{Handler: slog.DiscardHandler, wrote: make(chan struct{}, 1000)}
}

func (h *logCounter) Enabled(context.Context, slog.Level) bool { return true }

func (h *logCounter) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	h.mu.Lock()
	h.lines = append(h.lines, line)
	h.mu.Unlock()
	h.wrote <- struct{}{}
	return nil
}

func (h *logCounter) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines
}

// testTLS returns configurations of a server that demands a certificate and of a client that has one.
func testTLS(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	own, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(own)
	pair := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	server = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	client = &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, InsecureSkipVerify: true}
	return server, client
}

func serve(t *testing.T, config *tls.Config, log slog.Handler) (*Listener, <-chan *tls.Conn) {
	t.Helper()
	ln, err := Listen(t.Context(), "127.0.0.1:0", config, slog.New(log))
	must(t, err)
	conns := make(chan *tls.Conn, 100)
	ended := make(chan error, 1)
	go func() { ended <- ln.Serve(t.Context(), func(c *tls.Conn) { conns <- c }) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln, conns
}

// RELOAD: LNK-2 NOICE-1
func TestListenerTakesAuthenticatedConnections(t *testing.T) {
	server, client := testTLS(t)
	ln, conns := serve(t, server, slog.DiscardHandler)
	c, err := Dial(t.Context(), ln.Addr().String(), client)
	must(t, err)
	defer func() { _ = c.Close() }()
	s := <-conns
	defer func() { _ = s.Close() }()
	if s.ConnectionState().Version < tls.VersionTLS12 || len(s.ConnectionState().PeerCertificates) != 1 {
		t.Errorf("connection state %+v, want TLS 1.2 or later and the client's certificate", s.ConnectionState())
	}
	go func() { _, _ = c.Write([]byte("x")) }()
	if _, err := io.ReadFull(s, make([]byte, 1)); err != nil {
		t.Errorf("read: %v", err)
	}
}

// RELOAD: LNK-2
func TestListenerRefusesAndLogsOnce(t *testing.T) {
	server, client := testTLS(t)
	log := newLogCounter()
	ln, conns := serve(t, server, log)

	anonymous := client.Clone()
	anonymous.Certificates = nil
	for range 3 {
		if c, err := Dial(t.Context(), ln.Addr().String(), anonymous); err == nil {
			_, _ = c.Read(make([]byte, 1)) // TLS 1.3: the refusal comes after the client's handshake
			_ = c.Close()
		}
		garbage, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		_, _ = garbage.Write([]byte("REGISTER sip:nobody SIP/2.0\r\n\r\n"))
		_, _ = io.Copy(io.Discard, garbage)
		garbage.Close()
	}
	c, err := Dial(t.Context(), ln.Addr().String(), client)
	must(t, err)
	defer func() { _ = c.Close() }()
	_ = (<-conns).Close()
	if lines := log.all(); len(lines) != 2 {
		t.Errorf("logged %q, want one line for each of two reasons", lines)
	}
}

func TestListenerLimitsStrangers(t *testing.T) {
	server, client := testTLS(t)
	log := newLogCounter()
	ln, conns := serve(t, server, log)
	var silent []net.Conn
	for range maxStrangersPerSource {
		c, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		silent = append(silent, c)
	}
	one, err := net.Dial("tcp", ln.Addr().String())
	must(t, err)
	if _, err := one.Read(make([]byte, 1)); err == nil {
		t.Error("one stranger too many was heard")
	}
	one.Close()
	<-log.wrote
	for _, c := range silent {
		c.Close()
	}
	c, err := dialUntil(t, ln, client)
	must(t, err)
	defer func() { _ = c.Close() }()
	_ = (<-conns).Close()
}

// dialUntil tries until the listener has noticed that the strangers are gone.
func dialUntil(t *testing.T, ln *Listener, client *tls.Config) (c *tls.Conn, err error) {
	for t.Context().Err() == nil {
		if c, err = Dial(t.Context(), ln.Addr().String(), client); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func TestSource(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1:6084":              "192.0.2.1",
		"[::ffff:192.0.2.1]:6084":     "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:6084": "2001:db8:1:2::",
		"[fe80::1:2:3:4%eth0]:6084":   "fe80::",
	} {
		a, err := net.ResolveTCPAddr("tcp", in)
		must(t, err)
		if got := source(a).String(); got != want {
			t.Errorf("source(%s) = %s, want %s", in, got, want)
		}
	}
}
