package wire

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// SIPRegistrationType says what a registration leads to (RFC 7904 §3.2).
type SIPRegistrationType uint8

// The registration types.
const (
	SIPRegistrationURI   SIPRegistrationType = 1
	SIPRegistrationRoute SIPRegistrationType = 2
)

// SIPRegistration is the record of KindSIPRegistration (RFC 7904 §3.2).
type SIPRegistration struct {
	Type         SIPRegistrationType
	URI          string        // SIPRegistrationURI: another AoR
	ContactPrefs string        // SIPRegistrationRoute: a predicate of RFC 3840
	Route        []Destination // SIPRegistrationRoute: the way to the node
	Raw          []byte        // of another type
}

// MarshalBinary encodes the record.
func (r *SIPRegistration) MarshalBinary() ([]byte, error) {
	return encode("SipRegistration", 64, func(b *cryptobyte.Builder) {
		b.AddUint8(uint8(r.Type))
		b.AddUint16LengthPrefixed(r.marshalData)
	})
}

func (r *SIPRegistration) marshalData(b *cryptobyte.Builder) {
	switch r.Type {
	case 0:
		b.SetError(fmt.Errorf("SipRegistration type 0"))
	case SIPRegistrationURI:
		addOpaque16(b, []byte(r.URI))
	case SIPRegistrationRoute:
		addOpaque16(b, []byte(r.ContactPrefs))
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, r.Route) })
	default:
		b.AddBytes(r.Raw)
	}
}

// UnmarshalBinary decodes the record.
func (r *SIPRegistration) UnmarshalBinary(data []byte) error {
	*r = SIPRegistration{}
	return decode("SipRegistration", data, r.unmarshal)
}

func (r *SIPRegistration) unmarshal(s *cryptobyte.String) bool {
	var body cryptobyte.String
	return s.ReadUint8((*uint8)(&r.Type)) && r.Type != 0 && s.ReadUint16LengthPrefixed(&body) &&
		r.unmarshalData(&body) && body.Empty()
}

func (r *SIPRegistration) unmarshalData(body *cryptobyte.String) bool {
	var text []byte
	var route cryptobyte.String
	switch r.Type {
	case SIPRegistrationURI:
		ok := readOpaque16(body, &text)
		r.URI = string(text)
		return ok
	case SIPRegistrationRoute:
		ok := readOpaque16(body, &text)
		r.ContactPrefs = string(text)
		return ok && body.ReadUint16LengthPrefixed(&route) && readDestinations(&route, &r.Route) && len(r.Route) > 0
	}
	keep(*body, &r.Raw)
	return body.Skip(len(*body))
}
