package cert

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"tandem/overlay/wire"
)

// signerIdentity names the certificate in signatures: by its hash, with the Node-ID if it has several (§6.3.4).
func signerIdentity(p Peer) wire.SignerIdentity {
	if len(p.NodeIDs) == 1 {
		sum := sha256.Sum256(p.Certificate.Raw)
		return wire.SignerIdentity{Type: wire.SignerCertHash, Hash: wire.HashSHA256, Digest: sum[:]}
	}
	return wire.SignerIdentity{Type: wire.SignerCertHashNodeID, Hash: wire.HashSHA256, Digest: nodeCertHash(p.NodeID(), p.Certificate.Raw)}
}

func nodeCertHash(n wire.NodeID, der []byte) []byte {
	h := sha256.New()
	h.Write(n[:])
	h.Write(der)
	return h.Sum(nil)
}

// sign makes a Signature over what input gives for the signer's identity.
func (id *Identity) sign(input func(wire.SignerIdentity) ([]byte, error)) (wire.Signature, error) {
	hash, algorithm, err := algorithmOf(id.Key.Public())
	if err != nil {
		return wire.Signature{}, err
	}
	in, err := input(id.signer)
	if err != nil {
		return wire.Signature{}, err
	}
	value, err := signInput(id.Key, hash, in)
	if err != nil {
		return wire.Signature{}, err
	}
	return wire.Signature{Hash: hash, Algorithm: algorithm, Identity: id.signer, Value: value}, nil
}

// SignMessage signs m.Contents with what the header says of overlay and transaction, and sets m.Security to the
// security block: the own certificate, those of the values in the message (DER, repetitions are left out), and the
// signature (§6.3.4).
func (id *Identity) SignMessage(m *wire.Message, certificates ...[]byte) error {
	sig, err := id.sign(func(signer wire.SignerIdentity) ([]byte, error) {
		return wire.MessageInput(&m.Header, m.Contents, signer), nil
	})
	if err != nil {
		return fmt.Errorf("sign a message: %w", err)
	}
	block := wire.SecurityBlock{Certificates: bucket(id.Certificate.Raw, certificates), Signature: sig}
	if m.Security, err = block.MarshalBinary(); err != nil {
		return fmt.Errorf("sign a message: %w", err)
	}
	return nil
}

// bucket holds own and others, each once.
func bucket(own []byte, others [][]byte) []wire.GenericCertificate {
	out := []wire.GenericCertificate{{Type: wire.CertificateX509, Data: own}}
next:
	for _, der := range others {
		for _, have := range out {
			if bytes.Equal(have.Data, der) {
				continue next
			}
		}
		out = append(out, wire.GenericCertificate{Type: wire.CertificateX509, Data: der})
	}
	return out
}

// SignValue signs a value for its place and sets d.Signature (§7.1). Storage time and value must be final.
func (id *Identity) SignValue(resource wire.ResourceID, kind wire.KindID, d *wire.StoredData) error {
	sig, err := id.sign(func(signer wire.SignerIdentity) ([]byte, error) {
		return wire.ValueInput(resource, kind, d, signer, true)
	})
	if err != nil {
		return fmt.Errorf("sign a value: %w", err)
	}
	d.Signature = sig
	return nil
}

// SignBlob makes a security block over bytes that are no message, as configuration documents have it (§11.1): the
// input is blob || SignerIdentity.
func (id *Identity) SignBlob(blob []byte) ([]byte, error) {
	sig, err := id.sign(func(signer wire.SignerIdentity) ([]byte, error) { return blobInput(blob, signer), nil })
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	block := wire.SecurityBlock{Certificates: bucket(id.Certificate.Raw, nil), Signature: sig}
	return block.MarshalBinary()
}

func blobInput(blob []byte, signer wire.SignerIdentity) []byte {
	return append(bytes.Clone(blob), wire.MarshalSignerIdentity(signer)...)
}
