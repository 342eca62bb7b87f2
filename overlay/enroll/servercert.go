package enroll

import (
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"tandem/overlay/cert"
)

// serverCertificate is the HTTPS server's, renewed in time.
type serverCertificate struct {
	authority *Authority
	hosts     []string

	mu      sync.Mutex
	current *tls.Certificate
	renew   time.Time
}

func (s *serverCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.authority.now()
	if s.current != nil && now.Before(s.renew) {
		return s.current, nil
	}
	c, err := s.make(now)
	if err != nil {
		return nil, err
	}
	s.current, s.renew = c, now.Add(cert.Lifetime*2/3)
	return c, nil
}

// make puts the authority's certificate into the chain, so that a client that knows its fingerprint finds it.
func (s *serverCertificate) make(now time.Time) (*tls.Certificate, error) {
	key, err := cert.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make the enrollment server's certificate: %w", err)
	}
	a := s.authority
	der, err := cert.IssueServer(a.Root, a.key, s.hosts, key.Public(), now.Add(-time.Hour), now.Add(cert.Lifetime))
	if err != nil {
		return nil, fmt.Errorf("make the enrollment server's certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.Root.Raw}, PrivateKey: key}, nil
}
