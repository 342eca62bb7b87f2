package config_test

import (
	"crypto/x509"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/wire"
)

const overlay = "example.org"

// noon is when the tests take place.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// owner owns an overlay: an authority and an identity that signs.
type owner struct {
	root   *x509.Certificate
	signer *cert.Identity
	issue  func(user string, n wire.NodeID) *cert.Identity
}

func newOwner(t testing.TB) owner {
	t.Helper()
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := cert.NewRoot(overlay, key, noon, 365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(user string, n wire.NodeID) *cert.Identity {
		t.Helper()
		leaf, err := cert.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		der, err := cert.Issue(root, key, cert.Request{
			NodeIDs: []wire.NodeID{n}, User: user, Overlay: overlay, PublicKey: leaf.Public(),
			NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(24 * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		id, err := cert.NewIdentity(der, leaf, overlay)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	return owner{root, issue("owner@example.org", node(0xaa)), issue}
}

// document is one with everything set that can be.
func (o owner) document() *config.Document {
	d := config.New(overlay)
	d.Sequence = 7
	d.Expiration = noon.Add(12 * time.Hour)
	d.Roots = []*x509.Certificate{o.root}
	d.EnrollmentServers = []string{"https://example.org:8443/enroll?a=1&b=2"}
	d.Bootstrap = []string{"192.0.2.1:6084", "[2001:db8::1]:7000"}
	d.ConfigurationSigners = []wire.NodeID{node(0xaa)}
	d.KindSigners = []wire.NodeID{node(0xaa)}
	d.SelfSigned, d.SharedSecret = wire.HashSHA256, "s<3"
	d.MandatoryExtensions, d.LinkProtocols = []string{"urn:x"}, []string{"TLS"}
	d.BadNodes = []wire.NodeID{node(0xbd)}
	d.Kinds = append(d.Kinds, config.Kind{
		ID: 0xf0000001, Model: wire.ModelArray, Access: "NODE-MULTIPLE", MaxCount: 3, MaxSize: 100, MaxNodeMultiple: 4,
	})
	return d
}

func (o owner) sign(t testing.TB, d *config.Document) *config.Document {
	t.Helper()
	signed, err := d.Sign(o.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// node is the Node-ID whose bytes are all b.
func node(b byte) (n wire.NodeID) {
	for i := range n {
		n[i] = b
	}
	return n
}
