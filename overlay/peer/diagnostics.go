package peer

import (
	"encoding/binary"
	"slices"
	"time"

	"tandem/overlay/wire"
)

// Diagnostic information (RFC 7851) is told only to nodes that the configuration document names for it.

// diagnosticLifetime bounds how far ahead the expiration of a request may be, and is that of our answers (RFC 7851 5.1).
const diagnosticLifetime = 600 * time.Second

// coreKinds are the diagnostic Kinds that the core knows itself; the owner may know more.
var coreKinds = []wire.DiagnosticKind{
	wire.DiagnosticRoutingTableSize, wire.DiagnosticAppUptime, wire.DiagnosticDataSizeStored, wire.DiagnosticInstancesStored,
}

// servePing answers a Ping, with diagnostics if it asks for them. A Ping to everybody gets none, as many would answer.
func (c *Core) servePing(now time.Time, k *call) {
	ans := &wire.PingAns{ResponseID: c.rng.Uint64(), Time: wire.TimestampOf(now)}
	i := slices.IndexFunc(k.extensions, func(x wire.Extension) bool { return x.Type == wire.ExtensionDiagnosticPing })
	if i < 0 || k.toAll() {
		c.answer(now, k, ans, nil)
		return
	}
	var req wire.DiagnosticsRequest
	if err := req.UnmarshalBinary(k.extensions[i].Contents); err != nil {
		c.refuse(now, k, err)
		return
	}
	resp, err := c.diagnose(now, k, &req)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	data, err := resp.MarshalBinary()
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	k.tell = []wire.Extension{{Type: wire.ExtensionDiagnosticPing, Contents: data}}
	c.answer(now, k, ans, nil)
}

// toAll reports whether a request is for whoever gets it.
func (k *call) toAll() bool {
	d := k.header.Destinations
	return len(d) > 0 && d[len(d)-1] == wire.ToNode(wire.Wildcard)
}

// servePathTrack says where a message would go next, and what the node asks to know (RFC 7851 4.3).
func (c *Core) servePathTrack(now time.Time, k *call, req *wire.PathTrackReq) {
	next, err := c.nextOf(req.Destination)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	resp, err := c.diagnose(now, k, &req.Request)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	c.answer(now, k, &wire.PathTrackAns{NextHop: wire.ToNode(next), Response: *resp}, nil)
}

// nextOf is the node to which a message for d would go from here; this one, if it is for it.
func (c *Core) nextOf(d wire.Destination) (wire.NodeID, error) {
	switch {
	case d.Type != wire.DestinationNode && d.Type != wire.DestinationResource:
		return wire.NodeID{}, forbidden("opaque IDs are not told")
	case c.forSelf(d):
		return c.self, nil
	}
	cn := c.nextHop(d, func(wire.NodeID) bool { return false })
	if cn == nil {
		return wire.NodeID{}, wire.ErrorNotFound
	}
	return cn.node, nil
}

// diagnose answers a diagnostics request, or says why not.
func (c *Core) diagnose(now time.Time, k *call, req *wire.DiagnosticsRequest) (*wire.DiagnosticsResponse, error) {
	if at := req.Expiration.Time(); !at.After(now) || at.After(now.Add(diagnosticLifetime)) {
		return nil, wire.ErrorMessageExpired
	}
	kinds, err := c.askedFor(k.from.NodeID, req)
	if err != nil {
		return nil, err
	}
	resp := &wire.DiagnosticsResponse{
		Expiration: wire.TimestampOf(now.Add(diagnosticLifetime)), Initiated: req.Initiated, Received: wire.TimestampOf(now),
		HopCounter: k.header.TTL,
	}
	for _, kind := range kinds {
		if info := c.information(now, kind); info != nil {
			resp.Info = append(resp.Info, wire.DiagnosticInfo{Kind: kind, Contents: info})
		}
	}
	return resp, nil
}

// askedFor are the Kinds that a request asks for. Who asks for one that is not for him is refused (RFC 7851 6.3); who asks
// for everything gets what is.
func (c *Core) askedFor(by wire.NodeID, req *wire.DiagnosticsRequest) (kinds []wire.DiagnosticKind, err error) {
	for kind := wire.DiagnosticKind(1); kind < 63; kind++ {
		switch may := c.mayKnow(by, kind); {
		case req.Flags&kind.Flag() == 0:
		case may:
			kinds = append(kinds, kind)
		case req.Flags != wire.AllDiagnostics:
			return nil, forbidden(kind.String())
		}
	}
	for _, x := range req.Extensions {
		if !c.mayKnow(by, x.Kind) {
			return nil, forbidden(x.Kind.String())
		}
		if x.Kind > 63 && !slices.Contains(kinds, x.Kind) {
			kinds = append(kinds, x.Kind)
		}
	}
	if req.Flags == wire.AllDiagnostics && len(kinds) == 0 {
		return nil, forbidden("no diagnostics for this node")
	}
	return kinds, nil
}

func (c *Core) mayKnow(by wire.NodeID, kind wire.DiagnosticKind) bool {
	return by == c.self || slices.Contains(c.set.Diagnostics[kind], by)
}

// information is what is known of a Kind, nil if nothing.
func (c *Core) information(now time.Time, kind wire.DiagnosticKind) []byte {
	if !slices.Contains(coreKinds, kind) {
		if c.cfg.Diagnose == nil {
			return nil
		}
		return c.cfg.Diagnose(kind)
	}
	be := binary.BigEndian
	counts, bytes := c.data.Usage()
	switch kind {
	case wire.DiagnosticRoutingTableSize:
		return be.AppendUint32(nil, uint32(c.top.Len()))
	case wire.DiagnosticAppUptime:
		return be.AppendUint64(nil, uint64(now.Sub(c.started)/time.Second))
	case wire.DiagnosticDataSizeStored:
		return be.AppendUint64(nil, bytes)
	}
	return append([]byte{}, wire.MarshalDiagnosticCounts(counts)...)
}
