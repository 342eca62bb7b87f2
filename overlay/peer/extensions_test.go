package peer_test

import (
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// What is asked of this node itself, and of another one, comes back with the extension (6.3.3), and max_response_length is sent.
//
// RELOAD: HDR-9
func TestExtensionsOfOwnRequests(t *testing.T) {
	b := diagnosed(t)
	req := b.asking(wire.AllDiagnostics)
	data, _ := req.MarshalBinary()
	x := []wire.Extension{{Type: wire.ExtensionDiagnosticPing, Contents: data}}
	var local peer.Response
	b.core.Do(b.now, peer.Request{Dest: []wire.Destination{wire.ToNode(id(self))}, Body: &wire.PingReq{}, Extensions: x},
		func(_ time.Time, r peer.Response, err error) { local = r })
	b.core.Timeout(b.now)
	var resp wire.DiagnosticsResponse
	if len(local.Extensions) != 1 || resp.UnmarshalBinary(local.Extensions[0].Contents) != nil || len(resp.Info) < 4 {
		t.Errorf("own diagnostics %+v", local)
	}

	var got peer.Response
	b.core.Do(b.now, peer.Request{Dest: []wire.Destination{wire.ToNode(id(0x90))}, Body: &wire.PingReq{}, Extensions: x, MaxResponse: 999},
		func(_ time.Time, r peer.Response, err error) { got = r })
	s := sent(t, b.core.Outbox())
	if contents, err := wire.ParseContents(s.Contents); err != nil || len(contents.Extensions) != 1 || s.Header.MaxResponseLength != 999 {
		t.Fatalf("sent %+v", s)
	}
	ans := b.message(&wire.PingAns{}, wire.ToNode(id(self)))
	ans.Header.TransactionID = s.Header.TransactionID
	ans.Contents, _ = wire.MarshalContents(&wire.PingAns{}, wire.Extension{Type: 2, Contents: []byte("x")})
	b.receive(0x90, ans)
	if len(got.Extensions) != 1 || string(got.Extensions[0].Contents) != "x" {
		t.Errorf("response %+v", got)
	}
}
