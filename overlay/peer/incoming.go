package peer

import (
	"errors"
	"time"

	"tandem/overlay/wire"
)

// incoming is a message for this node, decoded.
type incoming struct {
	from       wire.NodeID // the node at the other end of the link
	contents   wire.Contents
	body       wire.Body
	err        error // why body could not be decoded
	extensions bool  // a critical one is unknown
}

// deliver decodes a message for this node and asks for it to be verified. Answers nobody waits for end here.
func (c *Core) deliver(now time.Time, link LinkID, from wire.NodeID, m *wire.Message) {
	if m.Header.Fragment != wire.Whole {
		if m = c.reassemble(now, from, m); m == nil {
			return
		}
	}
	contents, err := wire.ParseContents(m.Contents)
	if err != nil {
		c.drop(m, err.Error())
		return
	}
	in := incoming{from: from, contents: contents}
	if !contents.Code.IsRequest() && c.requests[m.Header.TransactionID] == nil {
		c.drop(m, "nobody waits for this answer")
		return
	}
	in.body, in.err = contents.Decode(c.set.Kinds.Model)
	for _, x := range contents.Extensions {
		in.extensions = in.extensions || x.Critical && x.Type != wire.ExtensionDiagnosticPing
	}
	v := &Verify{Link: link, Message: m, in: in}
	if in.err == nil {
		v.Values = storedIn(c.requests[m.Header.TransactionID], in.body)
	}
	c.emit(v)
}

// storedIn lists the values of a message with signatures of their own. A FetchAns does not say of which resource.
func storedIn(asked *request, body wire.Body) (values []Stored) {
	var resource wire.ResourceID
	var kinds []wire.StoreKindData
	switch b := body.(type) {
	case *wire.StoreReq:
		resource, kinds = b.Resource, b.Kinds
	case *wire.FetchAns:
		f, ok := asked.body.(*wire.FetchReq)
		if !ok {
			return nil
		}
		resource, kinds = f.Resource, b.Kinds
	}
	for i := range kinds {
		for j := range kinds[i].Values {
			if d := &kinds[i].Values[j]; !d.Signature.IsNone() {
				values = append(values, Stored{Resource: resource, Kind: kinds[i].Kind, Data: d})
			}
		}
	}
	return values
}

// Verified gives back a Verify whose message's signature holds, with its signer, and what became of each of its
// values, in order.
func (c *Core) Verified(now time.Time, v *Verify, signer Signer, values []ValueSigner) {
	if len(values) != len(v.Values) || c.phase == Left {
		return
	}
	if !v.in.contents.Code.IsRequest() {
		c.answerCame(now, v, signer, values)
		return
	}
	if c.misplaced(v.Message) {
		c.Receive(now, v.Link, v.Message) // the range has changed meanwhile: route it on
		return
	}
	k := c.callOf(now, v, signer.NodeID)
	if k == nil {
		return
	}
	k.link, k.from, k.values = v.Link, signer, values
	if c.repeated(now, k) {
		return
	}
	if err := c.checkRequest(v, k); err != nil {
		c.refuse(now, k, err)
		return
	}
	k.body, k.extensions = v.in.body, v.in.contents.Extensions
	c.serve(now, k)
}

// callOf is the call that a verified request makes; nil if the way back is gone.
func (c *Core) callOf(now time.Time, v *Verify, signer wire.NodeID) *call {
	if cn := c.conns.byLink[v.Link]; cn != nil && cn.names != nil {
		return c.callFrom(now, cn, v, signer)
	}
	cn := c.conns.byNode[v.in.from]
	if cn == nil {
		return nil
	}
	k := newCall(cn, v.Message)
	k.direct = len(v.Message.Header.Via) == 0 && signer == v.in.from
	return k
}

// misplaced reports whether a message for a resource came to the wrong peer after all.
func (c *Core) misplaced(m *wire.Message) bool {
	d := m.Header.Destinations[len(m.Header.Destinations)-1]
	return d.Type == wire.DestinationResource && !c.responsible(d.Resource)
}

// checkRequest refuses what is wrong with a request whatever it asks.
func (c *Core) checkRequest(v *Verify, k *call) error {
	h := &v.Message.Header
	for _, o := range h.Options {
		if o.Flags&wire.FlagDestinationCritical != 0 {
			return wire.ErrorUnsupportedForwardingOption
		}
	}
	switch {
	case k.unnamed && !beforeAttach(v.in.contents.Code):
		return forbidden(noAttach)
	case v.in.contents.Code != wire.CodeConfigUpdateReq && h.ConfigSequence != c.set.Sequence:
		return c.sequenceError(h.ConfigSequence)
	case v.in.extensions:
		return wire.ErrorUnknownExtension
	case errors.Is(v.in.err, wire.ErrUnknownCode):
		return &wire.ErrorResponse{Reason: wire.ErrorInvalidMessage, Info: []byte("unknown message code")}
	case v.in.err != nil:
		return &wire.ErrorResponse{Reason: wire.ErrorInvalidMessage, Info: []byte("malformed body")}
	}
	return nil
}
