package enroll

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// rootLifetime is how long a new authority's certificate is valid.
const rootLifetime = 20 * 365 * 24 * time.Hour

// Authority is the certificate authority of one overlay. It may be used by any number of goroutines.
type Authority struct {
	Overlay string
	Root    *x509.Certificate

	key crypto.Signer
	now func() time.Time
}

// NewAuthority makes an authority with a new key. now is the clock; nil is time.Now.
func NewAuthority(overlay string, now func() time.Time) (*Authority, error) {
	key, err := cert.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	now = clock(now)
	der, err := cert.NewRoot(overlay, key, now(), rootLifetime)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	return &Authority{Overlay: overlay, Root: root, key: key, now: now}, nil
}

// LoadAuthority takes an authority from what CertificateDER and KeyDER gave.
func LoadAuthority(overlay string, certificate, key []byte, now func() time.Time) (*Authority, error) {
	root, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("load the certificate authority: %w", err)
	}
	signer, err := cert.ParseKey(key)
	if err != nil {
		return nil, fmt.Errorf("load the certificate authority: %w", err)
	}
	if pub, ok := root.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(signer.Public()) {
		return nil, fmt.Errorf("load the certificate authority: certificate and key do not belong together")
	}
	return &Authority{Overlay: overlay, Root: root, key: signer, now: clock(now)}, nil
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// CertificateDER is the authority's certificate.
func (a *Authority) CertificateDER() []byte { return a.Root.Raw }

// KeyDER is the authority's private key as PKCS #8. Whoever has it issues certificates.
func (a *Authority) KeyDER() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode the authority's key: %w", err)
	}
	return der, nil
}

// Fingerprint is the SHA-256 of the authority's certificate.
func (a *Authority) Fingerprint() [32]byte { return sha256.Sum256(a.Root.Raw) }

// Issue makes a certificate that binds node and user to a public key, valid from now for lifetime (0: cert.Lifetime).
func (a *Authority) Issue(user string, node wire.NodeID, pub crypto.PublicKey, lifetime time.Duration) (der []byte, notAfter time.Time, err error) {
	if lifetime == 0 {
		lifetime = cert.Lifetime
	}
	now := a.now()
	r := cert.Request{
		NodeIDs: []wire.NodeID{node}, User: user, Overlay: a.Overlay, PublicKey: pub,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime).Truncate(time.Second),
	}
	if der, err = cert.Issue(a.Root, a.key, r); err != nil {
		return nil, time.Time{}, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("issue a certificate: %w", err)
	}
	return der, c.NotAfter, nil
}

// NewIdentity makes a key and a certificate for it: the identity of a server peer.
func (a *Authority) NewIdentity(user string, node wire.NodeID) (*cert.Identity, error) {
	return a.newIdentity(user, node, cert.Lifetime)
}

func (a *Authority) newIdentity(user string, node wire.NodeID, lifetime time.Duration) (*cert.Identity, error) {
	key, err := cert.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make an identity: %w", err)
	}
	der, _, err := a.Issue(user, node, key.Public(), lifetime)
	if err != nil {
		return nil, err
	}
	return cert.NewIdentity(der, key, a.Overlay)
}

// SignerID is the Node-ID under which the authority signs configuration documents and Kinds. It follows from the
// authority's key, so that every server peer that has the key signs as the same.
func (a *Authority) SignerID() wire.NodeID {
	sum := sha256.Sum256(append([]byte("tandem configuration-signer\x00"), a.Root.RawSubjectPublicKeyInfo...))
	return wire.NodeID(sum[:wire.IDLength])
}

// Signer is an identity to sign one configuration document with and then to forget. Its key is new each time; its
// certificate lasts as long as the authority, so that a document stays good until the next one.
func (a *Authority) Signer() (*cert.Identity, error) {
	return a.newIdentity("configuration@"+a.Overlay, a.SignerID(), rootLifetime)
}

// TLSConfig is for the HTTPS server of the enrollment. Its certificate is for hosts (names or addresses) and the
// overlay's name (§11.3), made anew when a third of its life is left.
func (a *Authority) TLSConfig(hosts ...string) (*tls.Config, error) {
	s := &serverCertificate{authority: a, hosts: append([]string{a.Overlay}, hosts...)}
	if _, err := s.get(nil); err != nil {
		return nil, err
	}
	// A client that renews shows its present certificate; the Server looks at it.
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.get, ClientAuth: tls.RequestClientCert}, nil
}

// Invitation is the link that leads to the enrollment server at host ("name:port").
func (a *Authority) Invitation(host, user, secret string) string {
	sum := a.Fingerprint()
	return (&url.URL{
		Scheme: "https", Host: host, Path: "/join/" + secret,
		RawQuery: url.Values{"user": {user}}.Encode(), Fragment: "sha256:" + hex.EncodeToString(sum[:]),
	}).String()
}
