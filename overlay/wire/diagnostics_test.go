package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// RELOAD: DIA-1
func TestDiagnosticsPing(t *testing.T) {
	want := unhex(t, "0000018712345678 0000018712345670 ffffffffffffffff 00000000 00000000")
	r := DiagnosticsRequest{Expiration: 0x18712345678, Initiated: 0x18712345670, Flags: AllDiagnostics}
	if got, err := r.MarshalBinary(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("encoded %x, %v, want %x", got, err, want)
	}
	var got DiagnosticsRequest
	if err := got.UnmarshalBinary(want); err != nil || !cmp.Equal(r, got) {
		t.Errorf("decoded %+v, %v", got, err)
	}
	for n := range want {
		if got.UnmarshalBinary(want[:n]) == nil {
			t.Errorf("prefix of %d bytes was taken", n)
		}
	}
	for name, bad := range map[string]string{
		"ext_length other than the list's": "0000018712345678 0000018712345670 ffffffffffffffff 00000001 00000000",
		"half an extension":                "0000018712345678 0000018712345670 ffffffffffffffff 00000002 00000002 f001",
	} {
		if got.UnmarshalBinary(unhex(t, bad)) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// RELOAD: DIA-3
func TestDiagnosticKinds(t *testing.T) {
	if got := DiagnosticsFlags(DiagnosticStatus, DiagnosticBattery, 0, 63, 0xf001); got != 0x10002 {
		t.Errorf("flags %#x, want 0x10002", got)
	}
	for _, row := range []struct {
		contents []byte
		want     uint64
		ok       bool
	}{{[]byte{7}, 7, true}, {[]byte{0, 0, 1, 0}, 256, true}, {[]byte{1, 0, 0, 0, 0, 0, 0, 0}, 1 << 56, true}, {[]byte{1, 2}, 0, false}, {nil, 0, false}} {
		if got, err := (DiagnosticInfo{Contents: row.contents}).Number(); got != row.want || (err == nil) != row.ok {
			t.Errorf("%x is %d, %v", row.contents, got, err)
		}
	}
	if got, err := (DiagnosticInfo{Contents: []byte("tandem\x00")}).Text(); got != "tandem" || err != nil {
		t.Errorf("text %q, %v", got, err)
	}
	if _, err := (DiagnosticInfo{Contents: []byte("tandem")}).Text(); err == nil {
		t.Error("a text without its end was taken")
	}
	counts := []DiagnosticCount{{KindSIPRegistration, 3}, {KindReDiR, 1}}
	if got, err := UnmarshalDiagnosticCounts(MarshalDiagnosticCounts(counts)); err != nil || !cmp.Equal(counts, got) {
		t.Errorf("counts %v, %v, want %v", got, err, counts)
	}
	if _, err := UnmarshalDiagnosticCounts(make([]byte, 13)); err == nil {
		t.Error("counts of 13 bytes were taken")
	}
}

func FuzzDiagnostics(f *testing.F) {
	f.Add(unhex(f, "0000018712345678 0000018712345670 0000000000000144 00000008 00000008 f001 00000002 abcd"))
	f.Add(unhex(f, "0000018712345678 0000018712345670 0000018712345675 61 00000008 00000008 0002 0004 00000007"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var req DiagnosticsRequest
		if req.UnmarshalBinary(data) == nil {
			if got, err := req.MarshalBinary(); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%x is encoded as %x, %v", data, got, err)
			}
		}
		var ans DiagnosticsResponse
		if ans.UnmarshalBinary(data) == nil {
			if got, err := ans.MarshalBinary(); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%x is encoded as %x, %v", data, got, err)
			}
			for _, i := range ans.Info {
				_, _ = i.Number()
				_, _ = i.Text()
				_, _ = UnmarshalDiagnosticCounts(i.Contents)
			}
		}
	})
}
