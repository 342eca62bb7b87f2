package chord

import (
	"slices"

	"tandem/overlay/wire"
)

const (
	// NeighborCount is how many successors and how many predecessors a peer keeps (10.1: at least three each).
	NeighborCount = 3

	// ReplicaCount is how many successors keep a copy of what a peer is responsible for (10.4).
	ReplicaCount = 2
)

// A Topology is the Routing Table of one peer, which is never in it itself.
type Topology struct {
	self  wire.NodeID
	peers []wire.NodeID // by clockwise distance from self
}

// New returns the topology of a peer that knows no other.
func New(self wire.NodeID) *Topology { return &Topology{self: self} }

// Self is the Node-ID whose view this is.
func (t *Topology) Self() wire.NodeID { return t.self }

// Len is the number of peers in the Routing Table.
func (t *Topology) Len() int { return len(t.peers) }

// Peers are all peers of the Routing Table, clockwise from the successor on.
func (t *Topology) Peers() []wire.NodeID { return slices.Clone(t.peers) }

// Add puts a peer in and reports whether it is new.
func (t *Topology) Add(n wire.NodeID) bool {
	i, found := t.find(n)
	if found || n == t.self {
		return false
	}
	t.peers = slices.Insert(t.peers, i, n)
	return true
}

// Remove takes a peer out and reports whether it was there.
func (t *Topology) Remove(n wire.NodeID) bool {
	i, found := t.find(n)
	if found {
		t.peers = slices.Delete(t.peers, i, i+1)
	}
	return found
}

// Has reports whether a peer is in the Routing Table.
func (t *Topology) Has(n wire.NodeID) bool {
	_, found := t.find(n)
	return found
}

// Successors are the next peers clockwise, nearest first, at most NeighborCount.
func (t *Topology) Successors() []wire.NodeID {
	return slices.Clone(t.peers[:min(NeighborCount, len(t.peers))])
}

// Predecessors are the next peers counterclockwise, nearest first, at most NeighborCount. In a small ring they
// are the successors once more.
func (t *Topology) Predecessors() []wire.NodeID {
	p := slices.Clone(t.peers[max(0, len(t.peers)-NeighborCount):])
	slices.Reverse(p)
	return p
}

// Neighbors are predecessors and successors, each once: successors first.
func (t *Topology) Neighbors() []wire.NodeID {
	return union(t.Successors(), t.Predecessors())
}

// Replicas are the peers that keep copies of what this one is responsible for: the next two successors.
func (t *Topology) Replicas() []wire.NodeID {
	return slices.Clone(t.peers[:min(ReplicaCount, len(t.peers))])
}

// Missing are those of the known nodes that belong into the Neighbor Table and are not in the Routing Table:
// nearer than what is there. Known may hold anything, this peer included.
func (t *Topology) Missing(known []wire.NodeID) []wire.NodeID {
	var near []wire.NodeID
	for _, n := range known {
		if n != t.self && t.couldBeNeighbor(n) && !slices.Contains(near, n) && !t.Has(n) {
			near = append(near, n)
		}
	}
	if len(near) == 0 {
		return nil
	}
	all := New(t.self)
	for _, n := range t.Neighbors() {
		all.Add(n)
	}
	for _, n := range near {
		all.Add(n)
	}
	return slices.DeleteFunc(all.Neighbors(), t.Has)
}

// couldBeNeighbor reports whether a node is nearer than the farthest neighbor of some side, or there is room for more.
func (t *Topology) couldBeNeighbor(n wire.NodeID) bool {
	if len(t.peers) < NeighborCount {
		return true
	}
	self := Node(t.self)
	d := Node(n).Sub(self)
	return d.Less(Node(t.peers[NeighborCount-1]).Sub(self)) || Node(t.peers[len(t.peers)-NeighborCount]).Sub(self).Less(d)
}

// Responsible reports whether this peer is responsible for a point: predecessor < k <= self, everything when it
// is alone (10.1).
func (t *Topology) Responsible(k ID) bool {
	if len(t.peers) == 0 {
		return true
	}
	return k.Within(Node(t.peers[len(t.peers)-1]), Node(t.self))
}

// Owner is the peer that is responsible for a point as far as this one can see: the first at or after it among the
// Routing Table and itself.
func (t *Topology) Owner(k ID) wire.NodeID {
	owner, best := t.self, Node(t.self).Sub(k)
	for _, n := range t.peers {
		if d := Node(n).Sub(k); d.Less(best) {
			owner, best = n, d
		}
	}
	return owner
}

// Replicates reports whether this peer is responsible for a point or keeps a replica of it: fewer than three
// predecessors are at or after it (10.7.3).
func (t *Topology) Replicates(k ID) bool { return t.between(k) <= ReplicaCount }

// between counts the peers at or after k and before self: those that are closer to k.
func (t *Topology) between(k ID) int {
	n, mine := 0, Node(t.self).Sub(k)
	for _, p := range t.peers {
		if Node(p).Sub(k).Less(mine) {
			n++
		}
	}
	return n
}

// MayReplicate reports whether a replica of k can rightly come from a node: this peer is responsible, or it expects
// to be in the replica set and the sender is closer to k, so can be the responsible peer or an earlier replica
// (7.4.1.1). One predecessor more than the set needs is tolerated: the sender may have news that are yet to come.
func (t *Topology) MayReplicate(k ID, from wire.NodeID) bool {
	if t.Responsible(k) {
		return true
	}
	closer := Node(from).Sub(k).Less(Node(t.self).Sub(k))
	return closer && t.between(k) <= ReplicaCount+1
}

// AtLeastAsClose reports whether a node can be the one responsible for k: nobody in the Routing Table, nor this
// peer, is closer (REQ-3, 6.3.4).
func (t *Topology) AtLeastAsClose(k ID, n wire.NodeID) bool {
	d := Node(n).Sub(k)
	return !Node(t.Owner(k)).Sub(k).Less(d)
}

// NextHop is where a message for point k goes from here when this peer is not responsible for it: to k itself if
// that is in the table; else to the peer with the largest Node-ID between self and k; else to the first one at or
// after k (10.3). Peers for which avoid is true are passed over, so that a message does not go back to where it came
// from while two peers disagree about the ring. False: nobody is left.
func (t *Topology) NextHop(k ID, avoid func(wire.NodeID) bool) (wire.NodeID, bool) {
	self := Node(t.self)
	goal := k.Sub(self) // the order of t.peers is by distance from self
	i, found := slices.BinarySearchFunc(t.peers, goal, func(n wire.NodeID, d ID) int {
		return Node(n).Sub(self).Compare(d)
	})
	if found && !avoid(t.peers[i]) {
		return t.peers[i], true
	}
	for j := i - 1; j >= 0; j-- { // in (self, k), the largest first
		if !avoid(t.peers[j]) {
			return t.peers[j], true
		}
	}
	for _, n := range t.peers[i:] { // from k on
		if !avoid(n) {
			return n, true
		}
	}
	return wire.NodeID{}, false
}

// find is where a peer is or would be in the list.
func (t *Topology) find(n wire.NodeID) (int, bool) {
	self := Node(t.self)
	goal := Node(n).Sub(self)
	lo, hi := 0, len(t.peers)
	for lo < hi {
		mid := (lo + hi) / 2
		if Node(t.peers[mid]).Sub(self).Less(goal) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(t.peers) && t.peers[lo] == n
}

func union(lists ...[]wire.NodeID) []wire.NodeID {
	var all []wire.NodeID
	for _, l := range lists {
		for _, n := range l {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}
