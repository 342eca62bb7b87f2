package enroll_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"tandem/overlay/config"
	"tandem/overlay/enroll"
	"tandem/overlay/wire"
)

const overlay = "example.org"

// book is an Admission that keeps its secrets in memory.
type book struct {
	mu      sync.Mutex
	secrets map[string]string      // secret to user
	devices map[wire.NodeID]string // who enrolled
	revoked map[wire.NodeID]bool
}

func (b *book) Admit(ctx context.Context, user, secret string, issue enroll.Issue) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if owner, ok := b.secrets[secret]; !ok || owner != user {
		return enroll.ErrRefused
	}
	node, _, _, err := issue(ctx)
	if err != nil {
		return err
	}
	delete(b.secrets, secret)
	b.devices[node] = user
	return nil
}

func (b *book) Renew(ctx context.Context, user string, node wire.NodeID, issue enroll.Issue) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.devices[node] != user || b.revoked[node] {
		return enroll.ErrRefused
	}
	_, _, _, err := issue(ctx)
	return err
}

// site is an overlay's enrollment server on loopback.
type site struct {
	authority *enroll.Authority
	book      *book
	server    *http.Server
	host      string

	mu       sync.Mutex
	document []byte
}

func newSite(t *testing.T) *site {
	t.Helper()
	a, err := enroll.NewAuthority(overlay, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{authority: a, book: &book{
		secrets: map[string]string{"s3cret": "alice@example.org"}, devices: map[wire.NodeID]string{}, revoked: map[wire.NodeID]bool{},
	}}
	handler := enroll.NewServer(enroll.ServerConfig{
		Authority: a, Document: s.current, Admission: s.book, Logger: slog.New(slog.DiscardHandler),
	})
	tlsConfig, err := a.TLSConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s.server, s.host = serve(t, handler, tlsConfig)
	s.publish(t, func(*config.Document) {})
	return s
}

// serve serves over TLS on a port of loopback until the test ends.
func serve(t *testing.T, handler http.Handler, config *tls.Config) (server *http.Server, host string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server = &http.Server{Handler: handler, TLSConfig: config, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(l, "", "")
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return server, l.Addr().String()
}

func (s *site) current() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.document
}

// publish makes and signs the document.
func (s *site) publish(t *testing.T, change func(*config.Document)) {
	t.Helper()
	signer, err := s.authority.Signer()
	if err != nil {
		t.Fatal(err)
	}
	d := config.New(overlay)
	d.Roots = []*x509.Certificate{s.authority.Root}
	d.EnrollmentServers = []string{"https://" + s.host + "/enroll"}
	d.ConfigurationSigners, d.KindSigners = []wire.NodeID{signer.NodeID()}, []wire.NodeID{signer.NodeID()}
	change(d)
	signed, err := d.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.document = signed.Raw
}

func (s *site) link() string { return s.authority.Invitation(s.host, "alice@example.org", "s3cret") }

// client is an HTTP client that asks no questions.
func (s *site) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: time.Minute, Transport: transport}
}
