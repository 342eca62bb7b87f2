package wire

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// ErrMalformed is wrapped by every error of decoding.
var ErrMalformed = errors.New("malformed")

func malformed(what string) error { return fmt.Errorf("%s: %w", what, ErrMalformed) }

// codec is a structure of the presentation language that needs nothing but its bytes to be decoded.
type codec[T any] interface {
	*T
	marshal(*cryptobyte.Builder)
	unmarshal(*cryptobyte.String) bool
}

// encode builds the bytes of one structure; size is a guess.
func encode(what string, size int, marshal func(*cryptobyte.Builder)) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, size))
	marshal(b)
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", what, err)
	}
	return out, nil
}

// decode reads one structure that must fill data.
func decode(what string, data []byte, unmarshal func(*cryptobyte.String) bool) error {
	s := cryptobyte.String(data)
	if !unmarshal(&s) || !s.Empty() {
		return malformed(what)
	}
	return nil
}

// readUint32Prefixed reads a T<0..2^32-1>, which cryptobyte can only write.
func readUint32Prefixed(s *cryptobyte.String, out *cryptobyte.String) bool {
	var n uint32
	if !s.ReadUint32(&n) || uint64(n) > uint64(len(*s)) {
		return false
	}
	return s.ReadBytes((*[]byte)(out), int(n))
}

// addOpaque8, addOpaque16 and addOpaque32 write opaque vectors by the width of their length.
func addOpaque8[T []byte | string](b *cryptobyte.Builder, v T) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(v)) })
}

func addOpaque16(b *cryptobyte.Builder, v []byte) {
	if len(v) > 0xffff {
		b.SetError(errors.New("vector longer than 2^16-1 bytes"))
		return
	}
	b.AddUint16(uint16(len(v)))
	b.AddBytes(v)
}

func addOpaque32(b *cryptobyte.Builder, v []byte) {
	if uint64(len(v)) > 0xffffffff {
		b.SetError(errors.New("vector longer than 2^32-1 bytes"))
		return
	}
	b.AddUint32(uint32(len(v)))
	b.AddBytes(v)
}

func readOpaque8(s *cryptobyte.String, out *[]byte) bool {
	var body cryptobyte.String
	return s.ReadUint8LengthPrefixed(&body) && keep(body, out)
}

func readOpaque16(s *cryptobyte.String, out *[]byte) bool {
	var body cryptobyte.String
	return s.ReadUint16LengthPrefixed(&body) && keep(body, out)
}

func readOpaque32(s *cryptobyte.String, out *[]byte) bool {
	var body cryptobyte.String
	return readUint32Prefixed(s, &body) && keep(body, out)
}

// keep shares body, capacity cut so that nobody appends into what follows; nothing becomes nil.
func keep(body cryptobyte.String, out *[]byte) bool {
	*out = nil
	if len(body) > 0 {
		*out = body[:len(body):len(body)]
	}
	return true
}

func addBool(b *cryptobyte.Builder, v bool) {
	if v {
		b.AddUint8(1)
	} else {
		b.AddUint8(0)
	}
}

// readBool takes 0 and 1 and nothing else (§6.3.1).
func readBool(s *cryptobyte.String, v *bool) bool {
	var u uint8
	if !s.ReadUint8(&u) || u > 1 {
		return false
	}
	*v = u == 1
	return true
}

// addList writes the elements one after the other; the caller wrote or will write their length.
func addList[T any, P codec[T]](b *cryptobyte.Builder, list []T) {
	for i := range list {
		P(&list[i]).marshal(b)
	}
}

// readList reads elements until body is empty.
func readList[T any, P codec[T]](body *cryptobyte.String, list *[]T) bool {
	for !body.Empty() {
		*list = append(*list, *new(T))
		if !P(&(*list)[len(*list)-1]).unmarshal(body) {
			return false
		}
	}
	return true
}
