package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"time"

	"tandem/overlay/wire"
)

// Lifetime is how long certificates are valid by default. They are renewed well before.
const Lifetime = 90 * 24 * time.Hour

// backdate lets certificates be used by nodes whose clocks are slow.
const backdate = time.Hour

// NewKey makes a P-256 key.
func NewKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// NewRoot makes the self-signed certificate of an overlay's certificate authority.
func NewRoot(overlay string, key crypto.Signer, now time.Time, lifetime time.Duration) (der []byte, err error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "RELOAD overlay " + overlay},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(lifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		return nil, fmt.Errorf("make a root certificate: %w", err)
	}
	return der, nil
}

// Request is what a certificate is to say.
type Request struct {
	NodeIDs   []wire.NodeID
	User      string // the rfc822Name
	Overlay   string
	PublicKey crypto.PublicKey
	NotBefore time.Time
	NotAfter  time.Time
}

// Issue makes an overlay certificate (§11.3) signed by root.
func Issue(root *x509.Certificate, key crypto.Signer, r Request) (der []byte, err error) {
	if !ValidUser(r.User) {
		return nil, fmt.Errorf("issue a certificate: user name %.100q", r.User)
	}
	if len(r.NodeIDs) == 0 || len(r.NodeIDs) > maxNodeIDs {
		return nil, fmt.Errorf("issue a certificate: %d Node-IDs", len(r.NodeIDs))
	}
	t := leaf(r.PublicKey, r.NotBefore, r.NotAfter)
	t.EmailAddresses = []string{r.User}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	for _, n := range r.NodeIDs {
		t.URIs = append(t.URIs, NodeURI(n, r.Overlay))
	}
	return sign(t, root, r.PublicKey, key)
}

// IssueServer makes a certificate for the HTTPS server of the enrollment: DNS names and addresses, no Node-ID.
func IssueServer(root *x509.Certificate, key crypto.Signer, hosts []string, pub crypto.PublicKey, from, to time.Time) (der []byte, err error) {
	t := leaf(pub, from, to)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if h != "" {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	return sign(t, root, pub, key)
}

// leaf is what all end certificates have. The subject stays empty, which makes the subjectAltName critical.
func leaf(pub crypto.PublicKey, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		NotBefore:             from,
		NotAfter:              to,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		SubjectKeyId:          keyID(pub),
		URIs:                  []*url.URL{},
	}
}

func sign(t, root *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (der []byte, err error) {
	if t.SerialNumber, err = newSerial(); err != nil {
		return nil, err
	}
	if t.NotAfter.After(root.NotAfter) {
		t.NotAfter = root.NotAfter
	}
	if der, err = x509.CreateCertificate(rand.Reader, t, root, pub, key); err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	return der, nil
}

func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

// NewNodeID draws a Node-ID (§11.3: cryptographically random).
func NewNodeID() (wire.NodeID, error) {
	var n wire.NodeID
	for n.IsZero() || n == wire.Wildcard {
		if _, err := rand.Read(n[:]); err != nil {
			return n, fmt.Errorf("draw a Node-ID: %w", err)
		}
	}
	return n, nil
}
