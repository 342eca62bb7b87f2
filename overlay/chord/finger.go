package chord

import (
	"slices"

	"tandem/overlay/wire"
)

// FingerCount is how many fingers a peer looks for, the farthest first (10.7.4.3: at least 16, up to 128).
const FingerCount = 16

// Fingers is the Finger Table in numerically ascending order, as a full Update lists it (10.7): of each finger's range
// the peer that is farthest from self.
func (t *Topology) Fingers() []wire.NodeID {
	var fingers []wire.NodeID
	last := 0
	for _, n := range slices.Backward(t.peers) {
		if i := t.FingerOf(n); i != last {
			fingers, last = append(fingers, n), i
		}
	}
	slices.SortFunc(fingers, func(a, b wire.NodeID) int { return Node(a).Compare(Node(b)) })
	return fingers
}

// FingerOf is the number of the finger whose range a node lies in, from 1 for the opposite half of the ring to 128
// for the next point: i such that n is in [self + 2^(128-i), self + 2^(128-(i-1)) - 1] (10.7.4.2).
func (t *Topology) FingerOf(n wire.NodeID) int {
	return 129 - Node(n).Sub(Node(t.self)).bitLen()
}

// FingerStart is the first point of finger i's range.
func (t *Topology) FingerStart(i int) ID { return Node(t.self).Add(Power(128 - i)) }

// FingerPoint is a point of finger i's range chosen by random, which is any number: 10.7.4.2 prefers that to the start.
func (t *Topology) FingerPoint(i int, random ID) ID {
	mask := Power(128 - i).Sub(ID{lo: 1}) // the range is as long as its distance
	return t.FingerStart(i).Add(ID{random.hi & mask.hi, random.lo & mask.lo})
}

// RandomID makes a point of two random words.
func RandomID(hi, lo uint64) ID { return ID{hi, lo} }

// InvalidFingers are the fingers for which no peer is known and could be: the numbers of ranges that reach beyond
// the farthest successor, as nobody unknown is nearer. Low numbers, so far peers, first.
func (t *Topology) InvalidFingers() []int {
	if len(t.peers) <= NeighborCount {
		return nil // everybody is a neighbor
	}
	span := Node(t.peers[NeighborCount-1]).Sub(Node(t.self))
	var valid [129]bool
	for _, n := range t.peers {
		valid[t.FingerOf(n)] = true
	}
	var invalid []int
	for i := 1; i <= FingerCount; i++ {
		end := Power(128 - i).Add(Power(128 - i).Sub(ID{lo: 1})) // as a distance from self
		if !valid[i] && span.Less(end) {
			invalid = append(invalid, i)
		}
	}
	return invalid
}
