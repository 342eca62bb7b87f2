// Package tree is the arithmetic of ReDiR trees and the walks in them (RFC 7374 3 and 4), without an overlay.
//
// Level l of a tree with branching factor b has b^l tree nodes, which share the identifier space evenly. Every tree
// node is a dictionary of service providers and is divided into b intervals; I(l,k) is the interval at level l that
// holds key k. The tree node at level l+1 that is responsible for k covers just I(l,k).
//
//	Level 0  __________________|__________________
//	Level 1  ________|________   ________|________
//	Level 2  ___|___   ___|___   ___|___   ___|___      b = 2: two intervals in each tree node
//
// Package redir walks it over an overlay. What may be stored where (section 5) is checked in overlay/store.
package tree

import (
	"math/big"

	"tandem/overlay/wire"
)

// StartLevel is where registrations and lookups begin (4.2).
const StartLevel = 2

// maxNode is the last tree node number a record can hold: the field has 16 bits.
const maxNode = 1<<16 - 1

// A Tree is the shape of a ReDiR tree.
type Tree struct {
	Bits      uint // of an identifier: 128
	Branching int  // branching-factor of the configuration document, at least 2
}

// New returns the shape of trees in an overlay with Node-IDs of 128 bits. A branching factor below 2 makes no tree;
// the default of 10 is taken instead.
func New(branching int) Tree {
	if branching < 2 {
		branching = 10
	}
	return Tree{Bits: 8 * wire.IDLength, Branching: branching}
}

// MaxLevel is the deepest level whose tree nodes all have a number of 16 bits: 4 when the branching factor is 10.
func (t Tree) MaxLevel() int {
	level := 0
	for n := t.Branching; n-1 <= maxNode; n *= t.Branching {
		level++
	}
	return level
}

// Node is the number of the tree node at a level that is responsible for key k.
func (t Tree) Node(level int, k *big.Int) uint16 { return uint16(t.slot(level, k).Uint64()) }

// Interval is the number, from 0 to b-1, of I(level,k) in its tree node.
func (t Tree) Interval(level int, k *big.Int) int {
	first := new(big.Int).Mul(t.slot(level, k), big.NewInt(int64(t.Branching)))
	return int(first.Sub(t.slot(level+1, k), first).Int64())
}

// slot is floor(k·b^level / 2^Bits): which of the b^level equal parts of the identifier space k is in.
func (t Tree) slot(level int, k *big.Int) *big.Int {
	n := new(big.Int).Exp(big.NewInt(int64(t.Branching)), big.NewInt(int64(level)), nil)
	n.Mul(n, k)
	return n.Rsh(n, t.Bits)
}

// distance is how far it is from k forward to id around the ring.
func (t Tree) distance(k, id *big.Int) *big.Int {
	d := new(big.Int).Sub(id, k)
	if d.Sign() < 0 {
		d.Add(d, new(big.Int).Lsh(big.NewInt(1), t.Bits))
	}
	return d
}

// Number is a Node-ID as an integer.
func Number(id wire.NodeID) *big.Int { return new(big.Int).SetBytes(id[:]) }
