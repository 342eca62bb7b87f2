package store

import (
	"encoding/binary"
	"math/big"

	"tandem/overlay/wire"
)

// Allows reports whether signer may have written a value: nobody has to believe a peer that shows other values.
func (k Kinds) Allows(kind wire.KindID, resource wire.ResourceID, v *wire.StoredValue, signer Signer) bool {
	return k[kind].allows(resource, v, signer)
}

// allows reports whether signer may write value v of kind k at a resource. Who signed nothing may write nothing.
func (k Kind) allows(resource wire.ResourceID, v *wire.StoredValue, signer Signer) bool {
	switch k.Policy {
	case UserMatch: // 7.3.1
		return isUser(resource, signer)
	case NodeMatch: // 7.3.2
		return wire.HashResource(signer.NodeID[:]) == resource
	case UserNodeMatch: // 7.3.3: dictionaries only
		return k.Model == wire.ModelDictionary && isUser(resource, signer) && v.Key == wire.NodeKey(signer.NodeID)
	case NodeMultiple: // 7.3.4
		return k.matchesMultiple(resource, signer.NodeID)
	case NodeIDMatch: // RFC 7374 5: dictionaries only
		return k.Model == wire.ModelDictionary && v.Key == wire.NodeKey(signer.NodeID) && k.matchesTree(resource, v, signer.NodeID)
	}
	return false
}

func isUser(resource wire.ResourceID, signer Signer) bool {
	return signer.User != "" && wire.HashResource([]byte(signer.User)) == resource
}

// matchesMultiple tries H(Node-ID || i) for i from 1 to the Kind's limit. The width of i is not given by the RFC;
// iterations are uint8, so it is one byte.
func (k Kind) matchesMultiple(resource wire.ResourceID, n wire.NodeID) bool {
	for i := 1; i <= min(k.MaxNodeMultiple, 255); i++ {
		if wire.HashResource(append(n[:], byte(i))) == resource {
			return true
		}
	}
	return false
}

// matchesTree holds a ReDiR record to its place: the tree node it names hashes to the resource, and the provider's
// Node-ID lies in that tree node's range. A removal names no tree node and is held to its key alone.
func (k Kind) matchesTree(resource wire.ResourceID, v *wire.StoredValue, n wire.NodeID) bool {
	if !v.Exists {
		return true
	}
	var p wire.RedirServiceProvider
	if p.UnmarshalBinary(v.Data) != nil {
		return false
	}
	node, ok := RedirNode(n, p.Level, k.Branching)
	return ok && node == p.Node && RedirResource(p.Namespace, p.Level, p.Node) == resource
}

// RedirResource is the Resource-ID of a ReDiR tree node, H(namespace, level, node) (RFC 7374 4.3). The RFC does not say
// how the three are put together; namespace || uint16 level || uint16 node keeps different nodes apart.
func RedirResource(namespace string, level, node uint16) wire.ResourceID {
	name := binary.BigEndian.AppendUint16([]byte(namespace), level)
	return wire.HashResource(binary.BigEndian.AppendUint16(name, node))
}

// RedirNode is the number of the tree node at a level whose range holds a Node-ID: floor(id * branching^level / 2^128)
// (RFC 7374 3). False: the level is so deep that node numbers do not fit in the record's 16 bits.
func RedirNode(id wire.NodeID, level uint16, branching int) (uint16, bool) {
	if branching < 2 || level > 16 {
		return 0, false
	}
	count := new(big.Int).Exp(big.NewInt(int64(branching)), big.NewInt(int64(level)), nil)
	if count.BitLen() > 17 || count.Int64() > 1<<16 {
		return 0, false
	}
	n := new(big.Int).SetBytes(id[:])
	n.Rsh(n.Mul(n, count), 128)
	return uint16(n.Uint64()), true
}
