package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/overlay/wire"
)

const (
	kindSingle wire.KindID = 0xf0000001 + iota
	kindArray
	kindDictionary
)

var (
	t0    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	alice = Signer{NodeID: wire.NodeID{0xa1}, User: "alice@example.org", Certificate: []byte("alice's certificate")}
	bob   = Signer{NodeID: wire.NodeID{0xb0}, User: "bob@example.org", Certificate: []byte("bob's certificate")}
	home  = wire.HashResource([]byte(alice.User))
)

// kinds has a Kind of each model that alice may write at home.
func kinds() Kinds {
	k := Registered(10)
	k[kindSingle] = Kind{ID: kindSingle, Model: wire.ModelSingle, Policy: UserMatch, MaxCount: 1, MaxSize: 10}
	k[kindArray] = Kind{ID: kindArray, Model: wire.ModelArray, Policy: UserMatch, MaxCount: 4, MaxSize: 10}
	k[kindDictionary] = Kind{ID: kindDictionary, Model: wire.ModelDictionary, Policy: UserMatch, MaxCount: 4, MaxSize: 10}
	return k
}

func newStore() *Store { return New(kinds(), 100) }

// value is a signed value; at counts milliseconds of storage time.
func value(at int, v wire.StoredValue) wire.StoredData {
	v.Exists = v.Data != nil
	return wire.StoredData{
		StorageTime: wire.Timestamp(at), Lifetime: time.Hour, Value: v,
		Signature: wire.Signature{Hash: wire.HashSHA256, Algorithm: wire.SignatureECDSA, Identity: wire.SignerIdentity{Type: wire.SignerCertHash}, Value: []byte("signature")},
	}
}

func single(at int, data string) wire.StoredData {
	return value(at, wire.StoredValue{Model: wire.ModelSingle, Data: []byte(data)})
}

func element(at int, index uint32, data string) wire.StoredData {
	return value(at, wire.StoredValue{Model: wire.ModelArray, Index: index, Data: []byte(data)})
}

func entryAt(at int, key, data string) wire.StoredData {
	return value(at, wire.StoredValue{Model: wire.ModelDictionary, Key: wire.DictionaryKey(key), Data: []byte(data)})
}

// write stores values of one Kind as their owner does.
func write(s *Store, now time.Time, kind wire.KindID, generation uint64, values ...wire.StoredData) (Result, error) {
	return writeAs(s, now, Original, alice, home, kind, generation, values...)
}

func writeAs(s *Store, now time.Time, mode Mode, signer Signer, at wire.ResourceID, kind wire.KindID, generation uint64, values ...wire.StoredData) (Result, error) {
	w := Write{Mode: mode, From: signer, Request: &wire.StoreReq{
		Resource: at, Kinds: []wire.StoreKindData{{Kind: kind, Generation: generation, Values: values}}}}
	for range values {
		w.Signers = append(w.Signers, signer)
	}
	return s.Write(now, w)
}

// show is the values of a Kind at home, removed ones as "-", synthesized ones as "?".
func show(t *testing.T, s *Store, now time.Time, sp wire.Specifier) string {
	t.Helper()
	ans, _, err := s.Fetch(now, &wire.FetchReq{Resource: home, Specifiers: []wire.Specifier{sp}})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d:", ans.Kinds[0].Generation)
	for _, v := range ans.Kinds[0].Values {
		switch {
		case v.Value.Exists:
			fmt.Fprintf(&b, " %s%s", v.Value.Key, v.Value.Data)
		case v.Signature.IsNone():
			b.WriteString(" ?")
		default:
			fmt.Fprintf(&b, " %s-", v.Value.Key)
		}
		if v.Value.Model == wire.ModelArray {
			fmt.Fprintf(&b, "@%d", v.Value.Index)
		}
	}
	return b.String()
}

var all = []wire.ArrayRange{{First: 0, Last: wire.AppendIndex}}

func expect(t *testing.T, s *Store, now time.Time, sp wire.Specifier, want string) {
	t.Helper()
	if got := show(t, s, now, sp); got != want {
		t.Errorf("%v: got %q, want %q", sp.Kind, got, want)
	}
}

func must(t *testing.T, r Result, err error) Result {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func refused(t *testing.T, err error, code wire.ErrorCode) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %v", err, code)
	}
}

func do(t *testing.T, s *Store, kind wire.KindID, values ...wire.StoredData) Result {
	t.Helper()
	r, err := write(s, t0, kind, 0, values...)
	return must(t, r, err)
}

// 7.4.1.1: "single-value: A store of a new single-value element creates the element if it does not exist and overwrites any
// existing value with the new value."
// RELOAD: STO-1
func TestSingle(t *testing.T) {
	s := newStore()
	expect(t, s, t0, wire.Specifier{Kind: kindSingle}, "0: ?")
	do(t, s, kindSingle, single(1, "a"))
	do(t, s, kindSingle, single(2, "b"))
	expect(t, s, t0, wire.Specifier{Kind: kindSingle}, "2: b")
}

// 7.4.1.1: "a store past the end of the array extends it with nonexistent values (exists = False) as required. A store at index
// 0xffffffff places the new value at the end of the array".
// RELOAD: STO-1 STO-11 FET-2 FET-4
func TestArray(t *testing.T) {
	s := newStore()
	do(t, s, kindArray, element(1, 2, "c"))
	r := do(t, s, kindArray, element(2, wire.AppendIndex, "d"))
	if got := r.Written[0].Values[0].Data.Value.Index; got != 3 {
		t.Errorf("replicas are told index %d, want 3", got)
	}
	expect(t, s, t0, wire.Specifier{Kind: kindArray, Ranges: all}, "2: ?@0 ?@1 c@2 d@3")
	expect(t, s, t0, wire.Specifier{Kind: kindArray, Ranges: []wire.ArrayRange{{First: 2, Last: 2}, {First: 0, Last: 0}}}, "2: c@2 ?@0")
	expect(t, s, t0, wire.Specifier{Kind: kindArray, Ranges: []wire.ArrayRange{{First: wire.AppendIndex, Last: wire.AppendIndex}}}, "2: d@3")
	expect(t, s, t0, wire.Specifier{Kind: kindArray}, "2:")
	for _, bad := range [][]wire.ArrayRange{{{First: 2, Last: 1}}, {{First: 0, Last: 2}, {First: 2, Last: 3}}} {
		_, _, err := s.Fetch(t0, &wire.FetchReq{Resource: home, Specifiers: []wire.Specifier{{Kind: kindArray, Ranges: bad}}})
		refused(t, err, wire.ErrorInvalidMessage)
	}
}

// RELOAD: STO-11 STO-13
func TestHugeArrayIndexIsRefused(t *testing.T) {
	s := newStore()
	_, err := write(s, t0, kindArray, 0, element(1, wire.AppendIndex-1, "x"))
	refused(t, err, wire.ErrorDataTooLarge)
	expect(t, s, t0, wire.Specifier{Kind: kindArray, Ranges: []wire.ArrayRange{{First: 0, Last: wire.AppendIndex - 1}}}, "0: ?@0 ?@1 ?@2 ?@3")
}

// RELOAD: STO-11 REQ-2
func TestSameAppendTwiceIsOneEntry(t *testing.T) {
	s := newStore()
	do(t, s, kindArray, element(1, wire.AppendIndex, "x"))
	if r := do(t, s, kindArray, element(1, wire.AppendIndex, "x")); r.Changed {
		t.Error("a repeated append changed the array")
	}
	expect(t, s, t0, wire.Specifier{Kind: kindArray, Ranges: all}, "1: x@0")
}

// 7.4.2.1: "If no keys are specified, then this is a wildcard fetch and all key-value pairs are returned."
// RELOAD: STO-1 FET-2 FET-4
func TestDictionary(t *testing.T) {
	s := newStore()
	do(t, s, kindDictionary, entryAt(1, "k2", "b"), entryAt(1, "k1", "a"))
	expect(t, s, t0, wire.Specifier{Kind: kindDictionary}, "1: k1a k2b")
	expect(t, s, t0, wire.Specifier{Kind: kindDictionary, Keys: []wire.DictionaryKey{"k2", "k9"}}, "1: k2b ?")
}

// 7.4.1.3: removed values are kept like any other; 7.4.2.2: they differ from synthesized ones by their signature.
// RELOAD: STO-10
func TestRemovedValueIsKeptUntilItExpires(t *testing.T) {
	s := newStore()
	do(t, s, kindDictionary, entryAt(1, "k", "a"))
	gone := entryAt(2, "k", "")
	gone.Value.Exists, gone.Value.Data, gone.Lifetime = false, nil, 2*time.Hour
	do(t, s, kindDictionary, gone)
	expect(t, s, t0.Add(time.Hour), wire.Specifier{Kind: kindDictionary}, "2: k-")
	_, err := write(s, t0, kindDictionary, 0, entryAt(1, "k", "a"))
	refused(t, err, wire.ErrorDataTooOld)
	expect(t, s, t0.Add(2*time.Hour), wire.Specifier{Kind: kindDictionary}, "2:")
}

// 7.4.1.1: "if the generation counter is nonzero, it equals the current value"; 7.4.1.2: "The error_info in the ErrorResponse MUST
// be a StoreAns response containing the correct generation counter for each Kind and the replica list, which will be empty."
// RELOAD: STO-5 FET-3
func TestGenerationCounter(t *testing.T) {
	s := newStore()
	if r := do(t, s, kindSingle, single(1, "a")); r.Kinds[0].Generation != 1 {
		t.Errorf("first generation is %d", r.Kinds[0].Generation)
	}
	r, err := write(s, t0, kindSingle, 1, single(2, "b"))
	if must(t, r, err).Kinds[0].Generation != 2 {
		t.Errorf("second generation is %d", r.Kinds[0].Generation)
	}
	for _, wrong := range []uint64{1, 3} {
		_, err = write(s, t0, kindSingle, wrong, single(3, "c"))
		refused(t, err, wire.ErrorGenerationCounterTooLow)
		var resp *wire.ErrorResponse
		var ans wire.StoreAns
		if !errors.As(err, &resp) || ans.UnmarshalBinary(resp.Info) != nil || ans.Kinds[0].Generation != 2 || len(ans.Kinds[0].Replicas) != 0 {
			t.Errorf("info of the error is %+v", ans)
		}
	}
	expect(t, s, t0, wire.Specifier{Kind: kindSingle, Generation: 2}, "2:")
	expect(t, s, t0, wire.Specifier{Kind: kindSingle, Generation: 1}, "2: b")
}

// 7.4.1.1: "The storage time values are greater than that of any values which would be replaced by this Store."
// RELOAD: STO-6 AMB-5
func TestStorageTime(t *testing.T) {
	s := newStore()
	do(t, s, kindSingle, single(5, "a"))
	_, err := write(s, t0, kindSingle, 0, single(4, "b"))
	refused(t, err, wire.ErrorDataTooOld)
	_, err = write(s, t0, kindSingle, 0, single(5, "b"))
	refused(t, err, wire.ErrorDataTooOld)
	if r := do(t, s, kindSingle, single(5, "a")); r.Changed || r.Kinds[0].Generation != 1 {
		t.Errorf("the same value again: %+v", r)
	}
	s = newStore() // a replaced value that has expired does not count
	do(t, s, kindSingle, single(5, "a"))
	r, err := write(s, t0.Add(2*time.Hour), kindSingle, 0, single(4, "b"))
	must(t, r, err)
}

// 7.4.1.1: "These operations MUST be atomic."
// RELOAD: STO-3
func TestAllOrNothing(t *testing.T) {
	s := newStore()
	_, err := write(s, t0, kindDictionary, 0, entryAt(1, "a", "x"), entryAt(1, "b", "far too large for it"))
	refused(t, err, wire.ErrorDataTooLarge)
	w := Write{Mode: Original, From: alice, Signers: []Signer{alice, alice}, Request: &wire.StoreReq{Resource: home, Kinds: []wire.StoreKindData{
		{Kind: kindSingle, Values: []wire.StoredData{single(1, "a")}},
		{Kind: kindArray, Generation: 9, Values: []wire.StoredData{element(1, 0, "b")}},
	}}}
	_, err = s.Write(t0, w)
	refused(t, err, wire.ErrorGenerationCounterTooLow)
	if s.Len() != 0 || s.Resources() != 0 {
		t.Errorf("%d values at %d resources after refused requests", s.Len(), s.Resources())
	}
}

// RELOAD: STO-13 STO-4
func TestLimits(t *testing.T) {
	s := newStore()
	_, err := write(s, t0, kindDictionary, 0, entryAt(1, "1", "x"), entryAt(1, "2", "x"), entryAt(1, "3", "x"), entryAt(1, "4", "x"), entryAt(1, "5", "x"))
	refused(t, err, wire.ErrorDataTooLarge)
	small := New(kinds(), 2)
	do(t, small, kindDictionary, entryAt(1, "1", "x"), entryAt(1, "2", "x"))
	_, err = write(small, t0, kindSingle, 0, single(1, "x"))
	refused(t, err, wire.ErrorDataTooLarge)
	do(t, small, kindDictionary, entryAt(2, "1", "y")) // replacing needs no room
}

// RELOAD: STO-4 ERR
func TestUnknownKindsAreNamed(t *testing.T) {
	s := newStore()
	_, err := s.Write(t0, Write{Mode: Original, Request: &wire.StoreReq{Kinds: []wire.StoreKindData{{Kind: kindSingle}, {Kind: 7777}, {Kind: 8888}}}})
	_, _, ferr := s.Fetch(t0, &wire.FetchReq{Specifiers: []wire.Specifier{{Kind: 7777}, {Kind: 8888}}})
	for _, err := range []error{err, ferr} {
		var resp *wire.ErrorResponse
		if !errors.As(err, &resp) || resp.Reason != wire.ErrorUnknownKind {
			t.Fatalf("got %v", err)
		}
		if kinds, err := wire.UnmarshalKinds(resp.Info); err != nil || len(kinds) != 2 || kinds[0] != 7777 || kinds[1] != 8888 {
			t.Errorf("named %v, %v", kinds, err)
		}
	}
}

// 7.4.1.1: "The same Kind-ID MUST NOT be used twice in a given store request."
// RELOAD: STO-3
func TestKindTwice(t *testing.T) {
	s := newStore()
	_, err := s.Write(t0, Write{Mode: Original, Request: &wire.StoreReq{Kinds: []wire.StoreKindData{{Kind: kindSingle}, {Kind: kindSingle}}}})
	refused(t, err, wire.ErrorInvalidMessage)
}

// 7.4.1.1: data signed by "none" "MUST be rejected with an Error_forbidden error".
// RELOAD: SIG-9
func TestUnsignedValue(t *testing.T) {
	s := newStore()
	d := single(1, "a")
	d.Signature = wire.NoSignature()
	_, err := write(s, t0, kindSingle, 0, d)
	refused(t, err, wire.ErrorForbidden)
}

// 7.4.1.1: "For original (non-replica) stores, the StoreReq is signed by a credential which is authorized to write this Kind at this
// Resource-ID."; a replica's only needs its values signed so.
// RELOAD: STO-4
func TestSignerOfTheRequest(t *testing.T) {
	req := &wire.StoreReq{Resource: home, Kinds: []wire.StoreKindData{{Kind: kindSingle, Generation: 3, Values: []wire.StoredData{single(1, "a")}}}}
	s := newStore()
	for _, mode := range []Mode{Replica, Handover} {
		if _, err := newStore().Write(t0, Write{Request: req, Mode: mode, From: bob, Signers: []Signer{alice}}); err != nil {
			t.Errorf("mode %d: alice's value brought by bob: %v", mode, err)
		}
		_, err := s.Write(t0, Write{Request: req, Mode: mode, From: alice, Signers: []Signer{bob}})
		refused(t, err, wire.ErrorForbidden)
	}
	req.Kinds[0].Generation = 0
	_, err := s.Write(t0, Write{Request: req, Mode: Original, From: bob, Signers: []Signer{alice}})
	refused(t, err, wire.ErrorForbidden)
}

// 7.4.1.1: "For replica Stores, the peer MUST set the generation counter to match the generation counter in the message ... Replica
// Stores MUST NOT use a generation counter of 0."
// RELOAD: STO-5 STO-8
func TestReplica(t *testing.T) {
	s := newStore()
	_, err := writeAs(s, t0, Replica, alice, home, kindSingle, 0, single(1, "a"))
	refused(t, err, wire.ErrorForbidden)
	for _, g := range []uint64{7, 9, 8} {
		r, err := writeAs(s, t0, Replica, alice, home, kindSingle, g, single(1, "a"))
		if must(t, r, err).Kinds[0].Generation != g {
			t.Errorf("generation %d, want %d", r.Kinds[0].Generation, g)
		}
	}
	r, err := writeAs(s, t0, Handover, alice, home, kindSingle, 3, single(2, "b"))
	if must(t, r, err).Kinds[0].Generation != 9 {
		t.Errorf("after a handover the counter is %d, want more than the 8 it was", r.Kinds[0].Generation)
	}
}

// 7.4.1.1: lifetime is counted from receipt, and "when it then attempts to do a StoreReq to another node, it should decrement the
// lifetime value by the difference".
// RELOAD: STO-7
func TestLifetime(t *testing.T) {
	s := newStore()
	do(t, s, kindSingle, single(1, "a"))
	later := t0.Add(20 * time.Minute)
	c := s.Copies(later, home)
	if len(c) != 1 || c[0].Generation != 1 || c[0].Values[0].Data.Lifetime != 40*time.Minute || !bytes.Equal(c[0].Values[0].Signer.Certificate, alice.Certificate) {
		t.Errorf("passed on: %+v", c)
	}
	expect(t, s, t0.Add(time.Hour), wire.Specifier{Kind: kindSingle}, "1: ?")
	if c := s.Copies(t0.Add(time.Hour), home); c != nil {
		t.Errorf("an expired value is passed on: %+v", c)
	}
	s.Expire(t0.Add(time.Hour))
	if s.Len() != 0 || s.Resources() != 0 {
		t.Errorf("%d values at %d resources after expiry", s.Len(), s.Resources())
	}
}

func TestMaxLifetime(t *testing.T) {
	k := kinds()
	short := k[kindSingle]
	short.MaxLifetime = time.Minute
	k[kindSingle] = short
	s := New(k, 10)
	do(t, s, kindSingle, single(1, "a"))
	expect(t, s, t0.Add(time.Minute), wire.Specifier{Kind: kindSingle}, "1: ?")
}

// 7.4.1.1: "the default merging rule is to act as if all the values that need to be merged were stored and as if the order they were
// stored in corresponds to the stored time values".
// RELOAD: STO-12 STO-9
func TestMerge(t *testing.T) {
	s := newStore()
	do(t, s, kindDictionary, entryAt(5, "a", "ours"), entryAt(5, "b", "ours"))
	other := func(at int, key string, by Signer) Value {
		return Value{Data: entryAt(at, key, "theirs"), Signer: by}
	}
	c := Copy{Kind: kindDictionary, Generation: 8, Values: []Value{other(4, "a", alice), other(6, "b", alice), other(1, "c", alice), other(9, "d", bob)}}
	if !s.Merge(t0, home, c) {
		t.Error("nothing changed")
	}
	expect(t, s, t0, wire.Specifier{Kind: kindDictionary}, "9: aours btheirs ctheirs")
	if s.Merge(t0, home, c) {
		t.Error("merging the same again changed something")
	}
}

// 7.4.3.2: the digest is over the value with its four leading length bytes.
// RELOAD: STA-1
func TestStat(t *testing.T) {
	s := newStore()
	do(t, s, kindSingle, single(3, "abc"))
	ans, err := s.Stat(t0.Add(time.Minute), &wire.StatReq{Resource: home, Specifiers: []wire.Specifier{{Kind: kindSingle}}})
	if err != nil {
		t.Fatal(err)
	}
	m := ans.Kinds[0].Values[0]
	digest := sha256.Sum256([]byte{0, 0, 0, 3, 'a', 'b', 'c'})
	if !m.Exists || m.Length != 3 || m.StorageTime != 3 || m.Lifetime != 59*time.Minute || m.Hash != wire.HashSHA256 || !bytes.Equal(m.Digest, digest[:]) {
		t.Errorf("metadata %+v", m)
	}
}

// RELOAD: FND-1
func TestFind(t *testing.T) {
	s := newStore()
	user := func(i int) Signer { return Signer{User: fmt.Sprintf("user%d", i), NodeID: wire.NodeID{byte(i + 1)}} }
	var ids []wire.ResourceID
	for i := range 5 {
		at := wire.HashResource([]byte(user(i).User))
		r, err := writeAs(s, t0, Original, user(i), at, kindSingle, 0, single(1, "x"))
		must(t, r, err)
		ids = append(ids, at)
	}
	everything := func(wire.ResourceID) bool { return true }
	sorted := s.Select(everything)
	if len(sorted) != 5 || sorted[0].Compare(sorted[1]) >= 0 {
		t.Fatalf("resources %v", sorted)
	}
	next := sorted[2]
	next[15]++
	for _, tt := range []struct{ from, want wire.ResourceID }{{sorted[1], sorted[1]}, {next, sorted[3]}, {wire.ResourceID{}, sorted[0]}, {wire.ResourceID(wire.Wildcard), sorted[0]}} {
		if got, ok := s.Find(t0, tt.from, kindSingle, everything); !ok || got != tt.want {
			t.Errorf("from %v found %v, %v; want %v", tt.from, got, ok, tt.want)
		}
	}
	if _, ok := s.Find(t0, ids[0], kindArray, everything); ok {
		t.Error("found a resource of a Kind that is not there")
	}
	if _, ok := s.Find(t0.Add(2*time.Hour), ids[0], kindSingle, everything); ok {
		t.Error("found an expired one")
	}
}

// 11.1: Kinds that the configuration does not know any more are discarded with their data.
// RELOAD: CFG-6
func TestRemovedKind(t *testing.T) {
	s := newStore()
	do(t, s, kindSingle, single(1, "a"))
	do(t, s, kindDictionary, entryAt(1, "k", "v"))
	k := kinds()
	delete(k, kindSingle)
	s.SetKinds(k)
	if s.Len() != 1 {
		t.Errorf("%d values are left, want 1", s.Len())
	}
	expect(t, s, t0, wire.Specifier{Kind: kindSingle}, wire.ErrorUnknownKind.Error())
}

func TestDelete(t *testing.T) {
	s := newStore()
	do(t, s, kindDictionary, entryAt(1, "k", "v"), entryAt(1, "l", "v"))
	s.Delete(home)
	s.Delete(home)
	if s.Len() != 0 || s.Resources() != 0 {
		t.Errorf("%d values at %d resources", s.Len(), s.Resources())
	}
}

// What is kept shares no memory with the message it came in, nor with what is fetched.
func TestValuesAreCopies(t *testing.T) {
	s := newStore()
	d := single(1, "abc")
	signer := alice
	signer.Certificate = bytes.Clone(alice.Certificate)
	r, err := writeAs(s, t0, Original, signer, home, kindSingle, 0, d)
	must(t, r, err)
	d.Value.Data[0], signer.Certificate[0] = 'X', 'X'
	expect(t, s, t0, wire.Specifier{Kind: kindSingle}, "1: abc")
	if _, values, _ := s.Fetch(t0, &wire.FetchReq{Resource: home, Specifiers: []wire.Specifier{{Kind: kindSingle}}}); values[0].Signer.Certificate[0] == 'X' {
		t.Error("the certificate changed with the message")
	}
}
