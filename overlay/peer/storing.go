package peer

import (
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// serveStore stores, answers, and sends replicas to the next two successors (7.4.1, 10.4).
func (c *Core) serveStore(now time.Time, k *call, req *wire.StoreReq) {
	mode, err := c.storeMode(k, req)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	w := store.Write{Request: req, Mode: mode, From: k.from}
	for _, v := range k.values {
		if v.Err != nil {
			c.refuse(now, k, forbidden("a value's signature does not hold"))
			return
		}
		w.Signers = append(w.Signers, v.Signer)
	}
	if unsigned(req, len(w.Signers)) {
		c.refuse(now, k, forbidden("a value without signature"))
		return
	}
	result, err := c.data.Write(now, w)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	for i := range result.Kinds {
		if mode != store.Replica {
			result.Kinds[i].Replicas = c.top.Replicas()
		}
	}
	c.answer(now, k, &wire.StoreAns{Kinds: result.Kinds}, nil)
	if result.Changed && mode != store.Replica {
		c.replicate(now, req.Resource, result.Written)
	}
}

// storeMode says in what capacity we are asked to store (7.4.1.1), or that we are not the one to ask. Handed over values
// are taken by whoever is responsible, whoever brings them: they carry their own signatures, and older ones do not replace
// newer ones.
func (c *Core) storeMode(k *call, req *wire.StoreReq) (store.Mode, error) {
	switch {
	case c.phase == Joining && c.join != nil && k.from.NodeID == c.join.admitting && req.Replica > 0:
		return store.Handover, nil
	case c.phase != Joined:
		return 0, forbidden("not a peer of the ring")
	case c.responsible(req.Resource) && req.Replica == 0:
		return store.Original, nil
	case c.responsible(req.Resource):
		return store.Handover, nil
	case req.Replica == 0:
		return 0, forbidden("not responsible for this resource")
	case c.top.MayReplicate(chord.Resource(req.Resource), k.from.NodeID):
		return store.Replica, nil
	}
	return 0, forbidden("not a replica of this resource")
}

// unsigned reports whether a request has more values than signers.
func unsigned(req *wire.StoreReq, signers int) bool {
	for _, kd := range req.Kinds {
		signers -= len(kd.Values)
	}
	return signers != 0
}

func (c *Core) serveFetch(now time.Time, k *call, req *wire.FetchReq) {
	ans, values, err := c.data.Fetch(now, req)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	c.answer(now, k, ans, certificatesOf(values))
}

// certificatesOf are the certificates of the values' signers, each once.
func certificatesOf(values []store.Value) (certs [][]byte) {
	seen := map[string]bool{}
	for _, v := range values {
		if der := v.Signer.Certificate; len(der) > 0 && !seen[string(der)] {
			seen[string(der)] = true
			certs = append(certs, der)
		}
	}
	return certs
}

// localValues are the values of our own answer to our own request, with their signers.
func (c *Core) localValues(now time.Time, req *wire.FetchReq, ans *wire.FetchAns) (values []Value) {
	for _, kd := range ans.Kinds {
		for _, d := range kd.Values {
			if d.Signature.IsNone() {
				continue
			}
			for _, have := range c.data.Copies(now, req.Resource) {
				for _, v := range have.Values {
					if have.Kind == kd.Kind && v.Data.Value.Index == d.Value.Index && v.Data.Value.Key == d.Value.Key {
						values = append(values, Value{Kind: kd.Kind, Data: d, Signer: v.Signer})
					}
				}
			}
		}
	}
	return values
}

func (c *Core) serveStat(now time.Time, k *call, req *wire.StatReq) {
	ans, err := c.data.Stat(now, req)
	if err != nil {
		c.refuse(now, k, err)
		return
	}
	c.answer(now, k, ans, nil)
}

// serveFind names for each Kind the closest resource that is ours (7.4.4). An unknown Kind has none.
func (c *Core) serveFind(now time.Time, k *call, req *wire.FindReq) {
	if !c.responsible(req.Resource) {
		c.refuse(now, k, wire.ErrorNotFound)
		return
	}
	ans := &wire.FindAns{}
	for i, kind := range req.Kinds {
		if slices.Contains(req.Kinds[:i], kind) {
			c.refuse(now, k, &wire.ErrorResponse{Reason: wire.ErrorInvalidMessage, Info: []byte("a Kind twice")})
			return
		}
		closest, _ := c.data.Find(now, req.Resource, kind, c.responsible)
		ans.Results = append(ans.Results, wire.FindKindData{Kind: kind, Closest: closest})
	}
	c.answer(now, k, ans, nil)
}
