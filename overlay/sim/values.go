package sim

import (
	"bytes"
	"fmt"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// A Stored is a value that was stored and must be found.
type Stored struct {
	Resource wire.ResourceID
	Kind     wire.KindID
	Key      wire.DictionaryKey
	Data     []byte
}

// Register stores a SIP registration of the node's user with the given contents, and calls done with what is stored.
func (n *Node) Register(data []byte, done func(Stored, error)) { n.registerFrom(n, data, done) }

// registerFrom has another node hand over what n signs, as a peer that knew of it: a second version, as far as that node can tell.
func (n *Node) registerFrom(sender *Node, data []byte, done func(Stored, error)) {
	at := wire.HashResource([]byte(n.User))
	d := wire.StoredData{
		StorageTime: wire.TimestampOf(n.clock()), Lifetime: 24 * time.Hour,
		Value: wire.StoredValue{Model: wire.ModelDictionary, Key: wire.NodeKey(n.ID), Exists: true, Data: data},
	}
	n.SignValue(at, wire.KindSIPRegistration, &d)
	body := &wire.StoreReq{Resource: at, Kinds: []wire.StoreKindData{{Kind: wire.KindSIPRegistration, Values: []wire.StoredData{d}}}}
	req := peer.Request{Dest: []wire.Destination{wire.ToResource(at)}, Body: body}
	if sender != n {
		req.Certificates = [][]byte{n.certificate()}
		body.Replica, body.Kinds[0].Generation = 1, 2
	}
	sender.Do(req, func(_ time.Time, _ peer.Response, err error) {
		done(Stored{at, wire.KindSIPRegistration, wire.NodeKey(n.ID), data}, err)
	})
}

// Locate finds out who is responsible for a resource by a Ping, and calls done with the links that the request crossed and how long
// it took.
func (n *Node) Locate(r wire.ResourceID, done func(from wire.NodeID, hops int, took time.Duration, err error)) {
	begun := n.w.now
	req := peer.Request{Dest: []wire.Destination{wire.ToResource(r)}, Body: &wire.PingReq{}}
	n.count(req, func(resp peer.Response, hops int, err error) { done(resp.From.NodeID, hops, n.w.now.Sub(begun), err) })
}

// Lookup fetches a value and calls done with the number of links the request crossed and an error if the value is not there as
// it was stored.
func (n *Node) Lookup(s Stored, done func(hops int, err error)) {
	req := peer.Request{
		Dest: []wire.Destination{wire.ToResource(s.Resource)},
		Body: &wire.FetchReq{Resource: s.Resource, Specifiers: []wire.Specifier{{Kind: s.Kind, Model: wire.ModelDictionary}}},
	}
	n.count(req, func(r peer.Response, hops int, err error) {
		if err == nil {
			err = s.in(r)
		}
		done(hops, err)
	})
}

// count sends a request and counts the links it crosses, tries after the first included.
func (n *Node) count(req peer.Request, done func(r peer.Response, hops int, err error)) {
	n.lastAsked = 0
	var id wire.TransactionID
	n.Core.Do(n.clock(), req, func(_ time.Time, r peer.Response, err error) {
		hops := n.w.hops[id]
		delete(n.w.hops, id)
		done(r, hops, err)
	})
	n.flush()
	if id = n.lastAsked; id != 0 {
		n.w.hops[id] = 1
	}
}

// Search fetches a value as from an overlay in which peers lie, and calls done with what is believed to be there.
func (n *Node) Search(s Stored, done func(values []Stored)) {
	req := &wire.FetchReq{Resource: s.Resource, Specifiers: []wire.Specifier{{Kind: s.Kind, Model: wire.ModelDictionary}}}
	n.Core.Search(n.clock(), req, func(_ time.Time, r peer.Response, _ error) {
		var values []Stored
		for _, v := range r.Values {
			values = append(values, Stored{s.Resource, v.Kind, v.Data.Value.Key, v.Data.Value.Data})
		}
		done(values)
	})
	n.flush()
}

// in looks for the value in an answer.
func (s Stored) in(r peer.Response) error {
	for _, v := range r.Values {
		if v.Kind == s.Kind && v.Data.Value.Key == s.Key && bytes.Equal(v.Data.Value.Data, s.Data) {
			return nil
		}
	}
	return fmt.Errorf("value at %v not found at %v, which has %d others", s.Resource, r.From.NodeID, len(r.Values))
}
