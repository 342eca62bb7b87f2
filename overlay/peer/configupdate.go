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

// tellKinds sends the descriptions of Kinds that another node does not know and that are not in the document, and reports
// whether there are any (7.4.1.2). info is that of its error.
func (c *Core) tellKinds(now time.Time, dest []wire.Destination, info []byte) bool {
	unknown, err := wire.UnmarshalKinds(info)
	if err != nil {
		return false
	}
	var blocks [][]byte
	for _, k := range unknown {
		if block := c.set.KindBlocks[k]; block != nil && !slices.ContainsFunc(blocks, func(b []byte) bool { return &b[0] == &block[0] }) {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) == 0 {
		return false
	}
	body := &wire.ConfigUpdateReq{Type: wire.ConfigUpdateKind, Kinds: blocks}
	c.Do(now, Request{Dest: dest, Body: body}, func(time.Time, Response, error) {})
	return true
}

// serveConfigUpdate hands a document or Kinds to the owner, who alone can verify them (6.5.4).
func (c *Core) serveConfigUpdate(now time.Time, k *call, req *wire.ConfigUpdateReq) {
	switch {
	case req.Type != wire.ConfigUpdateConfig && req.Type != wire.ConfigUpdateKind:
		c.refuse(now, k, forbidden("an unknown type of ConfigUpdate"))
		return
	case len(c.replies) >= maxReplies:
		c.refuse(now, k, wire.ErrorInProgress)
		return
	}
	d := &Document{ID: c.awaitReply(now, k), From: k.from, Raw: slices.Clone(req.Config)}
	for _, block := range req.Kinds {
		d.Kinds = append(d.Kinds, slices.Clone(block))
	}
	c.emit(d)
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
