package wire

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// ErrUnknownCode is a message whose code this package does not know.
var ErrUnknownCode = errors.New("unknown message code")

// ErrorCode is what an error response says (§6.3.3.1, §14.9). It is an error, so that callers ask
// errors.Is(err, wire.ErrorNotFound).
type ErrorCode uint16

// The error codes of RFC 6940 and RFC 7851.
const (
	ErrorForbidden                      ErrorCode = 0x02
	ErrorNotFound                       ErrorCode = 0x03
	ErrorRequestTimeout                 ErrorCode = 0x04
	ErrorGenerationCounterTooLow        ErrorCode = 0x05 // info: a StoreAns
	ErrorIncompatibleWithOverlay        ErrorCode = 0x06
	ErrorUnsupportedForwardingOption    ErrorCode = 0x07
	ErrorDataTooLarge                   ErrorCode = 0x08
	ErrorDataTooOld                     ErrorCode = 0x09
	ErrorTTLExceeded                    ErrorCode = 0x0a
	ErrorMessageTooLarge                ErrorCode = 0x0b
	ErrorUnknownKind                    ErrorCode = 0x0c // info: MarshalKinds
	ErrorUnknownExtension               ErrorCode = 0x0d
	ErrorResponseTooLarge               ErrorCode = 0x0e
	ErrorConfigTooOld                   ErrorCode = 0x0f
	ErrorConfigTooNew                   ErrorCode = 0x10
	ErrorInProgress                     ErrorCode = 0x11
	ErrorInvalidMessage                 ErrorCode = 0x14
	ErrorUnderlayDestinationUnreachable ErrorCode = 0x15
	ErrorUnderlayTimeExceeded           ErrorCode = 0x16
	ErrorMessageExpired                 ErrorCode = 0x17
	ErrorUpstreamMisrouting             ErrorCode = 0x18
	ErrorLoopDetected                   ErrorCode = 0x19
	ErrorTTLHopsExceeded                ErrorCode = 0x1a
)

var errorNames = map[ErrorCode]string{
	ErrorForbidden: "forbidden", ErrorNotFound: "not found", ErrorRequestTimeout: "request timeout",
	ErrorGenerationCounterTooLow: "generation counter too low", ErrorIncompatibleWithOverlay: "incompatible with overlay",
	ErrorUnsupportedForwardingOption: "unsupported forwarding option", ErrorDataTooLarge: "data too large",
	ErrorDataTooOld: "data too old", ErrorTTLExceeded: "TTL exceeded", ErrorMessageTooLarge: "message too large",
	ErrorUnknownKind: "unknown Kind", ErrorUnknownExtension: "unknown extension", ErrorResponseTooLarge: "response too large",
	ErrorConfigTooOld: "configuration too old", ErrorConfigTooNew: "configuration too new", ErrorInProgress: "in progress",
	ErrorInvalidMessage: "invalid message", ErrorUnderlayDestinationUnreachable: "underlay destination unreachable",
	ErrorUnderlayTimeExceeded: "underlay time exceeded", ErrorMessageExpired: "message expired",
	ErrorUpstreamMisrouting: "upstream misrouting", ErrorLoopDetected: "loop detected", ErrorTTLHopsExceeded: "TTL hops exceeded",
}

// Error is the code in words.
func (e ErrorCode) Error() string {
	if name, ok := errorNames[e]; ok {
		return name
	}
	return fmt.Sprintf("RELOAD error %d", uint16(e))
}

// ErrorResponse is the body of a message with CodeError. It is an error that wraps its Reason.
type ErrorResponse struct {
	Reason ErrorCode
	Info   []byte // UTF-8 text, unless the code says otherwise
}

// Code is CodeError.
func (*ErrorResponse) Code() MessageCode { return CodeError }

// Error is the code in words and the info where it is text.
func (e *ErrorResponse) Error() string {
	switch {
	case len(e.Info) == 0, e.Reason == ErrorGenerationCounterTooLow, e.Reason == ErrorUnknownKind:
		return e.Reason.Error()
	}
	return fmt.Sprintf("%v: %.200q", e.Reason, e.Info)
}

// Unwrap is the code.
func (e *ErrorResponse) Unwrap() error { return e.Reason }

func (e *ErrorResponse) marshal(b *cryptobyte.Builder) {
	b.AddUint16(uint16(e.Reason))
	addOpaque16(b, e.Info)
}

func (e *ErrorResponse) unmarshal(s *cryptobyte.String, _ Models) bool {
	return s.ReadUint16((*uint16)(&e.Reason)) && readOpaque16(s, &e.Info)
}

// MarshalKinds is the info of ErrorUnknownKind: KindId unknown_kinds<0..2^8-1> (§7.4.1.2). More than 63 are cut.
func MarshalKinds(kinds []KindID) []byte {
	kinds = kinds[:min(len(kinds), 63)]
	var b cryptobyte.Builder
	marshalKinds(&b, kinds)
	return b.BytesOrPanic()
}

// UnmarshalKinds is the reverse of MarshalKinds.
func UnmarshalKinds(info []byte) ([]KindID, error) {
	var kinds []KindID
	err := decode("unknown Kinds", info, func(s *cryptobyte.String) bool { return unmarshalKinds(s, &kinds) })
	return kinds, err
}

func marshalKinds(b *cryptobyte.Builder, kinds []KindID) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, k := range kinds {
			b.AddUint32(uint32(k))
		}
	})
}

func unmarshalKinds(s *cryptobyte.String, kinds *[]KindID) bool {
	var body cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&body) {
		return false
	}
	for !body.Empty() {
		var k uint32
		if !body.ReadUint32(&k) {
			return false
		}
		*kinds = append(*kinds, KindID(k))
	}
	return true
}
