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
	return appendDestinations(nil, list)
}

// UnmarshalDestinations is the reverse of MarshalDestinations.
func UnmarshalDestinations(data []byte) ([]Destination, error) {
	var list []Destination
	err := decode("destination list", data, func(s *cryptobyte.String) bool { return readDestinations(s, &list) })
	return list, err
}

// short says that d has the two-byte form.
func (d *Destination) short() bool {
	return d.Type == DestinationOpaque && len(d.Opaque) == 2 && d.Opaque[0]&0x80 != 0
}

// append writes d behind dst. Forwarding a message writes its lists anew, so this is kept cheap.
func (d *Destination) append(dst []byte) ([]byte, error) {
	if d.short() {
		return append(dst, d.Opaque...), nil
	}
	start := len(dst)
	dst = append(dst, byte(d.Type), 0)
	switch d.Type {
	case DestinationNode:
		dst = append(dst, d.Node[:]...)
	case DestinationResource:
		dst = append(dst, IDLength)
		dst = append(dst, d.Resource[:]...)
	case DestinationOpaque:
		dst = append(dst, byte(len(d.Opaque)))
		dst = append(dst, d.Opaque...)
	default:
		dst = append(dst, d.Opaque...)
	}
	n := len(dst) - start - 2
	if n > 255 || d.Type == 0 || d.Type > 127 {
		return nil, fmt.Errorf("destination of type %d with %d bytes", d.Type, n)
	}
	dst[start+1] = byte(n)
	return dst, nil
}

func appendDestinations(dst []byte, list []Destination) ([]byte, error) {
	var err error
	for i := range list {
		if dst, err = list[i].append(dst); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func readDestinations(s *cryptobyte.String, list *[]Destination) bool {
	if s.Empty() {
		return true
	}
	out := make([]Destination, 0, len(*s)/(IDLength+2)+1)
	for !s.Empty() {
		out = append(out, Destination{})
		if !out[len(out)-1].unmarshal(s) {
			return false
		}
	}
	*list = out
	return true
}

func (d *Destination) marshal(b *cryptobyte.Builder) {
	data, err := d.append(nil)
	if err != nil {
		b.SetError(err)
	}
	b.AddBytes(data)
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
