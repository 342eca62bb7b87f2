package cert

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"

	"tandem/overlay/wire"
)

// keyID is a subject key identifier.
func keyID(pub crypto.PublicKey) []byte {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil // CreateCertificate refuses the key, too, and says why
	}
	sum := sha256.Sum256(spki)
	return sum[:20]
}

// selfSignedIDs are the Node-IDs that a self-signed certificate with count of them must have (§11.3.1).
func selfSignedIDs(spki []byte, digest wire.HashAlgorithm, count int) []wire.NodeID {
	if count == 1 {
		return []wire.NodeID{highOrder(spki, digest)}
	}
	ids := make([]wire.NodeID, count)
	for i := range ids {
		ids[i] = highOrder(append(binary.BigEndian.AppendUint32(nil, uint32(i+1)), spki...), digest)
	}
	return ids
}

func highOrder(data []byte, digest wire.HashAlgorithm) wire.NodeID {
	if digest == wire.HashSHA1 {
		sum := sha1.Sum(data)
		return wire.NodeID(sum[:wire.IDLength])
	}
	sum := sha256.Sum256(data)
	return wire.NodeID(sum[:wire.IDLength])
}
