package overlay

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// Diagnosis is what a node says of itself to those who may know (RFC 7851).
type Diagnosis struct {
	From wire.NodeID
	RTT  time.Duration

	// Told is false if the node does not know RFC 7851 and gave an ordinary answer. What follows is empty then.
	Told   bool
	OneWay time.Duration // from here to there, if both clocks are right
	Hops   int           // links on the way there
	Info   []wire.DiagnosticInfo
}

// diagnosisLifetime is how long a request for diagnostics is good.
const diagnosisLifetime = time.Minute

// Diagnose asks the node or the responsible peer at dest for diagnostic information by a Ping (RFC 7851 4.2). Without kinds
// it asks for times and hops, which nobody is refused; wire.ErrorForbidden says that this node may not know one of kinds.
func (n *Node) Diagnose(ctx context.Context, dest []wire.Destination, kinds ...wire.DiagnosticKind) (Diagnosis, error) {
	begin := time.Now()
	asked, err := asking(begin, kinds).MarshalBinary()
	if err != nil {
		return Diagnosis{}, fmt.Errorf("diagnose %v: %w", dest, err)
	}
	r, err := n.request(ctx, peer.Request{
		Dest: dest, Body: &wire.PingReq{},
		Extensions: []wire.Extension{{Type: wire.ExtensionDiagnosticPing, Contents: asked}},
	})
	if err != nil {
		return Diagnosis{}, fmt.Errorf("diagnose %v: %w", dest, err)
	}
	d := Diagnosis{From: r.From.NodeID, RTT: time.Since(begin)}
	for _, x := range r.Extensions {
		var told wire.DiagnosticsResponse
		if x.Type != wire.ExtensionDiagnosticPing {
			continue
		}
		if err := told.UnmarshalBinary(x.Contents); err != nil {
			return d, fmt.Errorf("diagnose %v: %w", dest, err)
		}
		n.told(&d, &told)
	}
	return d, nil
}

// TrackPath walks the way that a message of this node would take to a node or a resource by PathTrack (RFC 7851 4.3) and
// asks each node on it for diagnostic information. What was found before an error is returned with it.
func (n *Node) TrackPath(ctx context.Context, to wire.Destination, kinds ...wire.DiagnosticKind) ([]Diagnosis, error) {
	at, err := n.entry()
	if err != nil {
		return nil, err
	}
	var found []Diagnosis
	var way []wire.Destination
	for range maxHops {
		if slices.ContainsFunc(found, func(d Diagnosis) bool { return d.From == at }) {
			return found, fmt.Errorf("track the path to %v: %w at %v", to, ErrLoop, at)
		}
		if at != n.NodeID() {
			way = append(way, wire.ToNode(at))
		}
		d, next, err := n.track(ctx, at, way, to, kinds)
		if err != nil {
			return found, fmt.Errorf("track the path to %v: %v: %w", to, at, err)
		}
		found = append(found, d)
		if next == wire.ToNode(at) {
			return found, nil
		}
		if next.Type != wire.DestinationNode {
			return found, fmt.Errorf("track the path to %v: %v names %v", to, at, next)
		}
		at = next.Node
	}
	return found, fmt.Errorf("track the path to %v: more than %d hops", to, maxHops)
}

// track asks the node at the end of way, or this one if there is none.
func (n *Node) track(ctx context.Context, at wire.NodeID, way []wire.Destination, to wire.Destination, kinds []wire.DiagnosticKind) (Diagnosis, wire.Destination, error) {
	if len(way) == 0 {
		way = []wire.Destination{wire.ToNode(at)}
	}
	begin := time.Now()
	r, err := n.request(ctx, peer.Request{
		Dest: slices.Clone(way), Body: &wire.PathTrackReq{Destination: to, Request: *asking(begin, kinds)},
	})
	if err != nil {
		return Diagnosis{}, wire.Destination{}, err
	}
	ans, ok := r.Body.(*wire.PathTrackAns)
	if !ok {
		return Diagnosis{}, wire.Destination{}, wire.ErrorInvalidMessage
	}
	d := Diagnosis{From: r.From.NodeID, RTT: time.Since(begin)}
	n.told(&d, &ans.Response)
	return d, ans.NextHop, nil
}

func asking(now time.Time, kinds []wire.DiagnosticKind) *wire.DiagnosticsRequest {
	r := &wire.DiagnosticsRequest{
		Expiration: wire.TimestampOf(now.Add(diagnosisLifetime)), Initiated: wire.TimestampOf(now),
		Flags: wire.DiagnosticsFlags(kinds...),
	}
	for _, k := range kinds {
		if k.Flag() == 0 {
			r.Extensions = append(r.Extensions, wire.DiagnosticExtension{Kind: k})
		}
	}
	return r
}

func (n *Node) told(d *Diagnosis, r *wire.DiagnosticsResponse) {
	d.Told, d.Info = true, r.Info
	d.OneWay = r.Received.Time().Sub(r.Initiated.Time())
	if d.From != n.NodeID() {
		d.Hops = 1 + int(n.document.Load().InitialTTL) - int(r.HopCounter)
	}
}

// information is what this node knows of itself besides what the core knows, nil if nothing.
func (n *Node) information(kind wire.DiagnosticKind) []byte {
	be := binary.BigEndian
	switch kind {
	case wire.DiagnosticSoftwareVersion:
		return append([]byte(softwareVersion()), 0)
	case wire.DiagnosticMachineUptime:
		if up, ok := machineUptime(); ok {
			return be.AppendUint64(nil, up)
		}
	case wire.DiagnosticMemoryFootprint:
		total := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
		metrics.Read(total)
		return be.AppendUint64(nil, (total[0].Value.Uint64()+1023)/1024)
	}
	return nil
}

// softwareVersion is in the form that RFC 7851 5.3 suggests.
func softwareVersion() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return fmt.Sprintf("tandem/%s (%s; %s)", strings.Trim(version, "()"), runtime.GOOS, runtime.GOARCH)
}

// machineUptime is in seconds, where the system tells.
func machineUptime() (uint64, bool) {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, false
	}
	seconds, _, _ := strings.Cut(string(text), ".")
	up, err := strconv.ParseUint(seconds, 10, 64)
	return up, err == nil
}
