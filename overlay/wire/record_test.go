package wire

import (
	"bytes"
	"encoding"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type record interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

var records = []struct {
	name  string
	hex   string
	want  record
	empty record
}{
	{"SipRegistration uri", "01 0005 0003 614062", &SIPRegistration{Type: SIPRegistrationURI, URI: "a@b"}, new(SIPRegistration)},
	{"SipRegistration route", "02 0017 0001 78 0012 01 10" + n11,
		&SIPRegistration{Type: SIPRegistrationRoute, ContactPrefs: "x", Route: []Destination{ToNode(node(0x11))}}, new(SIPRegistration)},
	{"SipRegistration of another type", "09 0001 ff", &SIPRegistration{Type: 9, Raw: []byte{0xff}}, new(SIPRegistration)},
	{"RedirServiceProvider", "00 0012 01 10" + n11 + "000a 766f6963652d6d61696c 0002 0007 0000",
		&RedirServiceProvider{Route: []Destination{ToNode(node(0x11))}, Namespace: "voice-mail", Level: 2, Node: 7}, new(RedirServiceProvider)},
	{"RedirServiceProvider with an extension", "05 0000 0000 0000 0000 0001 aa",
		&RedirServiceProvider{Type: 5, Extension: []byte{0xaa}}, new(RedirServiceProvider)},
	{"SelfTuningData", "000003e8 00002984 00000001", &SelfTuningData{NetworkSize: 1000, JoinRate: 10628, LeaveRate: 1}, new(SelfTuningData)},
	{"ChordLeaveData", "01 0010" + n11, &ChordLeaveData{Type: LeaveFromSuccessor, Nodes: []NodeID{node(0x11)}}, new(ChordLeaveData)},
	{"StoreAns as info of an error", "000e 00000001 0000000000000009 0000",
		&StoreAns{Kinds: []StoreKindResponse{{Kind: 1, Generation: 9}}}, new(StoreAns)},
}

// RELOAD: SIP-1 RDR-1 LV-1
func TestRecords(t *testing.T) {
	for _, row := range records {
		want := unhex(t, row.hex)
		got, err := row.want.MarshalBinary()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: encoded %x, %v, want %x", row.name, got, err, want)
		}
		if err := row.empty.UnmarshalBinary(want); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if diff := cmp.Diff(row.want, row.empty); diff != "" {
			t.Errorf("%s: decoded (-want +got):\n%s", row.name, diff)
		}
		for n := range want {
			if err := row.empty.UnmarshalBinary(want[:n]); err == nil {
				t.Errorf("%s: prefix of %d bytes was taken", row.name, n)
			}
		}
	}
}

// RELOAD: PL-8
func TestRecordsRefused(t *testing.T) {
	for name, row := range map[string]struct {
		hex  string
		into record
	}{
		"registration without a route": {"02 0004 0000 0000", new(SIPRegistration)},
		"registration of type 0":       {"00 0000", new(SIPRegistration)},
		"leave from nowhere":           {"03 0000", new(ChordLeaveData)},
	} {
		if err := row.into.UnmarshalBinary(unhex(t, row.hex)); err == nil {
			t.Errorf("%s: taken as %+v", name, row.into)
		}
	}
}

func TestStoredDataAlone(t *testing.T) {
	want := StoredData{
		StorageTime: 9, Lifetime: 90 * time.Second, Signature: signed,
		Value: StoredValue{Model: ModelDictionary, Key: "k", Exists: true, Data: []byte("v")},
	}
	data, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseStoredData(data, ModelDictionary)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	clone := got.Clone()
	clear(data)
	if diff := cmp.Diff(want, clone); diff != "" {
		t.Errorf("a clone changed with the message (-want +got):\n%s", diff)
	}
	if _, err := want.Value.MarshalBinary(); err != nil {
		t.Error(err)
	}
	if _, err := (&StoredValue{}).MarshalBinary(); err == nil {
		t.Error("a value without data model was encoded")
	}
}

func FuzzRecords(f *testing.F) {
	for i, row := range records {
		f.Add(i, unhex(f, row.hex))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		makers := []func() record{
			func() record { return new(SIPRegistration) }, func() record { return new(RedirServiceProvider) },
			func() record { return new(ChordLeaveData) }, func() record { return new(StoreAns) },
		}
		makeOne := makers[uint(i)%uint(len(makers))]
		first, second := makeOne(), makeOne()
		if first.UnmarshalBinary(data) != nil {
			return
		}
		encoded, err := first.MarshalBinary()
		if err != nil {
			t.Fatalf("%+v does not encode: %v", first, err)
		}
		if err := second.UnmarshalBinary(encoded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("changed (-first +second):\n%s", diff)
		}
	})
}
