package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// Constants of the forwarding header (§6.3.2).
const (
	reloToken    = 0xd2454c4f // "RELO" with the first bit set
	version      = 0x0a       // 1.0
	fixedHeader  = 38         // bytes before the lists
	fragmentOn   = 0x80000000
	fragmentLast = 0x40000000
	offsetMask   = 0x00ffffff
)

// DefaultTTL is where the TTL starts if the configuration document does not say (§6.3.2).
const DefaultTTL = 100

// AnySequence as configuration sequence means "whatever you have"; only ConfigUpdate may carry it (§6.3.2.1).
const AnySequence = 65535

// Errors of reading a forwarding header, beside ErrMalformed.
var (
	ErrNotRELOAD = errors.New("not a RELOAD message")
	ErrVersion   = errors.New("unsupported RELOAD version")
)

// Fragment is a piece's place in its message (§6.7). Whole is the one of a message in one piece.
type Fragment struct {
	Offset uint32 // bytes, counted from the end of the forwarding header; 24 bits
	Last   bool
}

// Whole is the Fragment of a message that is not fragmented.
var Whole = Fragment{Last: true}

// ForwardingHeader is what peers on the way read and change (§6.3.2). Token, version and lengths are the codec's.
type ForwardingHeader struct {
	Overlay           uint32 // OverlayID of the overlay's name
	ConfigSequence    uint16
	TTL               uint8
	Fragment          Fragment // of a message in one piece: Whole
	TransactionID     TransactionID
	MaxResponseLength uint32 // bytes; 0: no limit
	Via               []Destination
	Destinations      []Destination
	Options           []ForwardingOption
}

// ForwardingOptionType names a forwarding option (§14.12).
type ForwardingOptionType uint8

// OptionExtensiveRoutingMode asks for an answer by another way than the request's (RFC 7263, RFC 7264).
const OptionExtensiveRoutingMode ForwardingOptionType = 2

// Flags of a forwarding option (§6.3.2.3, RFC 7263 §5.2.1).
const (
	FlagForwardCritical     uint8 = 0x01
	FlagDestinationCritical uint8 = 0x02
	FlagResponseCopy        uint8 = 0x04
	FlagIgnoreStateKeeping  uint8 = 0x08
)

// ForwardingOption extends the forwarding header (§6.3.2.3).
type ForwardingOption struct {
	Type  ForwardingOptionType
	Flags uint8
	Value []byte
}

func (o *ForwardingOption) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint8((*uint8)(&o.Type)) && s.ReadUint8(&o.Flags) && readOpaque16(s, &o.Value)
}

// marshal writes the header of a message with payload bytes behind it. The three lengths stand before the
// lists, so they are put in when the lists are done.
func (h *ForwardingHeader) marshal(payload int) ([]byte, error) {
	if h.Fragment.Offset > offsetMask {
		return nil, fmt.Errorf("encode forwarding header: fragment offset %d", h.Fragment.Offset)
	}
	out := make([]byte, fixedHeader, fixedHeader+19*(len(h.Via)+len(h.Destinations))+16*len(h.Options)+payload)
	var err error
	for i := range 3 {
		before := len(out)
		if out, err = h.appendList(out, i); err != nil {
			return nil, fmt.Errorf("encode forwarding header: %w", err)
		}
		length := len(out) - before
		if length > 0xffff {
			return nil, errors.New("encode forwarding header: list longer than 2^16-1 bytes")
		}
		binary.BigEndian.PutUint16(out[32+2*i:], uint16(length))
	}
	h.putFixed(out, len(out)+payload)
	return out, nil
}

// appendList writes the lists in their order: via, destinations, options.
func (h *ForwardingHeader) appendList(out []byte, i int) ([]byte, error) {
	switch i {
	case 0:
		return appendDestinations(out, h.Via)
	case 1:
		return appendDestinations(out, h.Destinations)
	}
	for _, o := range h.Options {
		if len(o.Value) > 0xffff {
			return nil, errors.New("option longer than 2^16-1 bytes")
		}
		out = append(out, byte(o.Type), o.Flags)
		out = binary.BigEndian.AppendUint16(out, uint16(len(o.Value)))
		out = append(out, o.Value...)
	}
	return out, nil
}

func (h *ForwardingHeader) putFixed(out []byte, length int) {
	be := binary.BigEndian
	be.PutUint32(out[0:], reloToken)
	be.PutUint32(out[4:], h.Overlay)
	be.PutUint16(out[8:], h.ConfigSequence)
	out[10] = version
	out[11] = h.TTL
	be.PutUint32(out[12:], h.Fragment.bits())
	be.PutUint32(out[16:], uint32(length))
	be.PutUint64(out[20:], uint64(h.TransactionID))
	be.PutUint32(out[28:], h.MaxResponseLength)
}

func (f Fragment) bits() uint32 {
	v := uint32(fragmentOn) | f.Offset
	if f.Last {
		v |= fragmentLast
	}
	return v
}

// unmarshal reads the header and leaves the payload in s. The length field must agree with what is there.
func (h *ForwardingHeader) unmarshal(s *cryptobyte.String) error {
	data := *s
	if len(data) < fixedHeader {
		return malformed("forwarding header")
	}
	be := binary.BigEndian
	fragment := be.Uint32(data[12:])
	switch {
	case be.Uint32(data) != reloToken:
		return ErrNotRELOAD
	case data[10] != version:
		return fmt.Errorf("%w %d", ErrVersion, data[10])
	case fragment&fragmentOn == 0:
		return malformed("fragment field")
	case uint64(be.Uint32(data[16:])) != uint64(len(data)):
		return malformed("message length")
	}
	*h = ForwardingHeader{
		Overlay:           be.Uint32(data[4:]),
		ConfigSequence:    be.Uint16(data[8:]),
		TTL:               data[11],
		Fragment:          Fragment{Offset: fragment & offsetMask, Last: fragment&fragmentLast != 0},
		TransactionID:     TransactionID(be.Uint64(data[20:])),
		MaxResponseLength: be.Uint32(data[28:]),
	}
	s.Skip(fixedHeader)
	return h.unmarshalLists(s, be.Uint16(data[32:]), be.Uint16(data[34:]), be.Uint16(data[36:]))
}

func (h *ForwardingHeader) unmarshalLists(s *cryptobyte.String, via, dest, options uint16) error {
	var v, d, o cryptobyte.String
	if !s.ReadBytes((*[]byte)(&v), int(via)) || !s.ReadBytes((*[]byte)(&d), int(dest)) || !s.ReadBytes((*[]byte)(&o), int(options)) {
		return malformed("forwarding header")
	}
	if !readDestinations(&v, &h.Via) || resourceBefore(h.Via, len(h.Via)) {
		return malformed("via list")
	}
	if !readDestinations(&d, &h.Destinations) || len(h.Destinations) == 0 || resourceBefore(h.Destinations, len(h.Destinations)-1) {
		return malformed("destination list")
	}
	for !o.Empty() {
		h.Options = append(h.Options, ForwardingOption{})
		if !h.Options[len(h.Options)-1].unmarshal(&o) {
			return malformed("forwarding options")
		}
	}
	return nil
}

// resourceBefore says that one of the first n entries is a resource: nothing can be routed through a resource.
func resourceBefore(list []Destination, n int) bool {
	for _, d := range list[:n] {
		if d.Type == DestinationResource {
			return true
		}
	}
	return false
}
