package sim

import (
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// A Conduct is how a node treats others.
type Conduct uint8

// The ways to behave. All but the first keep the ring as they should, which makes them hard to tell.
const (
	Honest Conduct = iota
	Drops          // passes nothing on, and does not answer for what it keeps
	Denies         // says that what it keeps is not there
	Forges         // changes what it keeps when it is fetched: half of the time under its own, valid signature
)

// distort gives what the node really sends in place of a message; nil: nothing.
func (c Conduct) distort(n *Node, m *wire.Message, forwarded bool) *wire.Message {
	code := m.Code()
	switch {
	case c == Honest:
		return m
	case c == Drops && (forwarded || code == wire.CodeFetchAns || code == wire.CodeStatAns || code == wire.CodeFindAns):
		return nil
	case c == Denies && code == wire.CodeFetchAns && !forwarded:
		return n.rewrite(m, func(kd *wire.StoreKindData) { kd.Values = nil })
	case c == Forges && code == wire.CodeFetchAns && !forwarded:
		return n.rewrite(m, n.forge)
	}
	return m
}

// listen notes what a forger is asked for.
func (c Conduct) listen(n *Node, m *wire.Message) {
	if c != Forges || m.Code() != wire.CodeFetchReq {
		return
	}
	contents, err := wire.ParseContents(m.Contents)
	if err != nil {
		return
	}
	if body, err := contents.Decode(store.Registered(10).Model); err == nil {
		n.asked = body.(*wire.FetchReq).Resource
	}
}

func (n *Node) rewrite(m *wire.Message, change func(*wire.StoreKindData)) *wire.Message {
	contents, err := wire.ParseContents(m.Contents)
	if err != nil {
		return m
	}
	body, err := contents.Decode(store.Registered(10).Model)
	ans, ok := body.(*wire.FetchAns)
	if err != nil || !ok {
		return m
	}
	for i := range ans.Kinds {
		change(&ans.Kinds[i])
	}
	if m.Contents, err = wire.MarshalContents(ans); err != nil {
		return nil
	}
	m.Security = n.sign(m, certificatesIn(m.Security))
	return m
}

// forgedData is what liars put in the place of values.
const forgedData = "forged"

func (n *Node) forge(kd *wire.StoreKindData) {
	for i := range kd.Values {
		v := &kd.Values[i]
		v.Value.Data = []byte(forgedData)
		if n.w.rng.IntN(2) == 0 {
			n.SignValue(n.asked, kd.Kind, v)
		}
	}
}
