package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// opts: netip.AddrPort has unexported fields and an Equal that == is.
var opts = cmpopts.EquateComparable(netip.AddrPort{})

// RELOAD: PL-1 PL-3 PL-4 PL-8 STO-1 STO-2 FET-1 FET-3 UPD-1 ATT-1 ATT-3 MSG-01 MSG-03 MSG-07 MSG-09 MSG-0d MSG-0f MSG-11 MSG-13 MSG-15 MSG-17 MSG-19 MSG-1d MSG-21 MSG-27
func TestBodies(t *testing.T) {
	for _, row := range bodies {
		t.Run(row.name, func(t *testing.T) {
			want := unhex(t, row.hex)
			contents, err := MarshalContents(row.want)
			if err != nil {
				t.Fatalf("encode: %v", err)
			}
			c, err := ParseContents(contents)
			if err != nil {
				t.Fatalf("contents: %v", err)
			}
			if !bytes.Equal(c.Body, want) {
				t.Errorf("encoded\n got %x\nwant %x", c.Body, want)
			}
			got, err := Contents{Code: row.want.Code(), Body: want}.Decode(nil)
			if err != nil {
				t.Fatalf("decode %x: %v", want, err)
			}
			if diff := cmp.Diff(row.want, got, opts); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
			refusesOthers(t, row.want.Code(), want)
		})
	}
}

// refusesOthers says that neither a proper prefix of data nor data with a byte more is a body.
func refusesOthers(t *testing.T, code MessageCode, data []byte) {
	t.Helper()
	for n := range data {
		if _, err := (Contents{Code: code, Body: data[:n]}).Decode(nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("prefix of %d of %d bytes: %v, want ErrMalformed", n, len(data), err)
		}
	}
	if _, err := (Contents{Code: code, Body: append(bytes.Clone(data), 0)}).Decode(nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("a byte too many: %v, want ErrMalformed", err)
	}
}

// RELOAD: PL-2 PL-3 PL-4 PL-5 PL-6 PL-7 PL-8
func TestBodiesRefused(t *testing.T) {
	for _, row := range []struct {
		name string
		code MessageCode
		hex  string
	}{
		{"boolean 2", CodeRouteQueryReq, "02 01 10" + n11 + "0000"},
		{"update type 4", CodeUpdateReq, "00000000 04"},
		{"candidate type 3, reserved", CodeAttachReq, "00 00 00 0011 01 06 c0000201 17c4 04 00 00000000 03 0000 00"},
		{"IPv4 address of 16 bytes", CodeAttachReq, "00 00 00 001d 01 12 c000020117c4c000020117c4c000020117c400000000 04 00 00000000 01 0000 00"},
		{"half a Node-ID", CodeUpdateReq, "00000000 02 0008 1111111111111111 0000"},
		{"Node-ID zero", CodeJoinReq, "00000000000000000000000000000000 0000"},
		{"Resource-ID of 4 bytes", CodeFindReq, "04 01020304 00"},
		{"half a Kind", CodeFindReq, r22 + "02 0000"},
		{"destination type 0", CodeRouteQueryReq, "00 00 00 0000"},
		{"destination longer than its content", CodeRouteQueryReq, "00 01 11" + n11 + "00 0000"},
		{"StoredData longer than its content", CodeStoreReq, r22 + "00 0000002d 00000002 0000000000000000 0000001d" +
			"00000019 0000000000000000 00000000 00 00000000" + noSignature + "00"},
		{"vector longer than the message", CodeStoreReq, r22 + "00 ffffffff 00"},
		{"probe value of 3 bytes", CodeProbeAns, "0005 01 03 000064"},
		{"config_update type 0", CodeConfigUpdateReq, "00 00000000"},
	} {
		_, err := Contents{Code: row.code, Body: unhex(t, row.hex)}.Decode(nil)
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", row.name, err)
		}
	}
}

// RELOAD: CNT-4
func TestDecodeUnknownCode(t *testing.T) {
	_, err := Contents{Code: 0x1b}.Decode(nil)
	if !errors.Is(err, ErrUnknownCode) {
		t.Errorf("got %v, want ErrUnknownCode", err)
	}
}

// A candidate with an address of another type is passed over, its neighbors are not (§6.3.1.1).
// RELOAD: PL-6 ATT-4
func TestUnknownAddressType(t *testing.T) {
	data := unhex(t, "00 00 00 001e 05 02 aaaa 04 00 00000000 01 0000"+"01 06 c0000201 17c4 04 00 00000000 01 0000 00")
	got, err := Contents{Code: CodeAttachReq, Body: data}.Decode(nil)
	if err != nil {
		t.Fatalf("decode %x: %v", data, err)
	}
	if c := got.(*AttachReq).Candidates; len(c) != 1 || c[0].Addr.String() != "192.0.2.1:6084" {
		t.Errorf("candidates: %v, want the one that is understood", c)
	}
}

// "It is 0 if no Resource-ID is known" (§7.4.4.2): sixteen bytes of zero, and none at all is understood.
// RELOAD: FND-1 AMB-12
func TestFindAnswerZero(t *testing.T) {
	want := FindAns{Results: []FindKindData{{Kind: 1}}}
	for _, data := range []string{"0005 00000001 00", "0015 00000001 10 00000000000000000000000000000000"} {
		got, err := Contents{Code: CodeFindAns, Body: unhex(t, data)}.Decode(nil)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	}
}

// A Kind of the configuration document gets its model from the caller.
// RELOAD: STO-1
func TestModels(t *testing.T) {
	body := unhex(t, r22+"00 0000002c f0000001 0000000000000000 0000001c 00000018 0000000000000000 00000000 00 00000000"+noSignature)
	got, err := Contents{Code: CodeStoreReq, Body: body}.Decode(func(KindID) DataModel { return ModelSingle })
	if err != nil {
		t.Fatal(err)
	}
	if k := got.(*StoreReq).Kinds[0]; k.Raw != nil || len(k.Values) != 1 || k.Values[0].Value.Model != ModelSingle {
		t.Errorf("got %+v, want one single value", k)
	}
}

func FuzzBody(f *testing.F) {
	for _, row := range bodies {
		f.Add(uint16(row.want.Code()), unhex(f, row.hex))
	}
	f.Fuzz(func(t *testing.T, code uint16, data []byte) {
		body, err := Contents{Code: MessageCode(code), Body: data}.Decode(nil)
		if err != nil {
			return
		}
		again, err := MarshalContents(body)
		if err != nil {
			t.Fatalf("decoded %T %+v does not encode: %v", body, body, err)
		}
		c, err := ParseContents(again)
		if err != nil {
			t.Fatal(err)
		}
		second, err := c.Decode(nil)
		if err != nil {
			t.Fatalf("%x decodes, %x does not: %v", data, c.Body, err)
		}
		if diff := cmp.Diff(body, second, opts); diff != "" {
			t.Errorf("changed on the second round (-first +second):\n%s", diff)
		}
	})
}
