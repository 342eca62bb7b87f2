package cert_test

import (
	"crypto"
	"crypto/x509"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

const overlay = "example.org"

// noon is when the tests take place.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// authority is a certificate authority for tests.
type authority struct {
	root *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t testing.TB) authority {
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
	return authority{root, key}
}

// request is a good one for user and nodes.
func request(user string, key crypto.Signer, nodes ...wire.NodeID) cert.Request {
	return cert.Request{
		NodeIDs: nodes, User: user, Overlay: overlay, PublicKey: key.Public(),
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(24 * time.Hour),
	}
}

func (a authority) identity(t testing.TB, user string, nodes ...wire.NodeID) *cert.Identity {
	t.Helper()
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return a.identityFor(t, key, request(user, key, nodes...))
}

func (a authority) identityFor(t testing.TB, key crypto.Signer, r cert.Request) *cert.Identity {
	t.Helper()
	der, err := cert.Issue(a.root, a.key, r)
	if err != nil {
		t.Fatal(err)
	}
	id, err := cert.NewIdentity(der, key, overlay)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (a authority) trust(bad ...wire.NodeID) cert.Trust {
	return cert.Trust{Roots: []*x509.Certificate{a.root}, BadNodes: bad}
}

func (a authority) verifier(bad ...wire.NodeID) *cert.Verifier {
	return cert.NewVerifier(overlay, a.trust(bad...), func() time.Time { return noon })
}

// node is the Node-ID whose bytes are all b.
func node(b byte) (n wire.NodeID) {
	for i := range n {
		n[i] = b
	}
	return n
}

// message is one that is ready to be signed.
func message() *wire.Message {
	return &wire.Message{
		Header: wire.ForwardingHeader{
			Overlay: wire.OverlayID(overlay), TTL: 100, Fragment: wire.Whole, TransactionID: 42,
			Destinations: []wire.Destination{wire.ToNode(node(9))},
		},
		Contents: []byte{0, 0x17, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0},
	}
}

// value is one that is ready to be signed, for the resource place.
func value() *wire.StoredData {
	return &wire.StoredData{
		StorageTime: 7, Lifetime: time.Hour,
		Value: wire.StoredValue{Model: wire.ModelArray, Index: wire.AppendIndex, Exists: true, Data: []byte("x")},
	}
}

var place = wire.HashResource([]byte("alice@example.org"))
