package wire

import "golang.org/x/crypto/cryptobyte"

// RedirServiceProvider is the record of KindReDiR: who offers a service, and where in the ReDiR tree the
// record stands (RFC 7374 §4.1).
type RedirServiceProvider struct {
	Type      uint8 // of the extension; 0: none
	Route     []Destination
	Namespace string
	Level     uint16
	Node      uint16
	Extension []byte
}

// MarshalBinary encodes the record.
func (p *RedirServiceProvider) MarshalBinary() ([]byte, error) {
	return encode("RedirServiceProvider", 96, func(b *cryptobyte.Builder) {
		b.AddUint8(p.Type)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, p.Route) })
		addOpaque16(b, []byte(p.Namespace))
		b.AddUint16(p.Level)
		b.AddUint16(p.Node)
		addOpaque16(b, p.Extension)
	})
}

// UnmarshalBinary decodes the record.
func (p *RedirServiceProvider) UnmarshalBinary(data []byte) error {
	*p = RedirServiceProvider{}
	return decode("RedirServiceProvider", data, p.unmarshal)
}

func (p *RedirServiceProvider) unmarshal(s *cryptobyte.String) bool {
	var route cryptobyte.String
	var namespace []byte
	ok := s.ReadUint8(&p.Type) && s.ReadUint16LengthPrefixed(&route) && readDestinations(&route, &p.Route) &&
		readOpaque16(s, &namespace) && s.ReadUint16(&p.Level) && s.ReadUint16(&p.Node) && readOpaque16(s, &p.Extension)
	p.Namespace = string(namespace)
	return ok
}
