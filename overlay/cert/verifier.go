package cert

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"

	"tandem/overlay/wire"
)

// Bounds of what a Verifier remembers.
const (
	rememberedCertificates = 4096
	rememberedValues       = 16384
)

// Trust is what the configuration document says about certificates.
type Trust struct {
	Roots    []*x509.Certificate
	BadNodes []wire.NodeID // certificates with one of these Node-IDs are revoked

	// SelfSigned permits self-signed certificates whose Node-IDs are this digest of their key: HashSHA1 or
	// HashSHA256. 0: not permitted.
	SelfSigned wire.HashAlgorithm
}

// Verifier judges certificates and signatures of one overlay. It may be used by any number of goroutines.
type Verifier struct {
	overlay string
	now     func() time.Time
	trust   atomic.Pointer[trust]
}

// trust is a Trust in force and what was found good under it.
type trust struct {
	roots        *x509.CertPool
	bad          map[wire.NodeID]bool
	selfSigned   wire.HashAlgorithm
	certificates *cache[[32]byte, *accepted]
	values       *cache[[32]byte, struct{}]
}

// accepted is a certificate whose chain and profile were found good, and the time for which that holds.
type accepted struct {
	peer     Peer
	from, to time.Time
}

// NewVerifier makes a verifier for an overlay. now is the clock; nil is time.Now.
func NewVerifier(overlay string, t Trust, now func() time.Time) *Verifier {
	if now == nil {
		now = time.Now
	}
	v := &Verifier{overlay: overlay, now: now}
	v.SetTrust(t)
	return v
}

// SetTrust replaces roots and revocations, as a new configuration document says. What was remembered is forgotten.
func (v *Verifier) SetTrust(t Trust) {
	next := &trust{
		roots:        x509.NewCertPool(),
		bad:          make(map[wire.NodeID]bool, len(t.BadNodes)),
		selfSigned:   t.SelfSigned,
		certificates: newCache[[32]byte, *accepted](rememberedCertificates),
		values:       newCache[[32]byte, struct{}](rememberedValues),
	}
	for _, c := range t.Roots {
		next.roots.AddCert(c)
	}
	for _, n := range t.BadNodes {
		next.bad[n] = true
	}
	v.trust.Store(next)
}

// Certificate verifies a certificate, DER, and says whose it is. Others that came with it may be given as
// intermediates. The error wraps ErrCertificate.
func (v *Verifier) Certificate(der []byte, others ...[]byte) (Peer, error) {
	bucket := make([]carried, len(others))
	for i, o := range others {
		bucket[i].der = o
	}
	a, err := v.accept(sha256.Sum256(der), der, bucket)
	if err != nil {
		return Peer{}, err
	}
	return a.peer, nil
}

// accept is Certificate with the hash of der.
func (v *Verifier) accept(hash [32]byte, der []byte, others []carried) (*accepted, error) {
	t, now := v.trust.Load(), v.now()
	a, known := t.certificates.get(hash)
	if !known || now.Before(a.from) || now.After(a.to) {
		var err error
		if a, err = v.verify(t, der, others, now); err != nil {
			return nil, err
		}
		t.certificates.put(hash, a)
	}
	for _, n := range a.peer.NodeIDs {
		if t.bad[n] {
			return nil, fmt.Errorf("%w: Node-ID %v is revoked", ErrCertificate, n)
		}
	}
	return a, nil
}

func (v *Verifier) verify(t *trust, der []byte, others []carried, now time.Time) (*accepted, error) {
	// A copy: what is remembered must not keep a whole message in memory.
	c, err := x509.ParseCertificate(bytes.Clone(der))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	peer, err := readProfile(c, v.overlay)
	if err != nil {
		return nil, err
	}
	a := &accepted{peer: peer, from: c.NotBefore, to: c.NotAfter}
	if t.selfSigned != 0 && bytes.Equal(c.RawIssuer, c.RawSubject) {
		return a, a.verifySelfSigned(t.selfSigned, now)
	}
	return a, a.verifyChain(t.roots, others, now)
}

func (a *accepted) verifyChain(roots *x509.CertPool, others []carried, now time.Time) error {
	chains, err := a.peer.Certificate.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates(others),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	for _, c := range chains[0] {
		if c.NotBefore.After(a.from) {
			a.from = c.NotBefore
		}
		if c.NotAfter.Before(a.to) {
			a.to = c.NotAfter
		}
	}
	return nil
}

// maxIntermediates bounds the work that a stranger's bucket of certificates can cause.
const maxIntermediates = 4

func intermediates(others []carried) *x509.CertPool {
	pool, n := x509.NewCertPool(), 0
	for _, o := range others[:min(len(others), 2*maxIntermediates)] {
		if c, err := x509.ParseCertificate(o.der); err == nil && c.IsCA && n < maxIntermediates {
			pool.AddCert(c)
			n++
		}
	}
	return pool
}

// verifySelfSigned checks what stands in place of a chain: the Node-IDs follow from the key (§11.3.1).
func (a *accepted) verifySelfSigned(digest wire.HashAlgorithm, now time.Time) error {
	c := a.peer.Certificate
	if now.Before(a.from) || now.After(a.to) {
		return fmt.Errorf("%w: not valid now", ErrCertificate)
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	for _, n := range selfSignedIDs(c.RawSubjectPublicKeyInfo, digest, len(a.peer.NodeIDs)) {
		if !a.peer.Is(n) {
			return fmt.Errorf("%w: Node-ID does not follow from the key", ErrCertificate)
		}
	}
	return nil
}
