package wire

import (
	"encoding/hex"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// DestinationType says what a Destination is (§6.3.2.2).
type DestinationType uint8

// The destination types.
const (
	DestinationNode     DestinationType = 1
	DestinationResource DestinationType = 2
	DestinationOpaque   DestinationType = 3
)

// Destination is one entry of a destination list or a via list (§6.3.2.2). It is comparable.
//
// An opaque ID of two bytes whose first bit is set has a short form on the wire, which the encoder uses; both
// forms decode to the same value. Entries of other types (4 to 127) are carried through in Opaque.
type Destination struct {
	Type     DestinationType
	Node     NodeID     // DestinationNode
	Resource ResourceID // DestinationResource
	Opaque   string     // DestinationOpaque: the ID's bytes
}

// ToNode is the destination that is a node.
func ToNode(n NodeID) Destination { return Destination{Type: DestinationNode, Node: n} }

// ToResource is the destination that is the peer responsible for r.
func ToResource(r ResourceID) Destination { return Destination{Type: DestinationResource, Resource: r} }

// String is for logs.
func (d Destination) String() string {
	switch d.Type {
	case DestinationNode:
		return "node " + d.Node.String()
	case DestinationResource:
		return "resource " + d.Resource.String()
	case DestinationOpaque:
		return "opaque " + hex.EncodeToString([]byte(d.Opaque))
	}
	return fmt.Sprintf("type %d %x", d.Type, d.Opaque)
}

// MarshalDestinations encodes a destination list with nothing before it, as a RELOAD URI has it (§14.15).
func MarshalDestinations(list []Destination) ([]byte, error) {
	return encode("destination list", 18*len(list), func(b *cryptobyte.Builder) { addList(b, list) })
}

// UnmarshalDestinations is the reverse of MarshalDestinations.
func UnmarshalDestinations(data []byte) ([]Destination, error) {
	var list []Destination
	err := decode("destination list", data, func(s *cryptobyte.String) bool { return readList(s, &list) })
	return list, err
}

// short says that d has the two-byte form.
func (d *Destination) short() bool {
	return d.Type == DestinationOpaque && len(d.Opaque) == 2 && d.Opaque[0]&0x80 != 0
}

func (d *Destination) marshal(b *cryptobyte.Builder) {
	if d.short() {
		b.AddBytes([]byte(d.Opaque))
		return
	}
	b.AddUint8(uint8(d.Type))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { d.marshalData(b) })
}

func (d *Destination) marshalData(b *cryptobyte.Builder) {
	switch d.Type {
	case DestinationNode:
		b.AddBytes(d.Node[:])
	case DestinationResource:
		d.Resource.marshal(b)
	case DestinationOpaque:
		addOpaque8(b, d.Opaque)
	default:
		if d.Type == 0 || d.Type > 127 {
			b.SetError(fmt.Errorf("destination type %d", d.Type))
		}
		b.AddBytes([]byte(d.Opaque))
	}
}

func (d *Destination) unmarshal(s *cryptobyte.String) bool {
	var first uint8
	if !s.ReadUint8(&first) {
		return false
	}
	if first&0x80 != 0 {
		var second uint8
		ok := s.ReadUint8(&second)
		*d = Destination{Type: DestinationOpaque, Opaque: string([]byte{first, second})}
		return ok
	}
	var body cryptobyte.String
	d.Type = DestinationType(first)
	return d.Type != 0 && s.ReadUint8LengthPrefixed(&body) && d.unmarshalData(&body) && body.Empty()
}

func (d *Destination) unmarshalData(body *cryptobyte.String) bool {
	switch d.Type {
	case DestinationNode:
		return d.Node.unmarshal(body)
	case DestinationResource:
		return d.Resource.unmarshal(body)
	case DestinationOpaque:
		var id cryptobyte.String
		ok := body.ReadUint8LengthPrefixed(&id)
		d.Opaque = string(id)
		return ok
	}
	d.Opaque = string(*body)
	return body.Skip(len(*body))
}
