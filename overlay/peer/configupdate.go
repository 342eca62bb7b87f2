package peer

import (
	"slices"
	"time"

	"tandem/overlay/wire"
)

// sequenceModulus is where configuration sequences wrap: 65535 is not one (6.3.2.1).
const sequenceModulus = 65535

// newer reports whether sequence a is newer than b in serial arithmetic.
func newer(a, b uint16) bool {
	d := (int(a) - int(b) + sequenceModulus) % sequenceModulus
	return d != 0 && d < sequenceModulus/2+1
}

// sequenceError says what is wrong with a request's configuration sequence.
func (c *Core) sequenceError(theirs uint16) error {
	if newer(theirs, c.set.Sequence) {
		return wire.ErrorConfigTooNew
	}
	return wire.ErrorConfigTooOld
}

// tellConfig sends our document to a node that has an older one, once in a while.
func (c *Core) tellConfig(now time.Time, n wire.NodeID, dest []wire.Destination) {
	if len(c.set.Document) == 0 || now.Sub(c.configTold[n]) < answerLifetime/3 || len(c.configTold) >= maxRequests {
		return
	}
	c.configTold[n] = now
	body := &wire.ConfigUpdateReq{Type: wire.ConfigUpdateConfig, Config: c.set.Document}
	c.Do(now, Request{Dest: dest, Body: body}, func(time.Time, Response, error) {})
}

// serveConfigUpdate hands a document to the owner, who alone can verify it (6.5.4). Kinds come by documents only.
func (c *Core) serveConfigUpdate(now time.Time, k *call, req *wire.ConfigUpdateReq) {
	switch {
	case req.Type != wire.ConfigUpdateConfig:
		c.refuse(now, k, forbidden("Kinds are taken from configuration documents only"))
		return
	case len(c.replies) >= maxReplies:
		c.refuse(now, k, wire.ErrorInProgress)
		return
	}
	c.emit(&Document{ID: c.awaitReply(now, k), From: k.from, Raw: slices.Clone(req.Config)})
}

// SetSettings applies a configuration document that the owner has verified, and passes it on to directly connected
// nodes if its sequence differs from the present one.
func (c *Core) SetSettings(now time.Time, s Settings) {
	old := c.set.Sequence
	c.set = s.withDefaults()
	c.data.SetKinds(c.set.Kinds)
	if c.set.Sequence == old {
		return
	}
	clear(c.configTold)
	for _, n := range slices.Clone(c.conns.order) {
		c.tellConfig(now, n, []wire.Destination{wire.ToNode(n)})
	}
}
