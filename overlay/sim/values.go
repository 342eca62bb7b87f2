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
func (n *Node) Register(data []byte, done func(Stored, error)) {
	at := wire.HashResource([]byte(n.User))
	d := wire.StoredData{
		StorageTime: wire.TimestampOf(n.w.now), Lifetime: 24 * time.Hour,
		Value: wire.StoredValue{Model: wire.ModelDictionary, Key: wire.NodeKey(n.ID), Exists: true, Data: data},
	}
	n.SignValue(at, wire.KindSIPRegistration, &d)
	req := peer.Request{
		Dest: []wire.Destination{wire.ToResource(at)},
		Body: &wire.StoreReq{Resource: at, Kinds: []wire.StoreKindData{{Kind: wire.KindSIPRegistration, Values: []wire.StoredData{d}}}},
	}
	n.Do(req, func(_ time.Time, _ peer.Response, err error) {
		done(Stored{at, wire.KindSIPRegistration, wire.NodeKey(n.ID), data}, err)
	})
}

// Lookup fetches a value and calls done with the number of links the request crossed and an error if the value is not there as
// it was stored.
func (n *Node) Lookup(s Stored, done func(hops int, err error)) {
	req := peer.Request{
		Dest: []wire.Destination{wire.ToResource(s.Resource)},
		Body: &wire.FetchReq{Resource: s.Resource, Specifiers: []wire.Specifier{{Kind: s.Kind, Model: wire.ModelDictionary}}},
	}
	n.lastAsked = 0
	var id wire.TransactionID
	n.Core.Do(n.w.now, req, func(_ time.Time, r peer.Response, err error) {
		hops := n.w.hops[id]
		delete(n.w.hops, id)
		if err == nil {
			err = s.in(r)
		}
		done(hops, err)
	})
	n.flush()
	if id = n.lastAsked; id != 0 {
		n.w.hops[id] = 1
	}
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
