package config

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// VerifyFirst reads the document of an overlay that this node is about to enter: it must name the root certificate
// with the SHA-256 fingerprint root, and be signed by one of its own configuration-signers under that root.
func VerifyFirst(raw []byte, name string, root [32]byte, now time.Time) (*Document, error) {
	d, err := Parse(raw, name)
	if err != nil {
		return nil, err
	}
	for _, r := range d.Roots {
		if sha256.Sum256(r.Raw) == root {
			return d, d.verify([]*x509.Certificate{r}, d, now)
		}
	}
	return nil, fmt.Errorf("%w: it does not name the root certificate that was expected", ErrSignature)
}

// VerifyNext reads a document that is to replace d (§6.5.4.2, §11.1): newer, for the same overlay, and signed by a
// configuration-signer of d under the roots of d.
func (d *Document) VerifyNext(raw []byte, now time.Time) (*Document, error) {
	next, err := Parse(raw, d.InstanceName)
	if err != nil {
		return nil, err
	}
	if !Newer(next.Sequence, d.Sequence) {
		return nil, fmt.Errorf("%w: sequence %d after %d", ErrNotNewer, next.Sequence, d.Sequence)
	}
	if err := next.verify(d.Roots, d, now); err != nil {
		return nil, err
	}
	return next, nil
}

// verify checks the signatures of d by what by, the document in force, says.
func (d *Document) verify(roots []*x509.Certificate, by *Document, now time.Time) error {
	trust := cert.Trust{Roots: roots, BadNodes: by.BadNodes, SelfSigned: by.SelfSigned}
	v := cert.NewVerifier(by.InstanceName, trust, func() time.Time { return now })
	if !d.Expiration.IsZero() && now.After(d.Expiration) {
		return fmt.Errorf("%w: it expired on %v", ErrSignature, d.Expiration)
	}
	if err := d.signedByOneOf(v, by.ConfigurationSigners); err != nil {
		return err
	}
	for i := range d.Kinds {
		if err := d.Kinds[i].verify(v, d.KindSigners); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) signedByOneOf(v *cert.Verifier, signers []wire.NodeID) error {
	err := fmt.Errorf("%w: no signature", ErrSignature)
	for _, s := range d.signatures {
		signer, e := v.Blob(d.signed, s)
		switch {
		case e != nil:
			err = fmt.Errorf("%w: %w", ErrSignature, e)
		case !contains(signers, signer.NodeID):
			err = fmt.Errorf("%w: %v is not a configuration-signer", ErrSignature, signer.NodeID)
		default:
			return nil
		}
	}
	return err
}

func (k *Kind) verify(v *cert.Verifier, signers []wire.NodeID) error {
	signer, err := v.Blob(k.raw, k.signature)
	if err != nil {
		return fmt.Errorf("%w: Kind %v: %w", ErrSignature, k.ID, err)
	}
	if !contains(signers, signer.NodeID) {
		return fmt.Errorf("%w: Kind %v: %v is not a kind-signer", ErrSignature, k.ID, signer.NodeID)
	}
	return nil
}
