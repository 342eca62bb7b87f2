package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A Ping from 11.. by way of 22.. to the resource 22.., as drawn in §6.3.2.
const (
	pingFixed = "d2454c4f 01020304 0007 0a 64 c0000000"
	pingLists = "0012 0013 0005" + "01 10" + n11 + "02 11" + r22 + "02 06 0001 ff"
	pingBody  = "0017 00000002 0000 00000000"
	pingBlock = "0000" + noSignature
	pingHex   = pingFixed + "00000065 1112131415161718 00000000" + pingLists + pingBody + pingBlock
)

func ping() Message {
	return Message{
		Header: ForwardingHeader{
			Overlay: 0x01020304, ConfigSequence: 7, TTL: 100, Fragment: Whole, TransactionID: 0x1112131415161718,
			Via:          []Destination{ToNode(node(0x11))},
			Destinations: []Destination{ToResource(res22)},
			Options:      []ForwardingOption{{Type: OptionExtensiveRoutingMode, Flags: FlagDestinationCritical | FlagResponseCopy, Value: []byte{0xff}}},
		},
		Contents: []byte{0, 0x17, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0},
		Security: []byte{0, 0, 0, 0, 3, 0, 0, 0, 0},
	}
}

// RELOAD: HDR-1 HDR-2 HDR-7 HDR-10 OPT-1
func TestMessage(t *testing.T) {
	m, want := ping(), unhex(t, pingHex)
	encoded, err := m.MarshalBinary()
	if err != nil || !bytes.Equal(encoded, want) {
		t.Errorf("encoded (error %v)\n got %x\nwant %x", err, encoded, want)
	}
	var got Message
	if err := got.UnmarshalBinary(want); err != nil {
		t.Fatalf("decode %x: %v", want, err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	for n := range want {
		if err := new(Message).UnmarshalBinary(want[:n]); err == nil {
			t.Errorf("prefix of %d of %d bytes was taken", n, len(want))
		}
	}
	if got.Code() != CodePingReq {
		t.Errorf("code %v, want ping_req", got.Code())
	}
}

// RELOAD: HDR-4 HDR-6 HDR-7 FRG-3
func TestMessageRefused(t *testing.T) {
	good := unhex(t, pingHex)
	for _, row := range []struct {
		name string
		at   int
		b    byte
		want error
	}{
		{"token", 0, 0x52, ErrNotRELOAD},
		{"version 0.1", 10, 1, ErrVersion},
		{"first bit of fragment clear", 12, 0x40, ErrMalformed},
		{"length", 19, 0x61, ErrMalformed},
		{"via list longer", 33, 0x13, ErrMalformed},
		{"no destination", 35, 0, ErrMalformed},
		{"via list holds a resource", 38, 2, ErrMalformed},
		{"option longer than the list", 78, 9, ErrMalformed},
	} {
		bad := bytes.Clone(good)
		bad[row.at] = row.b
		if err := new(Message).UnmarshalBinary(bad); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}
}

// A resource that more destinations follow leads nowhere (§6.3.2.2).
// RELOAD: DST-3
func TestResourceOnlyLast(t *testing.T) {
	m := ping()
	m.Header.Destinations = append(m.Header.Destinations, ToNode(node(0x11)))
	encoded, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := new(Message).UnmarshalBinary(encoded); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

// A fragment's payload is not looked into, and neither is one whose lengths do not fit: peers on the way pass it on.
// RELOAD: HDR-1 HDR-6 FRG-1
func TestPayloadUnread(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"fragment":        func(m *Message) { m.Header.Fragment = Fragment{Offset: 256, Last: true} },
		"first fragment":  func(m *Message) { m.Header.Fragment = Fragment{} },
		"body length":     func(m *Message) { m.Contents = []byte{0, 0x17, 0xff, 0xff, 0xff, 0xff, 0, 0} },
		"nothing at all":  func(m *Message) { m.Contents, m.Security = nil, nil },
		"half a contents": func(m *Message) { m.Contents, m.Security = []byte{0, 0x17, 0}, nil },
	} {
		m := ping()
		change(&m)
		encoded, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got Message
		if err := got.UnmarshalBinary(encoded); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := append(bytes.Clone(m.Contents), m.Security...); !bytes.Equal(got.Contents, want) || got.Security != nil {
			t.Errorf("%s: contents %x, security %x, want all in contents: %x", name, got.Contents, got.Security, want)
		}
		if again, err := got.MarshalBinary(); err != nil || !bytes.Equal(again, encoded) {
			t.Errorf("%s: passed on as %x (%v), came as %x", name, again, err, encoded)
		}
	}
}

func TestHeaderNotEncoded(t *testing.T) {
	for name, change := range map[string]func(*ForwardingHeader){
		"offset of 25 bits": func(h *ForwardingHeader) { h.Fragment.Offset = 1 << 24 },
		"list of 65538":     func(h *ForwardingHeader) { h.Via = make65538() },
		"opaque ID of 255": func(h *ForwardingHeader) {
			h.Via = []Destination{{Type: DestinationOpaque, Opaque: strings.Repeat("x", 255)}}
		},
		"destination type 128": func(h *ForwardingHeader) { h.Via = []Destination{{Type: 128}} },
		"destination type 0": func(h *ForwardingHeader) {
			h.Destinations = []Destination{{}}
		},
	} {
		m := ping()
		change(&m.Header)
		if _, err := m.MarshalBinary(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func make65538() []Destination {
	list := make([]Destination, 3641) // 18 bytes each
	for i := range list {
		list[i] = ToNode(node(1))
	}
	return list
}

var destinations = []struct {
	name string
	hex  string
	want Destination
}{
	{"node", "01 10" + n11, ToNode(node(0x11))},
	{"resource has its own length", "02 11" + r22, ToResource(res22)},
	{"opaque ID", "03 04 03 010203", Destination{Type: DestinationOpaque, Opaque: "\x01\x02\x03"}},
	{"opaque ID of two bytes, first bit clear", "03 03 02 7fff", Destination{Type: DestinationOpaque, Opaque: "\x7f\xff"}},
	{"short form", "8001", Destination{Type: DestinationOpaque, Opaque: "\x80\x01"}},
	{"unknown type", "7f 02 abcd", Destination{Type: 127, Opaque: "\xab\xcd"}},
	{"wildcard", "01 10 ffffffffffffffffffffffffffffffff", ToNode(Wildcard)},
}

// RELOAD: DST-1 DST-2 PL-4
func TestDestinations(t *testing.T) {
	for _, row := range destinations {
		want := unhex(t, row.hex)
		got, err := UnmarshalDestinations(want)
		if err != nil || len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: decoded %v, %v, want %v", row.name, got, err, row.want)
		}
		if encoded, err := MarshalDestinations([]Destination{row.want}); err != nil || !bytes.Equal(encoded, want) {
			t.Errorf("%s: encoded %x, %v, want %x", row.name, encoded, err, want)
		}
		for n := 1; n < len(want); n++ {
			if got, err := UnmarshalDestinations(want[:n]); err == nil {
				t.Errorf("%s: prefix %x decoded to %v", row.name, want[:n], got)
			}
		}
	}
}

// "it MUST be treated as if it were a full structure" (§6.3.2.2): the long form of a short one is the same value.
// RELOAD: DST-2
func TestDestinationLongForm(t *testing.T) {
	got, err := UnmarshalDestinations(unhex(t, "03 03 02 8001"))
	if want := (Destination{Type: DestinationOpaque, Opaque: "\x80\x01"}); err != nil || got[0] != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// RELOAD: CNT-1 CNT-2
func TestContents(t *testing.T) {
	want := unhex(t, "0017 00000002 0000 00000010 0003 00 00000002 abcd 0009 01 00000000")
	extensions := []Extension{{Type: ExtensionSelfTuning, Contents: []byte{0xab, 0xcd}}, {Type: 9, Critical: true}}
	got, err := MarshalContents(&PingReq{}, extensions...)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("encoded (error %v)\n got %x\nwant %x", err, got, want)
	}
	c, err := ParseContents(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Contents{Code: CodePingReq, Body: []byte{0, 0}, Extensions: extensions}, c); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	for n := range want {
		if _, err := ParseContents(want[:n]); err == nil {
			t.Errorf("prefix of %d bytes was taken", n)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(unhex(f, pingHex))
	for _, row := range destinations {
		m := ping()
		m.Header.Via = []Destination{row.want}
		if data, err := m.MarshalBinary(); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second Message
		if first.UnmarshalBinary(data) != nil {
			return
		}
		encoded, err := first.MarshalBinary()
		if err != nil {
			t.Fatalf("decoded %+v does not encode: %v", first, err)
		}
		if err := second.UnmarshalBinary(encoded); err != nil {
			t.Fatalf("%x decodes, %x does not: %v", data, encoded, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("changed on the second round (-first +second):\n%s", diff)
		}
		if c, err := ParseContents(first.Contents); err == nil {
			_, _ = c.Decode(nil)
		}
		_, _ = ParseSecurityBlock(first.Security)
	})
}
