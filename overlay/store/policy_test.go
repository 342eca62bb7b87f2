package store

import (
	"testing"

	"tandem/overlay/wire"
)

// 7.3 and RFC 7374 5: who may write what where.
// RELOAD: ACL-1 ACL-3 AMB-9 KIND
func TestPolicies(t *testing.T) {
	kinds := Registered(10)
	userAlice, nodeAlice := home, wire.HashResource(alice.NodeID[:])
	key := func(s Signer) wire.StoredValue { return wire.StoredValue{Key: wire.NodeKey(s.NodeID), Exists: true} }
	nobody := Signer{NodeID: alice.NodeID}
	multiple := func(i byte) wire.ResourceID {
		return wire.HashResource(append(append([]byte{}, alice.NodeID[:]...), i))
	}
	tests := []struct {
		name   string
		kind   wire.KindID
		at     wire.ResourceID
		value  wire.StoredValue
		signer Signer
		want   bool
	}{
		{"USER-MATCH", wire.KindCertificateByUser, userAlice, wire.StoredValue{}, alice, true},
		{"USER-MATCH by another user", wire.KindCertificateByUser, userAlice, wire.StoredValue{}, bob, false},
		{"USER-MATCH at the Node-ID", wire.KindCertificateByUser, nodeAlice, wire.StoredValue{}, alice, false},
		{"USER-MATCH without a user", wire.KindCertificateByUser, wire.HashResource(nil), wire.StoredValue{}, nobody, false},
		{"NODE-MATCH", wire.KindCertificateByNode, nodeAlice, wire.StoredValue{}, alice, true},
		{"NODE-MATCH by another node", wire.KindCertificateByNode, nodeAlice, wire.StoredValue{}, bob, false},
		{"USER-NODE-MATCH", wire.KindSIPRegistration, userAlice, key(alice), alice, true},
		{"USER-NODE-MATCH with another's key", wire.KindSIPRegistration, userAlice, key(bob), alice, false},
		{"USER-NODE-MATCH at another's", wire.KindSIPRegistration, userAlice, key(bob), bob, false},
		{"NODE-MULTIPLE, first", wire.KindTURNService, multiple(1), wire.StoredValue{}, alice, true},
		{"NODE-MULTIPLE, last", wire.KindTURNService, multiple(20), wire.StoredValue{}, alice, true},
		{"NODE-MULTIPLE, one too many", wire.KindTURNService, multiple(21), wire.StoredValue{}, alice, false},
		{"NODE-MULTIPLE, zero", wire.KindTURNService, multiple(0), wire.StoredValue{}, alice, false},
		{"NODE-MULTIPLE by another node", wire.KindTURNService, multiple(1), wire.StoredValue{}, bob, false},
	}
	for _, tt := range tests {
		if got := kinds[tt.kind].allows(tt.at, &tt.value, tt.signer); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if (Kind{Model: wire.ModelSingle}).allows(userAlice, &wire.StoredValue{}, alice) {
		t.Error("a Kind without policy can be written")
	}
	if (Kind{Model: wire.ModelSingle, Policy: UserNodeMatch}).allows(userAlice, &wire.StoredValue{Key: wire.NodeKey(alice.NodeID)}, alice) {
		t.Error("USER-NODE-MATCH on a Kind that is no dictionary")
	}
}

// RFC 7374 5: NODE-ID-MATCH.
// RELOAD: ACL-2
func TestNodeIDMatch(t *testing.T) {
	kind := Registered(10)[wire.KindReDiR]
	const ns = "voice-mail"
	node, ok := RedirNode(alice.NodeID, 2, 10)
	if !ok {
		t.Fatal("no tree node at level 2")
	}
	record := func(namespace string, level, node uint16) []byte {
		raw, err := (&wire.RedirServiceProvider{Route: []wire.Destination{wire.ToNode(alice.NodeID)}, Namespace: namespace, Level: level, Node: node}).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	at := RedirResource(ns, 2, node)
	tests := []struct {
		name string
		at   wire.ResourceID
		v    wire.StoredValue
		by   Signer
		want bool
	}{
		{"in its place", at, wire.StoredValue{Key: wire.NodeKey(alice.NodeID), Exists: true, Data: record(ns, 2, node)}, alice, true},
		{"with another's key", at, wire.StoredValue{Key: wire.NodeKey(bob.NodeID), Exists: true, Data: record(ns, 2, node)}, alice, false},
		{"by another node", at, wire.StoredValue{Key: wire.NodeKey(alice.NodeID), Exists: true, Data: record(ns, 2, node)}, bob, false},
		{"another namespace", at, wire.StoredValue{Key: wire.NodeKey(alice.NodeID), Exists: true, Data: record("turn-server", 2, node)}, alice, false},
		{"a tree node out of range", RedirResource(ns, 2, node+1), wire.StoredValue{Key: wire.NodeKey(alice.NodeID), Exists: true, Data: record(ns, 2, node+1)}, alice, false},
		{"the root holds everybody", RedirResource(ns, 0, 0), wire.StoredValue{Key: wire.NodeKey(alice.NodeID), Exists: true, Data: record(ns, 0, 0)}, alice, true},
		{"not a record", at, wire.StoredValue{Key: wire.NodeKey(alice.NodeID), Exists: true, Data: []byte("?")}, alice, false},
		{"a removal is held to its key", at, wire.StoredValue{Key: wire.NodeKey(alice.NodeID)}, alice, true},
		{"another's removal", at, wire.StoredValue{Key: wire.NodeKey(alice.NodeID)}, bob, false},
	}
	for _, tt := range tests {
		if got := kind.allows(tt.at, &tt.v, tt.by); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// RELOAD: ACL-2 RDR-2
func TestRedirNode(t *testing.T) {
	last := wire.Wildcard
	half := wire.NodeID{0x80}
	tests := []struct {
		name      string
		id        wire.NodeID
		level     uint16
		branching int
		want      uint16
		ok        bool
	}{
		{"root", last, 0, 10, 0, true},
		{"last of ten", last, 1, 10, 9, true},
		{"first", wire.NodeID{}, 4, 10, 0, true},
		{"half", half, 2, 10, 50, true},
		{"last of 10^4", last, 4, 10, 9999, true},
		{"10^5 do not fit 16 bits", half, 5, 10, 0, false},
		{"2^16 do", last, 16, 2, 65535, true},
		{"no tree", half, 1, 1, 0, false},
		{"levels without end", half, 60000, 10, 0, false},
	}
	for _, tt := range tests {
		if got, ok := RedirNode(tt.id, tt.level, tt.branching); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %d, %v; want %d, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	// Different tree nodes never share a place: plain decimal without separators would confuse these.
	if RedirResource("ns", 1, 12) == RedirResource("ns", 11, 2) || RedirResource("ns1", 1, 1) == RedirResource("ns", 1, 1) {
		t.Error("two tree nodes at one resource")
	}
}
