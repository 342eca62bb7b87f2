package peer_test

import (
	"testing"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// diagnosed is a bench of which 70 may know the size of the routing table and the version, and 90 nothing.
func diagnosed(t testing.TB) *bench {
	b := newBench(t, 0x70, 0x90)
	b.core.SetSettings(b.now, peer.Settings{Sequence: 7, Diagnostics: map[wire.DiagnosticKind][]wire.NodeID{
		wire.DiagnosticRoutingTableSize: {id(0x70)},
		wire.DiagnosticSoftwareVersion:  {id(0x70)},
		0xf001:                          {id(0x70)},
	}})
	b.core.Outbox()
	return b
}

func (b *bench) asking(flags uint64) wire.DiagnosticsRequest {
	return wire.DiagnosticsRequest{
		Expiration: wire.TimestampOf(b.now.Add(time.Minute)), Initiated: wire.TimestampOf(b.now.Add(-time.Second)), Flags: flags,
	}
}

// pinged sends a Ping with diagnostics and returns what the answer says; nil: an ordinary answer.
func (b *bench) pinged(t *testing.T, from byte, req wire.DiagnosticsRequest, dest wire.Destination) (*wire.DiagnosticsResponse, wire.ErrorCode) {
	t.Helper()
	data, err := req.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	m := b.message(&wire.PingReq{}, dest)
	m.Contents, _ = wire.MarshalContents(&wire.PingReq{}, wire.Extension{Type: wire.ExtensionDiagnosticPing, Contents: data})
	s := sent(t, b.receive(from, m))
	if code := errorOf(t, s); code != 0 {
		return nil, code
	}
	contents, err := wire.ParseContents(s.Contents)
	if err != nil {
		t.Fatal(err)
	}
	if len(contents.Extensions) == 0 {
		return nil, 0
	}
	resp := new(wire.DiagnosticsResponse)
	if err := resp.UnmarshalBinary(contents.Extensions[0].Contents); err != nil {
		t.Fatal(err)
	}
	return resp, 0
}

// RELOAD: DIA-1 DIA-2
func TestDiagnosticPing(t *testing.T) {
	b := diagnosed(t)
	me := wire.ToNode(id(self))
	req := b.asking(wire.DiagnosticsFlags(wire.DiagnosticRoutingTableSize, wire.DiagnosticSoftwareVersion))
	got, code := b.pinged(t, 0x70, req, me)
	if got == nil {
		t.Fatalf("no diagnostics: %v", code)
	}
	if len(got.Info) != 1 || got.Info[0].Kind != wire.DiagnosticRoutingTableSize {
		t.Fatalf("information %+v, want the size of the routing table; the version is not known here", got.Info)
	}
	if n, err := got.Info[0].Number(); n != 2 || err != nil {
		t.Errorf("routing table of %d, %v, want 2", n, err)
	}
	if got.Initiated != req.Initiated || got.Received != wire.TimestampOf(b.now) || got.HopCounter != 50 || got.Expiration <= got.Received {
		t.Errorf("response %+v to %+v with TTL 50", got, req)
	}
	if got, code := b.pinged(t, 0x70, req, wire.ToNode(wire.Wildcard)); got != nil || code != 0 {
		t.Errorf("a Ping to everybody is answered by %+v, %v, want an ordinary answer", got, code)
	}
	if got, code := b.pinged(t, 0x70, b.asking(wire.AllDiagnostics), me); got == nil || len(got.Info) != 1 {
		t.Errorf("everything that is for 70 is %+v, %v", got, code)
	}
	if got, code := b.pinged(t, 0x90, b.asking(0), me); got == nil || len(got.Info) != 0 {
		t.Errorf("nothing but times and hops: %+v, %v", got, code)
	}
}

// RELOAD: DIA-4
func TestDiagnosticsAreDenied(t *testing.T) {
	me := wire.ToNode(id(self))
	one := wire.DiagnosticsFlags(wire.DiagnosticRoutingTableSize)
	for _, row := range []struct {
		name   string
		from   byte
		change func(*wire.DiagnosticsRequest)
		want   wire.ErrorCode
	}{
		{"by a stranger", 0x90, func(r *wire.DiagnosticsRequest) {}, wire.ErrorForbidden},
		{"everything by a stranger", 0x90, func(r *wire.DiagnosticsRequest) { r.Flags = wire.AllDiagnostics }, wire.ErrorForbidden},
		{"one more than allowed", 0x70, func(r *wire.DiagnosticsRequest) { r.Flags |= wire.DiagnosticAppUptime.Flag() }, wire.ErrorForbidden},
		{"an extension not allowed", 0x70, func(r *wire.DiagnosticsRequest) {
			r.Extensions = []wire.DiagnosticExtension{{Kind: 0xf002}}
		}, wire.ErrorForbidden},
		{"an extension allowed and unknown", 0x70, func(r *wire.DiagnosticsRequest) {
			r.Extensions = []wire.DiagnosticExtension{{Kind: 0xf001}}
		}, 0},
		{"expired", 0x70, func(r *wire.DiagnosticsRequest) { r.Expiration = wire.TimestampOf(start) }, wire.ErrorMessageExpired},
		{"too far ahead", 0x70, func(r *wire.DiagnosticsRequest) {
			r.Expiration = wire.TimestampOf(start.Add(601 * time.Second))
		}, wire.ErrorMessageExpired},
	} {
		b := diagnosed(t)
		req := b.asking(one)
		row.change(&req)
		if got, code := b.pinged(t, row.from, req, me); code != row.want {
			t.Errorf("%s: %+v, %v, want %v", row.name, got, code, row.want)
		}
		s := sent(t, b.ask(row.from, nil, &wire.PathTrackReq{Destination: me, Request: req}, me))
		if code := errorOf(t, s); code != row.want {
			t.Errorf("%s: PathTrack: %v, want %v", row.name, code, row.want)
		}
	}
}

// RELOAD: DIA-2 MSG-27
func TestPathTrack(t *testing.T) {
	me := wire.ToNode(id(self))
	for _, row := range []struct {
		name string
		to   wire.Destination
		want byte // 0: Error_Not_Found
	}{
		{"this node", me, self},
		{"a resource of ours", wire.ToResource(resource(0x75)), self},
		{"a neighbor", wire.ToNode(id(0x90)), 0x90},
		{"a resource beyond", wire.ToResource(resource(0x95)), 0x90},
		{"a node that nobody is", wire.ToNode(id(0x75)), 0},
	} {
		b := diagnosed(t)
		s := sent(t, b.ask(0x70, nil, &wire.PathTrackReq{Destination: row.to, Request: b.asking(0)}, me))
		if row.want == 0 {
			if code := errorOf(t, s); code != wire.ErrorNotFound {
				t.Errorf("%s: %v", row.name, code)
			}
			continue
		}
		contents, err := wire.ParseContents(s.Contents)
		if err != nil {
			t.Fatal(err)
		}
		body, err := contents.Decode(nil)
		ans, ok := body.(*wire.PathTrackAns)
		if err != nil || !ok || ans.NextHop != wire.ToNode(id(row.want)) || ans.Response.HopCounter != 50 {
			t.Errorf("%s: answered by %+v, %v", row.name, body, err)
		}
	}
}

// The extension is not critical and belongs to Ping alone; others ignore it (RFC 7851 4.2.1).
func TestDiagnosticsOfOtherRequests(t *testing.T) {
	b := diagnosed(t)
	m := b.message(&wire.ProbeReq{}, wire.ToNode(id(self)))
	m.Contents, _ = wire.MarshalContents(&wire.ProbeReq{}, wire.Extension{Type: wire.ExtensionDiagnosticPing, Critical: true, Contents: []byte{1}})
	if code := errorOf(t, sent(t, b.receive(0x90, m))); code != 0 {
		t.Errorf("refused by %v", code)
	}
	m = b.message(&wire.PingReq{}, wire.ToNode(id(self)))
	m.Contents, _ = wire.MarshalContents(&wire.PingReq{}, wire.Extension{Type: wire.ExtensionDiagnosticPing, Contents: []byte{1}})
	if code := errorOf(t, sent(t, b.receive(0x90, m))); code != wire.ErrorInvalidMessage {
		t.Errorf("malformed diagnostics: %v", code)
	}
}
