package cert_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// RELOAD: CRT-1 CRT-2 CRT-4
func TestIssuedProfile(t *testing.T) {
	id := newAuthority(t).identity(t, "alice@example.org", node(0x11))
	c := id.Certificate
	if want := "reload://0110" + strings.Repeat("11", 16) + "@example.org/"; len(c.URIs) != 1 || c.URIs[0].String() != want {
		t.Errorf("URIs %v, want %s", c.URIs, want)
	}
	if len(c.EmailAddresses) != 1 || c.EmailAddresses[0] != "alice@example.org" {
		t.Errorf("user names %v", c.EmailAddresses)
	}
	if len(c.Subject.Names) != 0 {
		t.Errorf("subject %v, want it empty", c.Subject)
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) && !e.Critical {
			t.Error("subjectAltName is not critical though the subject is empty")
		}
	}
	if c.IsCA || !c.BasicConstraintsValid || c.KeyUsage != x509.KeyUsageDigitalSignature || len(c.SubjectKeyId) == 0 || len(c.AuthorityKeyId) == 0 {
		t.Errorf("extensions: CA %v, usage %v, SKI %x, AKI %x", c.IsCA, c.KeyUsage, c.SubjectKeyId, c.AuthorityKeyId)
	}
	if len(c.ExtKeyUsage) != 2 {
		t.Errorf("extended key usage %v, want client and server", c.ExtKeyUsage)
	}
}

func TestCertificateAccepted(t *testing.T) {
	a := newAuthority(t)
	id := a.identity(t, "alice@example.org", node(0x11), node(0x22))
	v := a.verifier()
	for range 2 { // the second time it is remembered
		peer, err := v.Certificate(id.Certificate.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if peer.User != "alice@example.org" || peer.NodeID() != node(0x11) || !peer.Is(node(0x22)) || peer.Is(node(0x33)) {
			t.Errorf("peer %+v", peer)
		}
	}
}

// RELOAD: CRT-1 CRT-2 SIG-8 CFG-7
func TestCertificateRefused(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	good := a.identity(t, "alice@example.org", node(0x11)).Certificate.Raw
	bits := func(i int) []byte {
		der := append([]byte(nil), good...)
		der[len(der)+i] ^= 1
		return der
	}
	issue := func(from authority, change func(*cert.Request)) []byte {
		r := request("alice@example.org", key, node(0x11))
		change(&r)
		der, err := cert.Issue(from.root, from.key, r)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	rows := map[string][]byte{
		"other authority":   other.identity(t, "alice@example.org", node(0x11)).Certificate.Raw,
		"revoked":           a.identity(t, "eve@example.org", node(0xbd)).Certificate.Raw,
		"expired":           issue(a, func(r *cert.Request) { r.NotAfter = noon.Add(-time.Second) }),
		"not yet valid":     issue(a, func(r *cert.Request) { r.NotBefore = noon.Add(time.Second) }),
		"other overlay":     issue(a, func(r *cert.Request) { r.Overlay = "example.net" }),
		"wildcard Node-ID":  issue(a, func(r *cert.Request) { r.NodeIDs = []wire.NodeID{wire.Wildcard} }),
		"a Node-ID twice":   issue(a, func(r *cert.Request) { r.NodeIDs = []wire.NodeID{node(1), node(1)} }),
		"forged":            bits(-3),
		"the root itself":   a.root.Raw,
		"not a certificate": []byte("not a certificate"),
		"HTTPS server": must(cert.IssueServer(a.root, a.key, []string{"example.org", "127.0.0.1"}, key.Public(),
			noon.Add(-time.Hour), noon.Add(time.Hour))),
	}
	for name, change := range profileFaults() {
		rows[name] = a.faulty(t, key, change)
	}
	v := a.verifier(node(0xbd))
	for name, der := range rows {
		if peer, err := v.Certificate(der); !errors.Is(err, cert.ErrCertificate) {
			t.Errorf("%s: %v, %v, want ErrCertificate", name, peer, err)
		}
	}
	if _, err := v.Certificate(a.faulty(t, key, func(*x509.Certificate) {})); err != nil {
		t.Errorf("without a fault it is refused, too: %v", err)
	}
}

// profileFaults are ways in which a certificate can miss the profile of §11.3.
func profileFaults() map[string]func(*x509.Certificate) {
	uri := func(s string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			u, err := url.Parse(s)
			if err != nil {
				panic(err)
			}
			c.URIs = []*url.URL{u}
		}
	}
	return map[string]func(*x509.Certificate){
		"no user":          func(c *x509.Certificate) { c.EmailAddresses = nil },
		"two users":        func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b.c", "d@e.f"} },
		"user with a NUL":  func(c *x509.Certificate) { c.EmailAddresses = []string{"a\x00@b.c"} },
		"no Node-ID":       func(c *x509.Certificate) { c.URIs = nil },
		"DNS name":         func(c *x509.Certificate) { c.DNSNames = []string{"example.org"} },
		"CA":               func(c *x509.Certificate) { c.IsCA = true },
		"not for signing":  func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment },
		"other scheme":     uri("sip://0110" + strings.Repeat("11", 16) + "@example.org/"),
		"resource":         uri("reload://021110" + strings.Repeat("11", 16) + "@example.org/"),
		"two destinations": uri("reload://0110" + strings.Repeat("11", 16) + "0110" + strings.Repeat("11", 16) + "@example.org/"),
		"specifier":        uri("reload://0110" + strings.Repeat("11", 16) + "@example.org/00"),
		"no hexadecimal":   uri("reload://0110xx@example.org/"),
		"Node-ID all zero": uri("reload://" + strings.Repeat("00", 16) + "@example.org"),
		"17 Node-IDs": func(c *x509.Certificate) {
			for i := range byte(16) {
				c.URIs = append(c.URIs, cert.NodeURI(node(0x20+i), overlay))
			}
		},
		"other name (otherName)": func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{otherName()}
		},
	}
}

// otherName is a subjectAltName with an otherName beside Node-ID and user, which x509 does not show.
func otherName() pkix.Extension {
	tagged := func(tag int, b []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: b}
	}
	names := []asn1.RawValue{
		tagged(1, []byte("alice@example.org")),
		tagged(6, []byte("reload://0110"+strings.Repeat("11", 16)+"@example.org/")),
		tagged(8, []byte{0x2a, 0x03}),
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: must(asn1.Marshal(names))}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// faulty makes a good certificate after change.
func (a authority) faulty(t *testing.T, key *ecdsa.PrivateKey, change func(*x509.Certificate)) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, EmailAddresses: []string{"alice@example.org"},
		URIs: []*url.URL{cert.NodeURI(node(0x11), overlay)},
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, a.root, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Some implementations write reload://<Node-ID>@overlay; it is read, too.
// RELOAD: CRT-2 AMB-2
func TestBareNodeURI(t *testing.T) {
	a := newAuthority(t)
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	der := a.faulty(t, key, func(c *x509.Certificate) {
		c.URIs = []*url.URL{{Scheme: "reload", User: url.User(strings.Repeat("aB", 16)), Host: "EXAMPLE.org"}}
	})
	peer, err := a.verifier().Certificate(der)
	if err != nil || peer.NodeID() != node(0xab) {
		t.Errorf("got %v, %v", peer.NodeIDs, err)
	}
}

// What is remembered does not change when the message's buffer is used again.
func TestRememberedIsACopy(t *testing.T) {
	a := newAuthority(t)
	der := a.identity(t, "alice@example.org", node(0x11)).Certificate.Raw
	buffer := append([]byte(nil), der...)
	peer, err := a.verifier().Certificate(buffer)
	if err != nil {
		t.Fatal(err)
	}
	clear(buffer)
	if string(peer.Certificate.Raw) != string(der) {
		t.Error("the certificate changed with the buffer")
	}
}

// RELOAD: SIG-8
func TestValidityFollowsTheClock(t *testing.T) {
	a := newAuthority(t)
	der := a.identity(t, "alice@example.org", node(0x11)).Certificate.Raw
	now := noon
	v := cert.NewVerifier(overlay, a.trust(), func() time.Time { return now })
	if _, err := v.Certificate(der); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(25 * time.Hour)
	if _, err := v.Certificate(der); !errors.Is(err, cert.ErrCertificate) {
		t.Errorf("an hour after its end: %v, want ErrCertificate", err)
	}
}

// RELOAD: CFG-7
func TestRevocationAfterTheFact(t *testing.T) {
	a := newAuthority(t)
	der := a.identity(t, "alice@example.org", node(0x11)).Certificate.Raw
	v := a.verifier()
	if _, err := v.Certificate(der); err != nil {
		t.Fatal(err)
	}
	v.SetTrust(a.trust(node(0x11)))
	if _, err := v.Certificate(der); !errors.Is(err, cert.ErrCertificate) {
		t.Errorf("after revocation: %v, want ErrCertificate", err)
	}
	v.SetTrust(newAuthority(t).trust())
	if _, err := v.Certificate(der); !errors.Is(err, cert.ErrCertificate) {
		t.Errorf("under other roots: %v, want ErrCertificate", err)
	}
}

// An intermediate authority comes with the certificate.
// RELOAD: SIG-8
func TestIntermediate(t *testing.T) {
	a := newAuthority(t)
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER := must(x509.CreateCertificate(rand.Reader, root, root, a.key.Public(), a.key))
	root, err = x509.ParseCertificate(rootDER)
	if err != nil {
		t.Fatal(err)
	}
	middle := *root
	middle.Subject, middle.SubjectKeyId, middle.RawSubject = pkix.Name{CommonName: "middle"}, []byte{1}, nil
	middleDER := must(x509.CreateCertificate(rand.Reader, &middle, root, key.Public(), a.key))
	issuer, err := x509.ParseCertificate(middleDER)
	if err != nil {
		t.Fatal(err)
	}
	id := authority{issuer, key}.identity(t, "alice@example.org", node(0x11))
	v := cert.NewVerifier(overlay, cert.Trust{Roots: []*x509.Certificate{root}}, func() time.Time { return noon })
	if _, err := v.Certificate(id.Certificate.Raw); !errors.Is(err, cert.ErrCertificate) {
		t.Errorf("without the intermediate: %v, want ErrCertificate", err)
	}
	if _, err := v.Certificate(id.Certificate.Raw, middleDER); err != nil {
		t.Errorf("with the intermediate: %v", err)
	}
}

func TestIssueRefuses(t *testing.T) {
	a := newAuthority(t)
	key, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]cert.Request{
		"no user":      request("", key, node(1)),
		"no domain":    request("alice", key, node(1)),
		"two at signs": request("a@b@c", key, node(1)),
		"space":        request("a b@c", key, node(1)),
		"line end":     request("a@b\r\n", key, node(1)),
		"header":       request("a@b>;tag=1", key, node(1)),
		"no Node-ID":   request("a@b", key),
	} {
		if _, err := cert.Issue(a.root, a.key, r); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
}

func TestNewIdentityWantsItsKey(t *testing.T) {
	a := newAuthority(t)
	id, other := a.identity(t, "alice@example.org", node(1)), a.identity(t, "bob@example.org", node(2))
	if _, err := cert.NewIdentity(id.Certificate.Raw, other.Key, overlay); !errors.Is(err, cert.ErrCertificate) {
		t.Errorf("another's key: %v, want ErrCertificate", err)
	}
}

func TestPEM(t *testing.T) {
	id := newAuthority(t).identity(t, "alice@example.org", node(1))
	keyPEM, err := cert.EncodeKey(id.Key)
	if err != nil {
		t.Fatal(err)
	}
	key, err := cert.DecodeKey(keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if !key.(*ecdsa.PrivateKey).Equal(id.Key.(crypto.PrivateKey)) {
		t.Error("another key came back")
	}
	der, err := cert.DecodeCertificate(append(keyPEM, cert.EncodeCertificate(id.Certificate.Raw)...))
	if err != nil || string(der) != string(id.Certificate.Raw) {
		t.Errorf("another certificate came back (%v)", err)
	}
	if _, err := cert.DecodeKey([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")); err == nil {
		t.Error("rubbish was taken for a key")
	}
	if _, err := cert.DecodeCertificate(keyPEM); err == nil {
		t.Error("a key was taken for a certificate")
	}
}
