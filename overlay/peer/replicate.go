package peer

import (
	"errors"
	"slices"
	"time"

	"tandem/overlay/chord"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

const (
	pushWindow  = 4               // StoreReqs under way to one peer
	pushRetry   = 3 * time.Second // until what could not be sent is tried again, doubled each time
	maxRetries  = 6               // of what is refused, as a value whose signer's certificate has expired is for ever
	maxSettling = 3               // times that newer values are fetched before a push is given up
)

// A push sends resources to one peer as replicas or as its own (10.4, 10.5, 10.7.3), or, with a zero node, each to the peer
// responsible for it. What is sent is read when it is its turn, so it is never stale.
type push struct {
	node    wire.NodeID
	queue   []wire.ResourceID
	queued  map[wire.ResourceID]bool
	open    int // StoreReqs under way
	refused []wire.ResourceID
	done    []func(now time.Time, err error)
}

// errRefused says that a push came to its end, but some of it was refused.
var errRefused = errors.New("some values were refused")

// push queues resources for a peer; done, if not nil, is called when everything queued for it has been sent.
func (c *Core) push(now time.Time, n wire.NodeID, resources []wire.ResourceID, done func(now time.Time, err error)) {
	p := c.pushes[n]
	if p == nil {
		p = &push{node: n, queued: map[wire.ResourceID]bool{}}
		c.pushes[n] = p
	}
	if done != nil {
		p.done = append(p.done, done)
	}
	for _, r := range resources {
		if !p.queued[r] {
			p.queued[r] = true
			p.queue = append(p.queue, r)
		}
	}
	c.pump(now, p)
}

// pump keeps the window of a push full.
func (c *Core) pump(now time.Time, p *push) {
	if c.pushes[p.node] != p {
		return
	}
	for p.open < pushWindow && len(p.queue) > 0 {
		r := p.queue[0]
		p.queue = p.queue[1:]
		delete(p.queued, r)
		p.open++
		c.sendResource(now, p.node, r, 0, func(now time.Time, err error) {
			p.open--
			switch {
			case err == nil:
			case errors.Is(err, ErrLeft), errors.Is(err, ErrTimeout) && !p.node.IsZero():
				c.endPush(now, p, err)
				return
			default:
				p.refused = append(p.refused, r)
			}
			c.pump(now, p)
		})
	}
	switch {
	case p.open > 0 || len(p.queue) > 0:
	case len(p.refused) > 0:
		c.endPush(now, p, errRefused)
	default:
		c.endPush(now, p, nil)
	}
}

func (c *Core) endPush(now time.Time, p *push, err error) {
	if c.pushes[p.node] != p {
		return
	}
	delete(c.pushes, p.node)
	for _, done := range p.done {
		done(now, err)
	}
}

// sendResource sends everything kept at a resource to a peer. Where that has newer values, they are fetched and taken
// over first (7.4.1.1).
func (c *Core) sendResource(now time.Time, n wire.NodeID, r wire.ResourceID, settled int, done func(now time.Time, err error)) {
	dest := []wire.Destination{wire.ToNode(n)}
	if n.IsZero() {
		dest = []wire.Destination{wire.ToResource(r)}
	}
	c.sendCopies(now, dest, c.replicaNumber(n), r, c.data.Copies(now, r), func(now time.Time, err error) {
		if outdated(err) && settled < maxSettling {
			c.fetchNewer(now, dest, r, func(now time.Time) { c.sendResource(now, n, r, settled+1, done) })
			return
		}
		done(now, err)
	})
}

func outdated(err error) bool {
	return isCode(err, wire.ErrorDataTooOld) || isCode(err, wire.ErrorGenerationCounterTooLow)
}

// replicaNumber is 1 for the first successor and for a peer that gets what is its own, 2 for the second.
func (c *Core) replicaNumber(n wire.NodeID) uint8 {
	return uint8(max(slices.Index(c.top.Replicas(), n), 0) + 1)
}

// sendCopies sends values of one resource in as many StoreReqs as the message size makes necessary, one after another.
func (c *Core) sendCopies(now time.Time, dest []wire.Destination, replica uint8, r wire.ResourceID, copies []store.Copy, done func(now time.Time, err error)) {
	body, certs, rest := c.cut(replica, r, copies)
	if body == nil {
		done(now, nil)
		return
	}
	c.Do(now, Request{Dest: dest, Body: body, Certificates: certs}, func(now time.Time, _ Response, err error) {
		if err != nil || len(rest) == 0 {
			done(now, err)
			return
		}
		c.sendCopies(now, dest, replica, r, rest, done)
	})
}

// cut makes a StoreReq of as many values as fit, at least one, and returns the rest.
func (c *Core) cut(replica uint8, r wire.ResourceID, copies []store.Copy) (req *wire.StoreReq, certs [][]byte, rest []store.Copy) {
	room := c.set.MaxMessageSize - c.sizeOf(nil, nil, 8)
	var sent []store.Value
	for _, cp := range copies {
		kd := wire.StoreKindData{Kind: cp.Kind, Generation: cp.Generation}
		later := store.Copy{Kind: cp.Kind, Generation: cp.Generation}
		for _, v := range cp.Values {
			room -= 64 + len(v.Data.Value.Data) + len(v.Data.Value.Key) + len(v.Data.Signature.Value) + len(v.Signer.Certificate)
			if room < 0 && len(sent) > 0 {
				later.Values = append(later.Values, v)
				continue
			}
			kd.Values = append(kd.Values, v.Data)
			sent = append(sent, v)
		}
		if len(kd.Values) > 0 {
			if req == nil {
				req = &wire.StoreReq{Resource: r, Replica: replica}
			}
			req.Kinds = append(req.Kinds, kd)
		}
		if len(later.Values) > 0 {
			rest = append(rest, later)
		}
	}
	return req, certificatesOf(sent), rest
}

// fetchNewer takes over what a peer has of a resource and we have not.
func (c *Core) fetchNewer(now time.Time, dest []wire.Destination, r wire.ResourceID, then func(now time.Time)) {
	req := &wire.FetchReq{Resource: r}
	for _, cp := range c.data.Copies(now, r) {
		sp := wire.Specifier{Kind: cp.Kind, Model: c.set.Kinds.Model(cp.Kind)}
		if sp.Model == wire.ModelArray {
			sp.Ranges = []wire.ArrayRange{{First: 0, Last: wire.AppendIndex}}
		}
		req.Specifiers = append(req.Specifiers, sp)
	}
	c.Do(now, Request{Dest: dest, Body: req}, func(now time.Time, resp Response, err error) {
		ans, ok := resp.Body.(*wire.FetchAns)
		if err != nil || !ok {
			then(now)
			return
		}
		for _, kd := range ans.Kinds {
			cp := store.Copy{Kind: kd.Kind, Generation: kd.Generation}
			for _, v := range resp.Values {
				if v.Kind == kd.Kind {
					cp.Values = append(cp.Values, store.Value{Data: v.Data, Signer: v.Signer})
				}
			}
			if c.data.Merge(now, r, cp) && c.responsible(r) {
				c.pushToReplicas(now, []wire.ResourceID{r})
			}
		}
		then(now)
	})
}

// replicate sends values that were just stored to the replicas, and to a node that is being handed the range they are in.
func (c *Core) replicate(now time.Time, r wire.ResourceID, written []store.Copy) {
	if len(c.admissions) > 0 && c.handsOver(c.admissions[0].node, r) && c.pushes[c.admissions[0].node] != nil {
		c.push(now, c.admissions[0].node, []wire.ResourceID{r}, nil)
	}
	if c.phase != Joined {
		return
	}
	for i, n := range c.top.Replicas() {
		dest := []wire.Destination{wire.ToNode(n)}
		c.sendCopies(now, dest, uint8(i+1), r, written, func(now time.Time, err error) {
			if err != nil && c.connected(n) {
				c.pushReplicas(now, n, []wire.ResourceID{r}, 0) // settles what is newer there
			}
		})
	}
}

func (c *Core) pushToReplicas(now time.Time, resources []wire.ResourceID) {
	for _, n := range c.top.Replicas() {
		c.pushReplicas(now, n, resources, 0)
	}
}

// pushReplicas sends replicas to a peer, and again after a while what it refuses, as it may see the ring differently yet.
func (c *Core) pushReplicas(now time.Time, n wire.NodeID, resources []wire.ResourceID, retries int) {
	c.push(now, n, resources, func(now time.Time, err error) {
		if err == nil || retries == maxRetries {
			return
		}
		c.after(now, pushRetry<<retries, func(now time.Time) {
			if slices.Contains(c.ring.replicas, n) && c.phase == Joined && c.leaving == nil {
				c.pushReplicas(now, n, slices.DeleteFunc(resources, func(r wire.ResourceID) bool { return !c.responsible(r) }), retries+1)
			}
		})
	})
}

// moveRange follows a change of the range: what came to us gets replicas, what went away goes to its new owner unless that
// has been handed it (10.7.3, 6.4.2.3).
func (c *Core) moveRange(now time.Time, old *ringView) {
	gained := c.data.Select(func(r wire.ResourceID) bool {
		return old.set && c.responsible(r) && !old.owns(c.self, chord.Resource(r))
	})
	if len(gained) > 0 {
		c.pushToReplicas(now, gained)
	}
	lost := c.data.Select(func(r wire.ResourceID) bool {
		return !c.responsible(r) && old.owns(c.self, chord.Resource(r)) &&
			(old.handed.IsZero() || c.top.Owner(chord.Resource(r)) != old.handed)
	})
	c.ring.handed = wire.NodeID{}
	c.giveAway(now, lost, 0)
}

// giveAway stores resources at the peers that are responsible for them now, however often it takes (6.4.2.3). Until then they
// are not purged.
func (c *Core) giveAway(now time.Time, resources []wire.ResourceID, retries int) {
	if len(resources) == 0 {
		return
	}
	for _, r := range resources {
		c.orphans[r] = true
	}
	c.push(now, wire.NodeID{}, resources, func(now time.Time, err error) {
		if err != nil && retries < maxRetries {
			c.after(now, pushRetry<<retries, func(now time.Time) { c.giveAway(now, resources, retries+1) })
			return
		}
		for _, r := range resources {
			delete(c.orphans, r)
		}
	})
}

// inherit sees to it that the values of a lost peer reach the one that is responsible now. Mostly that has the replicas itself;
// but it may have joined so lately that it has not, so the next one behind it offers its own.
func (c *Core) inherit(now time.Time, resources []wire.ResourceID) {
	if c.phase != Joined || c.leaving != nil || c.top.Len() == 0 {
		return
	}
	heir := c.top.Predecessors()[0]
	c.giveAway(now, slices.DeleteFunc(resources, func(r wire.ResourceID) bool { return c.top.Owner(chord.Resource(r)) != heir }), 0)
}

// reviewReplicas sends everything we are responsible for to members of the replica set that are new in it. After the loss of
// one that waits, as a better match may turn up (10.7.1).
func (c *Core) reviewReplicas(now time.Time) {
	for n := range c.complete {
		if !slices.Contains(c.ring.replicas, n) {
			delete(c.complete, n)
		}
	}
	for _, n := range c.ring.replicas {
		switch {
		case c.complete[n]:
		case now.Before(c.holdDown) && slices.Contains(c.holdFor, n):
			if c.holdTimer == nil {
				c.holdTimer = c.after(now, c.holdDown.Sub(now), c.reviewReplicasAgain)
			}
		default:
			c.complete[n] = true
			c.pushReplicas(now, n, c.data.Select(c.responsible), 0)
		}
	}
}

func (c *Core) reviewReplicasAgain(now time.Time) {
	c.timers.stop(c.holdTimer)
	c.holdTimer = nil
	if c.phase == Joined && c.leaving == nil {
		c.reviewReplicas(now)
	}
}

// purge forgets values for which three predecessors stand between their place and us (10.7.3), unless values move now.
func (c *Core) purge() {
	if len(c.pushes) > 0 || c.top.Len() <= chord.NeighborCount {
		return
	}
	for _, r := range c.data.Select(func(r wire.ResourceID) bool {
		return !c.top.Replicates(chord.Resource(r)) && !c.orphans[r]
	}) {
		c.data.Delete(r)
	}
}
