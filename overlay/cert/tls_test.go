package cert_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"tandem/overlay/cert"
)

// handshake runs one over a pipe and says how it went on both sides.
func handshake(t *testing.T, client, server *tls.Config) (clientState, serverState tls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	a, b := net.Pipe()
	c, s := tls.Client(a, client), tls.Server(b, server)
	done := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x")) // a TLS 1.3 client learns of a refusal only by reading
		}
		_ = b.Close()
		done <- err
	}()
	clientErr = c.Handshake()
	if clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	_ = a.Close()
	serverErr = <-done
	return c.ConnectionState(), s.ConnectionState(), clientErr, serverErr
}

func config(id *cert.Identity, v *cert.Verifier) *tls.Config {
	return cert.TLSConfig(func() *cert.Identity { return id }, v)
}

// RELOAD: LNK-2 ATT-7
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	alice, bob := a.identity(t, "alice@example.org", node(1)), a.identity(t, "bob@example.org", node(2))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c, s := config(alice, a.verifier()), config(bob, a.verifier())
		c.MaxVersion = version
		cs, ss, cerr, serr := handshake(t, c, s)
		if cerr != nil || serr != nil {
			t.Fatalf("TLS %#x: client %v, server %v", version, cerr, serr)
		}
		peer, err := a.verifier().PeerOf(cs)
		if err != nil || peer.NodeID() != node(2) || peer.User != "bob@example.org" {
			t.Errorf("the client sees %v, %v", peer, err)
		}
		if peer, err = a.verifier().PeerOf(ss); err != nil || peer.NodeID() != node(1) {
			t.Errorf("the server sees %v, %v", peer, err)
		}
	}
}

// RELOAD: LNK-2 CFG-7
func TestTLSRefused(t *testing.T) {
	a := newAuthority(t)
	alice, bob := a.identity(t, "alice@example.org", node(1)), a.identity(t, "bob@example.org", node(2))
	eve := newAuthority(t).identity(t, "alice@example.org", node(1))
	if _, _, _, serr := handshake(t, config(eve, a.verifier()), config(bob, a.verifier())); !errors.Is(serr, cert.ErrCertificate) {
		t.Errorf("server takes a stranger: %v", serr)
	}
	if _, _, cerr, _ := handshake(t, config(alice, a.verifier()), config(eve, newAuthority(t).verifier())); !errors.Is(cerr, cert.ErrCertificate) {
		t.Errorf("client takes a stranger: %v", cerr)
	}
	if _, _, cerr, _ := handshake(t, config(alice, a.verifier(node(2))), config(bob, a.verifier())); !errors.Is(cerr, cert.ErrCertificate) {
		t.Errorf("client takes a revoked node: %v", cerr)
	}
	if _, _, _, serr := handshake(t, &tls.Config{InsecureSkipVerify: true}, config(bob, a.verifier())); serr == nil {
		t.Error("server takes a client without certificate")
	}
}
