package peer

import (
	"math/bits"
	"time"

	"tandem/overlay/wire"
)

// probe answers what is asked for and known, in the order asked (6.4.2.5).
func (c *Core) probe(now time.Time, req *wire.ProbeReq) *wire.ProbeAns {
	ans := &wire.ProbeAns{}
	for _, t := range req.Requested {
		switch t {
		case wire.ProbeResponsibleSet:
			ans.Info = append(ans.Info, wire.ProbeInfo{Type: t, Value: c.share()})
		case wire.ProbeNumResources:
			ans.Info = append(ans.Info, wire.ProbeInfo{Type: t, Value: uint32(c.data.Resources())})
		case wire.ProbeUptime:
			ans.Info = append(ans.Info, wire.ProbeInfo{Type: t, Value: uint32(now.Sub(c.started) / time.Second)})
		}
	}
	return ans
}

// share is how much of the ring this node is responsible for, in parts per billion.
func (c *Core) share() uint32 {
	const billion = 1_000_000_000
	preds := c.top.Predecessors()
	switch {
	case c.phase != Joined:
		return 0
	case len(preds) == 0:
		return billion
	}
	var span [16]byte
	borrow := 0
	for i := 15; i >= 0; i-- {
		d := int(c.self[i]) - int(preds[0][i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		span[i] = byte(d)
	}
	top := uint64(0)
	for _, b := range span[:8] {
		top = top<<8 | uint64(b)
	}
	hi, _ := bits.Mul64(top, billion)
	return uint32(hi)
}

// serveRouteQuery says where a message would go next (6.4.2.4).
func (c *Core) serveRouteQuery(now time.Time, k *call, req *wire.RouteQueryReq) {
	next, err := c.nextOf(req.Destination)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	c.answer(now, k, &wire.RouteQueryAns{Next: next}, nil)
	if req.SendUpdate && c.phase == Joined {
		c.sendUpdate(now, c.conns.byNode[k.from.NodeID], wire.UpdateFull)
	}
}
