package wire

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

// RELOAD: HDR-3 CH-2
func TestOverlayID(t *testing.T) {
	// SHA-1("abc") = a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d (FIPS 180-1, appendix A).
	if got := OverlayID("abc"); got != 0x9cd0d89d {
		t.Errorf("OverlayID(abc) = %#x, want the last four bytes, 0x9cd0d89d", got)
	}
	if got := HashResource([]byte("abc")).String(); got != "a9993e364706816aba3e25717850c26c" {
		t.Errorf("HashResource(abc) = %s, want the first sixteen bytes", got)
	}
}

func TestParseNodeID(t *testing.T) {
	n, err := ParseNodeID("0123456789abcdef0123456789ABCDEF")
	if err != nil || n.String() != "0123456789abcdef0123456789abcdef" {
		t.Errorf("got %v, %v", n, err)
	}
	for _, s := range []string{"", "01", n11 + "1", "zz" + n11[2:], "00000000000000000000000000000000"} {
		if _, err := ParseNodeID(s); err == nil {
			t.Errorf("%q was taken for a Node-ID", s)
		}
	}
}

func TestNodeIDText(t *testing.T) {
	data, err := json.Marshal(map[NodeID]NodeID{node(0x11): node(0x22)})
	if want := `{"` + n11 + `":"` + n22 + `"}`; err != nil || string(data) != want {
		t.Errorf("JSON %s, %v, want %s", data, err, want)
	}
	var back map[NodeID]NodeID
	if err := json.Unmarshal(data, &back); err != nil || back[node(0x11)] != node(0x22) {
		t.Errorf("back %v, %v", back, err)
	}
	if node(1).Compare(node(2)) >= 0 || node(0xff).Compare(node(2)) <= 0 || node(7).Compare(node(7)) != 0 {
		t.Error("Compare is not that of unsigned integers")
	}
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	if got := TimestampOf(at).Time(); !got.Equal(at) {
		t.Errorf("%v became %v", at, got)
	}
	if got := TimestampOf(time.Unix(-5, 0)); got != 0 {
		t.Errorf("before 1970: %d, want 0", got)
	}
	if got := Timestamp(math.MaxUint64).Time(); got.Before(at) {
		t.Errorf("the latest time is %v", got)
	}
}

// RELOAD: CNT-4
func TestCodeNames(t *testing.T) {
	for code, want := range map[MessageCode]string{
		CodeProbeReq: "probe_req", CodeProbeAns: "probe_ans", CodeAppAttachReq: "app_attach_req",
		CodeConfigUpdateAns: "config_update_ans", CodeError: "error", 0x1b: "code 0x001b",
	} {
		if got := code.String(); got != want {
			t.Errorf("code %d is %q, want %q", uint16(code), got, want)
		}
	}
	if !CodeStoreReq.IsRequest() || CodeStoreAns.IsRequest() || CodeError.IsRequest() {
		t.Error("requests are odd and below 8000")
	}
	if CodeFindReq.Answer() != CodeFindAns {
		t.Errorf("answer to find is %v", CodeFindReq.Answer())
	}
}

// RELOAD: ERR
func TestErrorResponse(t *testing.T) {
	var err error = &ErrorResponse{Reason: ErrorForbidden, Info: []byte("not\nyours")}
	if !errors.Is(err, ErrorForbidden) || errors.Is(err, ErrorNotFound) {
		t.Errorf("errors.Is on %v", err)
	}
	if want := `forbidden: "not\nyours"`; err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
	kinds := []KindID{1, 0xf0000001}
	got, err := UnmarshalKinds(MarshalKinds(kinds))
	if err != nil || len(got) != 2 || got[0] != kinds[0] || got[1] != kinds[1] {
		t.Errorf("unknown Kinds %v, %v, want %v", got, err, kinds)
	}
	if n := len(MarshalKinds(make([]KindID, 100))); n != 1+63*4 {
		t.Errorf("a hundred Kinds in %d bytes", n)
	}
}
