package cert_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// signers are identities with every kind of key.
func signers(t testing.TB, a authority) map[string]*cert.Identity {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := cert.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*cert.Identity{}
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey, "Ed25519": edKey, "ECDSA": ecKey} {
		out[name] = a.identityFor(t, key, request("alice@example.org", key, node(0x11)))
	}
	out["several Node-IDs"] = a.identity(t, "alice@example.org", node(0x11), node(0x22))
	return out
}

// RELOAD: SIG-2 SIG-3 SIG-4
func TestMessageSignature(t *testing.T) {
	a := newAuthority(t)
	for name, id := range signers(t, a) {
		m := message()
		if err := id.SignMessage(m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checked, err := a.verifier().Message(m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := checked.Signer; s.NodeID != node(0x11) || s.User != "alice@example.org" {
			t.Errorf("%s: signer %v %s", name, s.NodeID, s.User)
		}
	}
}

// TTL, lists, options and configuration sequence are not covered: they change on the way (§6.3.4).
// RELOAD: SIG-4
func TestMessageSignatureSurvivesTheWay(t *testing.T) {
	a := newAuthority(t)
	m := message()
	if err := a.identity(t, "alice@example.org", node(0x11)).SignMessage(m); err != nil {
		t.Fatal(err)
	}
	m.Header.TTL, m.Header.ConfigSequence, m.Header.MaxResponseLength = 3, 9, 9
	m.Header.Via = []wire.Destination{wire.ToNode(node(1))}
	m.Header.Destinations = []wire.Destination{wire.ToNode(node(2))}
	if _, err := a.verifier().Message(m); err != nil {
		t.Error(err)
	}
}

// RELOAD: SIG-3 SIG-4 SIG-6 SIG-8
func TestMessageRefused(t *testing.T) {
	a := newAuthority(t)
	id := a.identity(t, "alice@example.org", node(0x11))
	block := func(m *wire.Message, change func(*wire.SecurityBlock)) {
		sb, err := wire.ParseSecurityBlock(m.Security)
		if err != nil {
			t.Fatal(err)
		}
		change(&sb)
		if m.Security, err = sb.MarshalBinary(); err != nil {
			t.Fatal(err)
		}
	}
	for name, row := range map[string]struct {
		change func(*wire.Message)
		want   error
	}{
		"overlay":        {func(m *wire.Message) { m.Header.Overlay++ }, cert.ErrSignature},
		"transaction":    {func(m *wire.Message) { m.Header.TransactionID++ }, cert.ErrSignature},
		"contents":       {func(m *wire.Message) { m.Contents[1]++ }, cert.ErrSignature},
		"no block":       {func(m *wire.Message) { m.Security = nil }, wire.ErrMalformed},
		"no certificate": {func(m *wire.Message) { block(m, func(b *wire.SecurityBlock) { b.Certificates = nil }) }, cert.ErrSignature},
		"not X.509":      {func(m *wire.Message) { block(m, func(b *wire.SecurityBlock) { b.Certificates[0].Type = 1 }) }, cert.ErrSignature},
		"anonymous":      {func(m *wire.Message) { block(m, func(b *wire.SecurityBlock) { b.Signature = wire.NoSignature() }) }, cert.ErrSignature},
		"value":          {func(m *wire.Message) { block(m, func(b *wire.SecurityBlock) { b.Signature.Value[9] ^= 1 }) }, cert.ErrSignature},
		"algorithm": {func(m *wire.Message) {
			block(m, func(b *wire.SecurityBlock) { b.Signature.Algorithm = wire.SignatureRSA })
		}, cert.ErrSignature},
		"SHA-1": {func(m *wire.Message) { block(m, func(b *wire.SecurityBlock) { b.Signature.Hash = wire.HashSHA1 }) }, cert.ErrSignature},
		"somebody else's certificate": {func(m *wire.Message) {
			other := a.identity(t, "bob@example.org", node(0x22))
			block(m, func(b *wire.SecurityBlock) {
				sum := sha256.Sum256(other.Certificate.Raw)
				b.Certificates[0].Data, b.Signature.Identity.Digest = other.Certificate.Raw, sum[:]
			})
		}, cert.ErrSignature},
		"certificate of another authority": {func(m *wire.Message) {
			if err := newAuthority(t).identity(t, "alice@example.org", node(0x11)).SignMessage(m); err != nil {
				t.Fatal(err)
			}
		}, cert.ErrCertificate},
		"several Node-IDs, none named": {func(m *wire.Message) {
			several := a.identity(t, "alice@example.org", node(0x11), node(0x22))
			sum := sha256.Sum256(several.Certificate.Raw)
			block(m, func(b *wire.SecurityBlock) {
				b.Certificates[0].Data, b.Signature.Identity.Digest = several.Certificate.Raw, sum[:]
				in := sha256.Sum256(wire.MessageInput(&m.Header, m.Contents, b.Signature.Identity))
				var err error
				if b.Signature.Value, err = several.Key.Sign(rand.Reader, in[:], crypto.SHA256); err != nil {
					t.Fatal(err)
				}
			})
		}, cert.ErrSignature},
	} {
		m := message()
		if err := id.SignMessage(m); err != nil {
			t.Fatal(err)
		}
		row.change(m)
		if got, err := a.verifier().Message(m); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, %v, want %v", name, got.Signer, err, row.want)
		}
	}
}

// stored signs v as id and carries it in a message of carrier.
func stored(t testing.TB, a authority, carrier, id *cert.Identity, v *wire.StoredData) cert.Checked {
	t.Helper()
	if v.Signature.Value == nil {
		if err := id.SignValue(place, wire.KindCertificateByUser, v); err != nil {
			t.Fatal(err)
		}
	}
	m := message()
	if err := carrier.SignMessage(m, id.Certificate.Raw, carrier.Certificate.Raw, id.Certificate.Raw); err != nil {
		t.Fatal(err)
	}
	checked, err := a.verifier().Message(m)
	if err != nil {
		t.Fatal(err)
	}
	return checked
}

// RELOAD: SIG-5 SIG-3
func TestValueSignature(t *testing.T) {
	a := newAuthority(t)
	carrier := a.identity(t, "bob@example.org", node(0x99))
	for name, id := range signers(t, a) {
		v := value()
		checked := stored(t, a, carrier, id, v)
		// The index that the storing peer gave it and the time it was held here are not covered.
		v.Value.Index, v.Lifetime = 3, time.Minute
		for range 2 { // the second time it is remembered
			signer, err := checked.Value(place, wire.KindCertificateByUser, v)
			if err != nil || signer.NodeID != node(0x11) || signer.User != "alice@example.org" {
				t.Errorf("%s: %v, %v", name, signer, err)
			}
		}
	}
}

// RELOAD: SIG-5 SIG-9
func TestValueRefused(t *testing.T) {
	a := newAuthority(t)
	alice, carrier := a.identity(t, "alice@example.org", node(0x11)), a.identity(t, "bob@example.org", node(0x99))
	for name, change := range map[string]func(*wire.StoredData){
		"data":         func(d *wire.StoredData) { d.Value.Data = []byte("y") },
		"exists":       func(d *wire.StoredData) { d.Value.Exists = false },
		"storage time": func(d *wire.StoredData) { d.StorageTime++ },
		"signature":    func(d *wire.StoredData) { d.Signature.Value = bytes.Clone(d.Signature.Value[:8]) },
		"unknown signer": func(d *wire.StoredData) {
			d.Signature.Identity.Digest = bytes.Repeat([]byte{1}, 32)
		},
		"identity type": func(d *wire.StoredData) { d.Signature.Identity.Type = 9 },
	} {
		v := value()
		checked := stored(t, a, carrier, alice, v)
		if _, err := checked.Value(place, wire.KindCertificateByUser, v); err != nil {
			t.Fatal(err)
		}
		change(v)
		if _, err := checked.Value(place, wire.KindCertificateByUser, v); !errors.Is(err, cert.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	v := value()
	checked := stored(t, a, carrier, alice, v)
	if _, err := checked.Value(wire.HashResource([]byte("elsewhere")), wire.KindCertificateByUser, v); !errors.Is(err, cert.ErrSignature) {
		t.Errorf("moved to another resource: %v, want ErrSignature", err)
	}
	if _, err := checked.Value(place, wire.KindCertificateByNode, v); !errors.Is(err, cert.ErrSignature) {
		t.Errorf("moved to another Kind: %v, want ErrSignature", err)
	}
	v.Signature = wire.NoSignature()
	if _, err := checked.Value(place, wire.KindCertificateByUser, v); !errors.Is(err, cert.ErrSynthetic) {
		t.Errorf("not signed: %v, want ErrSynthetic", err)
	}
}

// Others sign the Resource-ID without its length byte.
// RELOAD: AMB-1
func TestValueSignatureUnframed(t *testing.T) {
	a := newAuthority(t)
	alice := a.identity(t, "alice@example.org", node(0x11))
	v := value()
	if err := alice.SignValue(place, wire.KindCertificateByUser, v); err != nil {
		t.Fatal(err)
	}
	in, err := wire.ValueInput(place, wire.KindCertificateByUser, v, v.Signature.Identity, false)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(in)
	if v.Signature.Value, err = alice.Key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
		t.Fatal(err)
	}
	if _, err := stored(t, a, alice, alice, v).Value(place, wire.KindCertificateByUser, v); err != nil {
		t.Error(err)
	}
}

// RELOAD: SIG-7
func TestCertificatesOnce(t *testing.T) {
	a := newAuthority(t)
	alice, bob := a.identity(t, "alice@example.org", node(1)), a.identity(t, "bob@example.org", node(2))
	m := message()
	if err := alice.SignMessage(m, bob.Certificate.Raw, alice.Certificate.Raw, bob.Certificate.Raw); err != nil {
		t.Fatal(err)
	}
	sb, err := wire.ParseSecurityBlock(m.Security)
	if err != nil || len(sb.Certificates) != 2 {
		t.Errorf("%d certificates (%v), want alice's and bob's", len(sb.Certificates), err)
	}
}

// RELOAD: CFG-5 AMB-3
func TestBlob(t *testing.T) {
	a := newAuthority(t)
	id := a.identity(t, "owner@example.org", node(0x11))
	blob := []byte("<configuration/>")
	security, err := id.SignBlob(blob)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := a.verifier().Blob(blob, security)
	if err != nil || signer.NodeID != node(0x11) {
		t.Errorf("got %v, %v", signer.NodeID, err)
	}
	if _, err := a.verifier().Blob([]byte("<configuration />"), security); !errors.Is(err, cert.ErrSignature) {
		t.Errorf("another blob: %v, want ErrSignature", err)
	}
	if string(blob) != "<configuration/>" {
		t.Error("signing changed the blob")
	}
	for n := range security {
		if _, err := a.verifier().Blob(blob, security[:n]); err == nil {
			t.Errorf("prefix of %d bytes of the security block was taken", n)
		}
	}
}

// The RFC can be read so that a document's signature covers the document alone.
// RELOAD: AMB-3
func TestBlobAlone(t *testing.T) {
	a := newAuthority(t)
	id := a.identity(t, "owner@example.org", node(0x11))
	blob := []byte("<configuration/>")
	security, err := id.SignBlob(blob)
	if err != nil {
		t.Fatal(err)
	}
	block, err := wire.ParseSecurityBlock(security)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(blob)
	if block.Signature.Value, err = id.Key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
		t.Fatal(err)
	}
	if security, err = block.MarshalBinary(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier().Blob(blob, security); err != nil {
		t.Error(err)
	}
}

func FuzzMessageSignature(f *testing.F) {
	a := newAuthority(f)
	m := message()
	if err := a.identity(f, "alice@example.org", node(0x11)).SignMessage(m); err != nil {
		f.Fatal(err)
	}
	good := bytes.Clone(m.Security)
	f.Add(good)
	v := a.verifier()
	f.Fuzz(func(t *testing.T, security []byte) {
		m := message()
		m.Security = security
		if c, err := v.Message(m); err == nil && c.Signer.NodeID != node(0x11) {
			t.Errorf("signed by %v", c.Signer.NodeID)
		}
	})
}
