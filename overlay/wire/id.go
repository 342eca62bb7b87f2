package wire

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// IDLength is the length of Node-IDs and Resource-IDs in bytes.
const IDLength = 16

// NodeID names a node (§6.3.1.1). The zero value is no Node-ID and never on the wire.
type NodeID [IDLength]byte

// Wildcard is the Node-ID that addresses whichever node receives the message.
var Wildcard = NodeID{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
}

// ParseNodeID reads 32 hexadecimal digits.
func ParseNodeID(s string) (NodeID, error) {
	var id NodeID
	if len(s) != hex.EncodedLen(IDLength) {
		return id, fmt.Errorf("Node-ID %q: want %d hexadecimal digits", s, hex.EncodedLen(IDLength))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, fmt.Errorf("Node-ID %q: %w", s, err)
	}
	if id.IsZero() {
		return id, errors.New("Node-ID: all zero")
	}
	return id, nil
}

// String is the Node-ID in lower-case hexadecimal.
func (n NodeID) String() string { return hex.EncodeToString(n[:]) }

// MarshalText makes Node-IDs hexadecimal in JSON, as values and as keys.
func (n NodeID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, n[:]), nil }

// UnmarshalText is ParseNodeID.
func (n *NodeID) UnmarshalText(text []byte) (err error) {
	*n, err = ParseNodeID(string(text))
	return err
}

// IsZero says that n is no Node-ID.
func (n NodeID) IsZero() bool { return n == NodeID{} }

// Compare orders Node-IDs as unsigned big-endian integers.
func (n NodeID) Compare(m NodeID) int { return bytes.Compare(n[:], m[:]) }

// ResourceID is a point of the overlay where values are stored (§6.3.1.1).
type ResourceID [IDLength]byte

// HashResource is the Resource-ID of a Resource Name: the most significant 128 bits of its SHA-1 (§10.2).
func HashResource(name []byte) ResourceID {
	sum := sha1.Sum(name)
	return ResourceID(sum[:IDLength])
}

// String is the Resource-ID in lower-case hexadecimal.
func (r ResourceID) String() string { return hex.EncodeToString(r[:]) }

// MarshalText makes Resource-IDs hexadecimal in JSON.
func (r ResourceID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, r[:]), nil }

// Compare orders Resource-IDs as unsigned big-endian integers.
func (r ResourceID) Compare(q ResourceID) int { return bytes.Compare(r[:], q[:]) }

// KindID names a Kind of data (§7.4.5, §14.6).
type KindID uint32

// The Kinds of the registry. Private ones lie in f0000001..fffffffd.
const (
	KindSIPRegistration   KindID = 0x1   // RFC 7904
	KindTURNService       KindID = 0x2   // §9
	KindCertificateByNode KindID = 0x3   // §8
	KindCertificateByUser KindID = 0x10  // §8
	KindReDiR             KindID = 0x104 // RFC 7374
)

// String is the name of a registered Kind, the number in hexadecimal of another.
func (k KindID) String() string {
	switch k {
	case KindSIPRegistration:
		return "SIP-REGISTRATION"
	case KindTURNService:
		return "TURN-SERVICE"
	case KindCertificateByNode:
		return "CERTIFICATE_BY_NODE"
	case KindCertificateByUser:
		return "CERTIFICATE_BY_USER"
	case KindReDiR:
		return "REDIR"
	}
	return fmt.Sprintf("%#x", uint32(k))
}

// TransactionID ties an answer to its request (§6.3.2). It is random; drawing it is the caller's business.
type TransactionID uint64

// String is the transaction ID as 16 hexadecimal digits.
func (t TransactionID) String() string { return fmt.Sprintf("%016x", uint64(t)) }

// OverlayID is what the forwarding header says of the overlay: the low 32 bits of the SHA-1 of its name.
func OverlayID(name string) uint32 {
	sum := sha1.Sum([]byte(name))
	return binary.BigEndian.Uint32(sum[sha1.Size-4:])
}

func (n *NodeID) unmarshal(s *cryptobyte.String) bool { return s.CopyBytes(n[:]) && !n.IsZero() }

func (r ResourceID) marshal(b *cryptobyte.Builder) {
	b.AddUint8(IDLength)
	b.AddBytes(r[:])
}

func (r *ResourceID) unmarshal(s *cryptobyte.String) bool {
	var body cryptobyte.String
	return s.ReadUint8LengthPrefixed(&body) && body.CopyBytes(r[:]) && body.Empty()
}

// marshalNodes writes NodeId nodes<0..2^16-1>.
func marshalNodes(b *cryptobyte.Builder, nodes []NodeID) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for i := range nodes {
			b.AddBytes(nodes[i][:])
		}
	})
}

func unmarshalNodes(s *cryptobyte.String, nodes *[]NodeID) bool {
	var body cryptobyte.String
	return s.ReadUint16LengthPrefixed(&body) && readNodes(&body, nodes)
}

func readNodes(body *cryptobyte.String, nodes *[]NodeID) bool {
	if body.Empty() {
		return true
	}
	*nodes = make([]NodeID, 0, len(*body)/IDLength)
	for !body.Empty() {
		var n NodeID
		if !n.unmarshal(body) {
			return false
		}
		*nodes = append(*nodes, n)
	}
	return true
}
