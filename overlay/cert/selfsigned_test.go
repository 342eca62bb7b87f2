package cert_test

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"math/big"
	"net/url"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// "the Node-ID MUST be computed by applying the digest ... to the DER representation of the user's public key (more
// specifically, the subjectPublicKeyInfo) and taking the high-order bits" (§11.3.1).
// RELOAD: CRT-5
func TestSelfSigned(t *testing.T) {
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	spki := must(x509.MarshalPKIXPublicKey(key.Public()))
	s1, s256 := sha1.Sum(spki), sha256.Sum256(spki)
	second := sha256.Sum256(append([]byte{0, 0, 0, 2}, spki...))
	first := sha256.Sum256(append([]byte{0, 0, 0, 1}, spki...))
	id := func(sum []byte) wire.NodeID { return wire.NodeID(sum[:16]) }
	for name, row := range map[string]struct {
		permitted wire.HashAlgorithm
		nodes     []wire.NodeID
		ok        bool
		after     time.Duration
	}{
		"SHA-1":         {wire.HashSHA1, []wire.NodeID{id(s1[:])}, true, 0},
		"SHA-256":       {wire.HashSHA256, []wire.NodeID{id(s256[:])}, true, 0},
		"two":           {wire.HashSHA256, []wire.NodeID{id(first[:]), id(second[:])}, true, 0},
		"other digest":  {wire.HashSHA1, []wire.NodeID{id(s256[:])}, false, 0},
		"chosen freely": {wire.HashSHA256, []wire.NodeID{node(0x11)}, false, 0},
		"expired":       {wire.HashSHA256, []wire.NodeID{id(s256[:])}, false, 2 * time.Hour},
		"not permitted": {0, []wire.NodeID{id(s256[:])}, false, 0},
	} {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
			EmailAddresses: []string{"alice@example.org"}, URIs: []*url.URL{},
		}
		for _, n := range row.nodes {
			c.URIs = append(c.URIs, cert.NodeURI(n, overlay))
		}
		der := must(x509.CreateCertificate(rand.Reader, c, c, key.Public(), key))
		v := cert.NewVerifier(overlay, cert.Trust{SelfSigned: row.permitted}, func() time.Time { return noon.Add(row.after) })
		_, err := v.Certificate(der)
		if row.ok && err != nil || !row.ok && !errors.Is(err, cert.ErrCertificate) {
			t.Errorf("%s: %v, want accepted: %v", name, err, row.ok)
		}
	}
}

// A certificate about somebody else's key, signed with another, is not self-signed.
// RELOAD: CRT-5
func TestSelfSignedByAnother(t *testing.T) {
	victim, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	eve, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(must(x509.MarshalPKIXPublicKey(victim.Public())))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		EmailAddresses: []string{"eve@example.org"}, URIs: []*url.URL{cert.NodeURI(wire.NodeID(sum[:16]), overlay)},
	}
	der := must(x509.CreateCertificate(rand.Reader, c, c, victim.Public(), eve))
	v := cert.NewVerifier(overlay, cert.Trust{SelfSigned: wire.HashSHA256}, func() time.Time { return noon })
	if _, err := v.Certificate(der); !errors.Is(err, cert.ErrCertificate) {
		t.Errorf("got %v, want ErrCertificate", err)
	}
}
