package link

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var frames = []struct {
	name, hex string
	want      frame
}{
	{"data", "80 00000000 000003 616263", frame{typ: 0x80, message: []byte("abc")}},
	{"data, last sequence number", "80 ffffffff 000001 00", frame{typ: 0x80, sequence: 1<<32 - 1, message: []byte{0}}},
	{"data of no bytes", "80 00000007 000000", frame{typ: 0x80, sequence: 7, message: []byte{}}},
	{"ack", "81 00000102 80000001", frame{typ: 0x81, sequence: 0x102, received: 0x80000001}},
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(f frame) []byte {
	if f.typ == frameAck {
		return appendAck(nil, ack{f.sequence, f.received})
	}
	return appendData(nil, f.sequence, f.message)
}

func parse(b []byte, limit int) (frame, error) {
	return readFrame(bufio.NewReader(bytes.NewReader(b)), limit, nil)
}

// RELOAD: FRM-1
func TestFrames(t *testing.T) {
	for _, row := range frames {
		b := unhex(t, row.hex)
		got, err := parse(b, 5000)
		if err != nil || !cmp.Equal(got, row.want, cmp.AllowUnexported(frame{})) {
			t.Errorf("%s: read %x: got %+v, %v, want %+v", row.name, b, got, err, row.want)
		}
		if enc := encode(row.want); !bytes.Equal(enc, b) {
			t.Errorf("%s: encode %+v: got %x, want %x", row.name, row.want, enc, b)
		}
		for n := range b {
			_, err := parse(b[:n], 5000)
			if n > 0 && !errors.Is(err, io.ErrUnexpectedEOF) || n == 0 && !errors.Is(err, io.EOF) {
				t.Errorf("%s: read the first %d bytes of %x: got %v, want an end of file", row.name, n, b, err)
			}
		}
	}
}

func TestFrameOfUnknownType(t *testing.T) {
	if _, err := parse([]byte("GET / HTTP/1.1\r\n"), 5000); !errors.Is(err, errFrame) {
		t.Errorf("read of text: got %v, want %v", err, errFrame)
	}
}

// RELOAD: LNK-1
func TestFrameTooLargeKeepsTheHead(t *testing.T) {
	b := appendData(nil, 1, bytes.Repeat([]byte("x"), 11))
	_, err := parse(b, 10)
	var big *tooLargeError
	if !errors.As(err, &big) || string(big.head) != "xxxxxxxxxx" || big.size != 11 {
		t.Errorf("read of 11 bytes with limit 10: got %+v, want the first 10 bytes and the size", err)
	}
	if _, err := parse(b, 11); err != nil {
		t.Errorf("read of 11 bytes with limit 11: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	for _, row := range frames {
		f.Add(unhex(f, row.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parse(b, 5000)
		if err != nil {
			return
		}
		enc := encode(got)
		if !bytes.HasPrefix(b, enc) {
			t.Errorf("read %x as %+v, which encodes to %x", b, got, enc)
		}
	})
}
