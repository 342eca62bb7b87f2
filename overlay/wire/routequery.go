package wire

import "golang.org/x/crypto/cryptobyte"

// RouteQueryReq asks where a peer would send a message for Destination next (§6.4.2.4).
type RouteQueryReq struct {
	SendUpdate  bool // send me an Update, too
	Destination Destination
	Data        []byte // overlay-specific; CHORD-RELOAD has none
}

// RouteQueryAns names the next peer (§10.8).
type RouteQueryAns struct {
	Next NodeID
}

// Code is CodeRouteQueryReq.
func (*RouteQueryReq) Code() MessageCode { return CodeRouteQueryReq }

// Code is CodeRouteQueryAns.
func (*RouteQueryAns) Code() MessageCode { return CodeRouteQueryAns }

func (r *RouteQueryReq) marshal(b *cryptobyte.Builder) {
	addBool(b, r.SendUpdate)
	r.Destination.marshal(b)
	addOpaque16(b, r.Data)
}

func (r *RouteQueryReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	return readBool(s, &r.SendUpdate) && r.Destination.unmarshal(s) && readOpaque16(s, &r.Data)
}

func (a *RouteQueryAns) marshal(b *cryptobyte.Builder) { b.AddBytes(a.Next[:]) }

func (a *RouteQueryAns) unmarshal(s *cryptobyte.String, _ Models) bool { return a.Next.unmarshal(s) }
