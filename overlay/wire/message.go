package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// Message is a message, or a fragment of one, as it travels on a link (§6.3).
//
// Contents and Security are bytes as signed and as received. Of a fragment, and of a message whose contents do
// not tell where they end, Contents is all that follows the header and Security is nil: a peer on the way passes
// that on all the same, and at the destination it is refused.
type Message struct {
	Header   ForwardingHeader
	Contents []byte // MessageContents
	Security []byte // SecurityBlock
}

// MarshalBinary encodes the message.
func (m *Message) MarshalBinary() ([]byte, error) {
	out, err := m.Header.marshal(len(m.Contents) + len(m.Security))
	if err != nil {
		return nil, err
	}
	out = append(out, m.Contents...)
	return append(out, m.Security...), nil
}

// UnmarshalBinary decodes the forwarding header and divides the rest. m shares memory with data.
// Errors wrap ErrNotRELOAD, ErrVersion or ErrMalformed.
func (m *Message) UnmarshalBinary(data []byte) error {
	*m = Message{}
	s := cryptobyte.String(data)
	if err := m.Header.unmarshal(&s); err != nil {
		return err
	}
	m.setPayload(s)
	return nil
}

func (m *Message) setPayload(payload []byte) {
	n := len(payload)
	if m.Header.Fragment == Whole {
		n = contentsLength(payload)
	}
	m.Contents = payload[:n:n]
	if n < len(payload) {
		m.Security = payload[n:]
	}
}

// contentsLength is where MessageContents end in payload, by its two lengths; all of it if they do not fit.
func contentsLength(payload []byte) int {
	end := uint64(2)
	for range 2 {
		if uint64(len(payload)) < end+4 {
			return len(payload)
		}
		end += 4 + uint64(binary.BigEndian.Uint32(payload[end:]))
	}
	return int(min(end, uint64(len(payload))))
}

// Code is the message code, 0 if there is none to read.
func (m *Message) Code() MessageCode {
	if len(m.Contents) < 2 || m.Header.Fragment.Offset != 0 {
		return 0
	}
	return MessageCode(binary.BigEndian.Uint16(m.Contents))
}

// Contents is MessageContents taken apart (§6.3.3).
type Contents struct {
	Code       MessageCode
	Body       []byte
	Extensions []Extension
}

// ExtensionType names a message extension (§14.14).
type ExtensionType uint16

// The message extensions of the registry.
const (
	ExtensionDiagnosticPing ExtensionType = 2 // RFC 7851
	ExtensionSelfTuning     ExtensionType = 3 // RFC 7363
)

// Extension is a MessageExtension (§6.3.3). Critical and unknown: ErrorUnknownExtension.
type Extension struct {
	Type     ExtensionType
	Critical bool
	Contents []byte
}

// Body is the body of a message: a pointer to one of this package's structures.
type Body interface {
	// Code is the message code that goes with the body.
	Code() MessageCode
	marshal(*cryptobyte.Builder)
	unmarshal(*cryptobyte.String, Models) bool
}

// MarshalContents encodes MessageContents, ready to be signed.
func MarshalContents(body Body, extensions ...Extension) ([]byte, error) {
	return encode(body.Code().String(), 256, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(body.Code()))
		b.AddUint32LengthPrefixed(body.marshal)
		b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, extensions) })
	})
}

// ParseContents divides MessageContents; the body is not looked into.
func ParseContents(data []byte) (Contents, error) {
	var c Contents
	err := decode("message contents", data, c.unmarshal)
	return c, err
}

func (c *Contents) unmarshal(s *cryptobyte.String) bool {
	var extensions cryptobyte.String
	return s.ReadUint16((*uint16)(&c.Code)) && readOpaque32(s, &c.Body) &&
		readUint32Prefixed(s, &extensions) && readList(&extensions, &c.Extensions)
}

// Decode reads the body. models tells the data models of Kinds; nil is RegisteredModel. An unknown code gives
// ErrUnknownCode, bytes that do not fit ErrMalformed.
func (c Contents) Decode(models Models) (Body, error) {
	body := newBody(c.Code)
	if body == nil {
		return nil, fmt.Errorf("%w %#04x", ErrUnknownCode, uint16(c.Code))
	}
	if models == nil {
		models = RegisteredModel
	}
	err := decode(c.Code.String(), c.Body, func(s *cryptobyte.String) bool { return body.unmarshal(s, models) })
	if err != nil {
		return nil, err
	}
	return body, nil
}

func (e *Extension) marshal(b *cryptobyte.Builder) {
	b.AddUint16(uint16(e.Type))
	addBool(b, e.Critical)
	addOpaque32(b, e.Contents)
}

func (e *Extension) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint16((*uint16)(&e.Type)) && readBool(s, &e.Critical) && readOpaque32(s, &e.Contents)
}
