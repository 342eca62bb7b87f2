package chord

import (
	"cmp"
	"encoding/binary"
	"math/bits"

	"tandem/overlay/wire"
)

// An ID is a point of the ring: a Node-ID or a Resource-ID as a number modulo 2^128.
type ID struct{ hi, lo uint64 }

// Node is the point of a Node-ID.
func Node(n wire.NodeID) ID { return fromBytes(n) }

// Resource is the point of a Resource-ID.
func Resource(r wire.ResourceID) ID { return fromBytes(r) }

// Power is 2^n, n from 0 to 127.
func Power(n int) ID {
	if n >= 64 {
		return ID{hi: 1 << (n - 64)}
	}
	return ID{lo: 1 << n}
}

// NodeID is the Node-ID at this point.
func (a ID) NodeID() wire.NodeID { return wire.NodeID(a.bytes()) }

// ResourceID is the Resource-ID at this point.
func (a ID) ResourceID() wire.ResourceID { return wire.ResourceID(a.bytes()) }

// Add is a + b around the ring.
func (a ID) Add(b ID) ID {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return ID{hi, lo}
}

// Sub is a - b around the ring: the clockwise distance from b to a.
func (a ID) Sub(b ID) ID {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return ID{hi, lo}
}

// Times is about a * m / n as a distance, for small m and n; exact but for what is lost of a below n.
func (a ID) Times(m, n int) ID {
	hi, rest := bits.Div64(0, a.hi, uint64(n))
	lo, _ := bits.Div64(rest, a.lo, uint64(n))
	part := ID{hi, lo}
	sum := ID{}
	for range m {
		sum = sum.Add(part)
	}
	return sum
}

// Compare orders points as unsigned numbers.
func (a ID) Compare(b ID) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}

// Less says whether a is the smaller number.
func (a ID) Less(b ID) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// IsZero says whether a is 0: as a distance, that two points are the same.
func (a ID) IsZero() bool { return a == ID{} }

// Within says whether a lies in (from, to] going clockwise. When from and to are the same point that is the whole
// ring.
func (a ID) Within(from, to ID) bool {
	if from == to {
		return true
	}
	d := a.Sub(from)
	return !d.IsZero() && d.Compare(to.Sub(from)) <= 0
}

// bitLen is the number of bits needed for a; 0 for 0.
func (a ID) bitLen() int {
	if a.hi != 0 {
		return 64 + bits.Len64(a.hi)
	}
	return bits.Len64(a.lo)
}

func (a ID) bytes() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return b
}

func fromBytes(b [16]byte) ID {
	return ID{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}
