package sim

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"slices"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// Signatures of the simulation: a checksum in place of a signature, the Node-ID in place of the certificate's hash. What is
// signed, and which certificates have to come along, is as in reality.

var errUnverified = errors.New("signature does not hold")

// certificate is the stand-in for a node's certificate: Node-ID, then user name.
func (n *Node) certificate() []byte { return append(slices.Clone(n.ID[:]), n.User...) }

func (n *Node) signer() peer.Signer {
	return peer.Signer{NodeID: n.ID, User: n.User, Certificate: n.certificate()}
}

func (n *Node) identity() wire.SignerIdentity {
	return wire.SignerIdentity{Type: wire.SignerCertHash, Hash: wire.HashSHA256, Digest: n.ID[:]}
}

func (n *Node) sign(m *wire.Message, certificates [][]byte) []byte {
	block := wire.SecurityBlock{Signature: wire.Signature{Hash: wire.HashSHA256, Algorithm: wire.SignatureECDSA, Identity: n.identity()}}
	for _, cert := range append([][]byte{n.certificate()}, certificates...) {
		block.Certificates = append(block.Certificates, wire.GenericCertificate{Type: wire.CertificateX509, Data: cert})
	}
	block.Signature.Value = checksum(wire.MessageInput(&m.Header, m.Contents, block.Signature.Identity))
	raw, err := block.MarshalBinary()
	if err != nil {
		panic(err) // certificates of a few bytes always fit
	}
	return raw
}

// SignValue signs a value that is to be stored.
func (n *Node) SignValue(resource wire.ResourceID, kind wire.KindID, d *wire.StoredData) {
	d.Signature = wire.Signature{Hash: wire.HashSHA256, Algorithm: wire.SignatureECDSA, Identity: n.identity()}
	input, err := wire.ValueInput(resource, kind, d, d.Signature.Identity, true)
	if err != nil {
		panic(err)
	}
	d.Signature.Value = checksum(input)
}

// verified checks a message and its values, and gives it back if it holds.
func (n *Node) verified(v *peer.Verify) {
	if !n.Alive {
		return
	}
	block, err := wire.ParseSecurityBlock(v.Message.Security)
	if err != nil {
		return
	}
	signer, err := check(&block, block.Signature, wire.MessageInput(&v.Message.Header, v.Message.Contents, block.Signature.Identity))
	if err != nil {
		return
	}
	values := make([]peer.ValueSigner, len(v.Values))
	for i, s := range v.Values {
		input, err := wire.ValueInput(s.Resource, s.Kind, s.Data, s.Data.Signature.Identity, true)
		if err == nil {
			values[i].Signer, err = check(&block, s.Data.Signature, input)
		}
		values[i].Err = err
	}
	n.Conduct.listen(n, v.Message)
	n.Core.Verified(n.clock(), v, signer, values)
	n.flush()
}

func check(block *wire.SecurityBlock, s wire.Signature, input []byte) (peer.Signer, error) {
	if !slices.Equal(s.Value, checksum(input)) || len(s.Identity.Digest) != wire.IDLength {
		return peer.Signer{}, errUnverified
	}
	for _, cert := range block.Certificates {
		if slices.Equal(cert.Data[:min(wire.IDLength, len(cert.Data))], s.Identity.Digest) {
			id := wire.NodeID(cert.Data[:wire.IDLength])
			return peer.Signer{NodeID: id, User: string(cert.Data[wire.IDLength:]), Certificate: cert.Data}, nil
		}
	}
	return peer.Signer{}, errUnverified
}

// checksumLength is that of a checksum.
const checksumLength = 8

func checksum(input []byte) []byte {
	h := fnv.New64a()
	h.Write(input)
	return binary.BigEndian.AppendUint64(nil, h.Sum64())
}
