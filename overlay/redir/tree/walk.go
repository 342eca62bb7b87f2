package tree

import (
	"math/big"
	"slices"
)

// A Place is a tree node.
type Place struct {
	Level int
	Node  uint16
}

// Fetch returns the providers in a tree node.
type Fetch func(Place) ([]*big.Int, error)

// Register walks the tree for provider k as RFC 7374 4.3 says: store is called for every tree node that k's record
// belongs in. The first error ends the walk.
func (t Tree) Register(k *big.Int, fetch Fetch, store func(Place) error) error {
	start := min(StartLevel, t.MaxLevel())
	first, err := t.visit(start, k, fetch)
	if err != nil {
		return err
	}
	if err := store(t.place(start, k)); err != nil {
		return err
	}
	if err := t.registerUp(start, first, k, fetch, store); err != nil {
		return err
	}
	return t.registerDown(start, first, k, fetch, store)
}

// registerUp stores one level up for as long as k is the lowest or highest of its interval (step 4).
func (t Tree) registerUp(level int, v view, k *big.Int, fetch Fetch, store func(Place) error) (err error) {
	for v.outermost() && level > 0 {
		level--
		if v, err = t.visit(level, k, fetch); err != nil {
			return err
		}
		if err := store(t.place(level, k)); err != nil {
			return err
		}
	}
	return nil
}

// registerDown stores where k is the lowest or highest of its interval, down to where it is alone in it (step 5).
func (t Tree) registerDown(level int, v view, k *big.Int, fetch Fetch, store func(Place) error) (err error) {
	for !v.alone() && level < t.MaxLevel() {
		level++
		if v, err = t.visit(level, k, fetch); err != nil {
			return err
		}
		if !v.outermost() {
			continue
		}
		if err := store(t.place(level, k)); err != nil {
			return err
		}
	}
	return nil
}

// Find walks the tree in search of the closest successor of k (RFC 7374 4.5) and returns all providers it saw, each
// once, in ring order from k: the successor first, the others as fallbacks. Where the text picks a random entry of
// the root because nobody follows k, the ring order gives the lowest, so that everybody finds the same one. An
// error of fetch ends the walk, and is returned only if nobody was found.
func (t Tree) Find(k *big.Int, fetch Fetch) ([]*big.Int, error) {
	var seen []*big.Int
	var err error
	rootSeen := false
	look := func(level int) (v view) {
		v, err = t.visit(level, k, fetch)
		seen = append(seen, v.all...)
		rootSeen = rootSeen || level == 0
		return v
	}
	level := min(StartLevel, t.MaxLevel())
	for down, done := false, false; !done && err == nil; {
		v := look(level)
		switch {
		case err != nil:
		case !v.successor:
			done = down || level == 0 // after a way down a record must have expired meanwhile
			level--
		case v.between && level < t.MaxLevel():
			down = true
			level++
		default:
			done = true
		}
	}
	if !rootSeen && err == nil && len(t.order(k, seen)) < enough {
		look(0)
	}
	found := t.order(k, seen)
	if len(found) > 0 {
		return found, nil
	}
	return nil, err
}

// enough providers make it unnecessary to look into the root for more fallbacks.
const enough = 3

// order sorts by the distance from k and drops duplicates.
func (t Tree) order(k *big.Int, ids []*big.Int) []*big.Int {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b *big.Int) int { return t.distance(k, a).Cmp(t.distance(k, b)) })
	return slices.CompactFunc(ids, func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
}

// A view is what key k sees in a tree node.
type view struct {
	all                 []*big.Int // everybody in the tree node
	below, above, equal bool       // others in k's interval, and k itself
	successor           bool       // somebody in the tree node is at k or after it
	between             bool       // k lies strictly between two of its interval
}

// alone says that nobody else is in k's interval.
func (v view) alone() bool { return !v.below && !v.above }

// outermost says that k is, or would be, the lowest or highest of its interval.
func (v view) outermost() bool { return !v.below || !v.above }

func (t Tree) visit(level int, k *big.Int, fetch Fetch) (v view, err error) {
	if v.all, err = fetch(t.place(level, k)); err != nil {
		return view{}, err
	}
	mine := t.slot(level+1, k)
	for _, id := range v.all {
		c := id.Cmp(k)
		v.successor = v.successor || c >= 0
		if t.slot(level+1, id).Cmp(mine) != 0 {
			continue
		}
		v.below = v.below || c < 0
		v.above = v.above || c > 0
		v.equal = v.equal || c == 0
	}
	v.between = v.below && v.above && !v.equal
	return v, nil
}

func (t Tree) place(level int, k *big.Int) Place { return Place{level, t.Node(level, k)} }
