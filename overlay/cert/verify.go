package cert

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"tandem/overlay/wire"
)

// Checked is a message whose signature holds. Its certificates serve to check the values in it.
type Checked struct {
	Signer Signer

	v      *Verifier
	bucket []carried
}

// carried is a certificate that came with a message, with its hash: with many values, many signatures name it.
type carried struct {
	der  []byte
	hash [32]byte
}

func carry(certificates []wire.GenericCertificate) []carried {
	out := make([]carried, 0, len(certificates))
	for _, c := range certificates {
		if c.Type == wire.CertificateX509 {
			out = append(out, carried{c.Data, sha256.Sum256(c.Data)})
		}
	}
	return out
}

// Message checks the signature of a message and says whose it is (§6.3.4). A message that fails is dropped. The error
// wraps ErrSignature, ErrCertificate or wire.ErrMalformed.
func (v *Verifier) Message(m *wire.Message) (Checked, error) {
	block, err := wire.ParseSecurityBlock(m.Security)
	if err != nil {
		return Checked{}, err
	}
	sig, bucket := &block.Signature, carry(block.Certificates)
	signer, err := v.signer(sig, bucket)
	if err != nil {
		return Checked{}, err
	}
	if !verifyInput(signer.Certificate.PublicKey, sig, wire.MessageInput(&m.Header, m.Contents, sig.Identity)) {
		return Checked{}, fmt.Errorf("%w: message of %v", ErrSignature, signer.NodeID)
	}
	return Checked{Signer: signer, v: v, bucket: bucket}, nil
}

// Value checks the signature of a value of the message, or of its place in an array or dictionary, and says whose it
// is. ErrSynthetic is what a peer made up because there is nothing; take that from an answer only.
func (c Checked) Value(resource wire.ResourceID, kind wire.KindID, d *wire.StoredData) (Signer, error) {
	if d.Signature.IsNone() {
		return Signer{}, ErrSynthetic
	}
	signer, err := c.v.signer(&d.Signature, c.bucket)
	if err != nil {
		return Signer{}, err
	}
	// With the length byte of the Resource-ID as its type has it, or without, as others sign.
	for _, framed := range []bool{true, false} {
		in, err := wire.ValueInput(resource, kind, d, d.Signature.Identity, framed)
		if err != nil {
			return Signer{}, err
		}
		if c.v.holds(signer, &d.Signature, in) {
			return signer, nil
		}
	}
	return Signer{}, fmt.Errorf("%w: value of %v", ErrSignature, signer.NodeID)
}

// ErrSynthetic is a value without signature, which says that nothing is stored (§7.4.2.2).
var ErrSynthetic = errors.New("value is not signed: nothing is stored")

// holds is verifyInput that remembers: the same values are fetched and refreshed again and again.
func (v *Verifier) holds(signer Signer, sig *wire.Signature, input []byte) bool {
	in := sha256.Sum256(input) // the signer's certificate is in it, by its hash
	key := sha256.Sum256(append(append(in[:], byte(sig.Hash), byte(sig.Algorithm)), sig.Value...))
	values := v.trust.Load().values
	if _, known := values.get(key); known {
		return true
	}
	ok := verifyInput(signer.Certificate.PublicKey, sig, input)
	if ok {
		values.put(key, struct{}{})
	}
	return ok
}

// Blob checks a security block that SignBlob made, or one over the blob alone, as the RFC can be read (§11.1).
func (v *Verifier) Blob(blob, security []byte) (Signer, error) {
	block, err := wire.ParseSecurityBlock(security)
	if err != nil {
		return Signer{}, err
	}
	sig, bucket := &block.Signature, carry(block.Certificates)
	signer, err := v.signer(sig, bucket)
	if err != nil {
		return Signer{}, err
	}
	key := signer.Certificate.PublicKey
	if !verifyInput(key, sig, blobInput(blob, sig.Identity)) && !verifyInput(key, sig, blob) {
		return Signer{}, fmt.Errorf("%w: document of %v", ErrSignature, signer.NodeID)
	}
	return signer, nil
}

// signer finds the certificate that a signature names and verifies it.
func (v *Verifier) signer(sig *wire.Signature, bucket []carried) (Signer, error) {
	for i := range bucket {
		named, err := v.named(&sig.Identity, &bucket[i], bucket)
		if err != nil || named.NodeID != (wire.NodeID{}) {
			return named, err
		}
	}
	return Signer{}, fmt.Errorf("%w: no certificate of the signer", ErrSignature)
}

// named is the signer if identity names the certificate, else the zero Signer.
func (v *Verifier) named(identity *wire.SignerIdentity, c *carried, bucket []carried) (Signer, error) {
	switch identity.Type {
	case wire.SignerCertHash:
		return v.namedByCertificate(identity, c, bucket)
	case wire.SignerCertHashNodeID:
		return v.namedByNode(identity, c, bucket)
	}
	return Signer{}, fmt.Errorf("%w: signer identity type %d", ErrSignature, identity.Type)
}

func (v *Verifier) namedByCertificate(identity *wire.SignerIdentity, c *carried, bucket []carried) (Signer, error) {
	sum := c.hash[:]
	if identity.Hash != wire.HashSHA256 {
		sum, _ = digest(identity.Hash, c.der)
	}
	if sum == nil || !bytes.Equal(sum, identity.Digest) {
		return Signer{}, nil
	}
	a, err := v.accept(c.hash, c.der, bucket)
	if err != nil {
		return Signer{}, err
	}
	if len(a.peer.NodeIDs) != 1 {
		return Signer{}, fmt.Errorf("%w: it does not say which of the signer's Node-IDs", ErrSignature)
	}
	return Signer{NodeID: a.peer.NodeIDs[0], Peer: a.peer}, nil
}

// namedByNode has to look into the certificate to know whether it is meant; one that is not accepted is not meant.
func (v *Verifier) namedByNode(identity *wire.SignerIdentity, c *carried, bucket []carried) (Signer, error) {
	a, err := v.accept(c.hash, c.der, bucket)
	if err != nil {
		return Signer{}, nil
	}
	for _, n := range a.peer.NodeIDs {
		sum, _ := digest(identity.Hash, append(n[:], c.der...))
		if sum != nil && bytes.Equal(sum, identity.Digest) {
			return Signer{NodeID: n, Peer: a.peer}, nil
		}
	}
	return Signer{}, nil
}
