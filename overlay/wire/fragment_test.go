package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fragments decodes the pieces of m and joins their payloads.
func fragments(t testing.TB, m *Message, size int) (list []Message, payload []byte) {
	t.Helper()
	encoded, err := m.MarshalFragments(size)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range encoded {
		var f Message
		if err := f.UnmarshalBinary(b); err != nil {
			t.Fatalf("piece %x: %v", b, err)
		}
		if size > 0 && len(encoded) > 1 && len(b) > size {
			t.Errorf("a piece of %d bytes, want %d at most", len(b), size)
		}
		list = append(list, f)
		payload = append(append(payload, f.Contents...), f.Security...)
	}
	return list, payload
}

func large(payload int) Message {
	m := ping()
	m.Contents = make([]byte, payload)
	for i := range m.Contents {
		m.Contents[i] = byte(i >> 4)
	}
	m.Contents, _ = MarshalContents(&PingReq{Padding: m.Contents})
	m.Security = bytes.Repeat([]byte{0xcd}, 300)
	return m
}

// RELOAD: FRG-1 FRG-2
func TestFragments(t *testing.T) {
	for _, row := range []struct{ payload, size, want int }{
		{3000, 1280, 3}, {3000, 400, 11}, {3000, 0, 1}, {3000, 100000, 1}, {100, 1280, 1},
		{3000, 300, 1},  // no room for 256 bytes beside the header
		{3000, 4096, 1}, // fits
		{100, 500, 1},   // the halves would be too small
	} {
		m := large(row.payload)
		list, payload := fragments(t, &m, row.size)
		if len(list) != row.want {
			t.Errorf("%d bytes in pieces of %d: %d pieces, want %d", row.payload, row.size, len(list), row.want)
		}
		if want := append(bytes.Clone(m.Contents), m.Security...); !bytes.Equal(payload, want) {
			t.Errorf("%d bytes in pieces of %d: the payload changed", row.payload, row.size)
		}
		at := uint32(0)
		for i, f := range list {
			n := len(f.Contents) + len(f.Security)
			want := m.Header
			want.Fragment = Fragment{Offset: at, Last: i == len(list)-1}
			if diff := cmp.Diff(want, f.Header); diff != "" {
				t.Errorf("header of piece %d (-want +got):\n%s", i, diff)
			}
			if len(list) > 1 && n < MinFragment {
				t.Errorf("a piece of %d bytes", n)
			}
			at += uint32(n)
		}
	}
}

// "a message may be refragmented multiple times" (§6.7): the pieces of pieces are the pieces of the message.
func TestFragmentsOfFragments(t *testing.T) {
	m := large(6000)
	outer, want := fragments(t, &m, 3000)
	var got []byte
	last := 0
	for _, f := range outer {
		inner, _ := fragments(t, &f, 700)
		if len(inner) < 2 {
			t.Fatalf("not divided again")
		}
		for _, p := range inner {
			if int(p.Header.Fragment.Offset) != len(got) {
				t.Errorf("offset %d, want %d", p.Header.Fragment.Offset, len(got))
			}
			if p.Header.Fragment.Last {
				last++
			}
			got = append(got, p.Contents...)
		}
	}
	if !bytes.Equal(got, want) || last != 1 {
		t.Errorf("payload changed, or %d last pieces", last)
	}
	whole := Reassembled(outer[1].Header, got)
	if diff := cmp.Diff(m, *whole); diff != "" {
		t.Errorf("put together (-want +got):\n%s", diff)
	}
}

func FuzzFragments(f *testing.F) {
	f.Add(unhex(f, pingHex), 400)
	m := large(3000)
	data, _ := m.MarshalBinary()
	f.Add(data, 600)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		var m Message
		if m.UnmarshalBinary(data) != nil {
			return
		}
		if _, err := m.MarshalFragments(size); err != nil {
			return // the offset has 24 bits
		}
		list, payload := fragments(t, &m, size)
		if want := append(bytes.Clone(m.Contents), m.Security...); !bytes.Equal(payload, want) {
			t.Errorf("the payload changed")
		}
		for _, p := range list[:len(list)-1] {
			if p.Header.Fragment.Last {
				t.Errorf("a last piece before the last")
			}
		}
	})
}
