package store

import (
	"errors"
	"time"

	"tandem/overlay/wire"
)

// A Mode says in what capacity a peer is asked to store.
type Mode uint8

// The modes.
const (
	Original Mode = iota + 1 // this peer is responsible, the StoreReq comes from the user of the value
	Replica                  // another peer is responsible
	Handover                 // this peer is or becomes responsible; the StoreReq comes from a peer that was
)

// A Write is a StoreReq whose signatures hold.
type Write struct {
	Request *wire.StoreReq
	Mode    Mode
	From    Signer   // of the StoreReq
	Signers []Signer // of the values, in the order of the request
}

// A Result is what came of a Write.
type Result struct {
	// Kinds is for the StoreAns: the generation counters now; Replicas are left to the caller.
	Kinds []wire.StoreKindResponse

	// Changed says that something is different now. It is not after a repetition.
	Changed bool

	// Written are the values of the request as they are kept now, arrays with their real indexes: what replicas get.
	Written []Copy
}

// Write stores all values of a request or none (7.4.1.1). Errors are wire.ErrorCode or *wire.ErrorResponse, ready to be sent.
func (s *Store) Write(now time.Time, w Write) (Result, error) {
	if err := s.checkKinds(w.Request); err != nil {
		return Result{}, err
	}
	plans := make([]plan, len(w.Request.Kinds))
	signers, added := w.Signers, 0
	for i := range w.Request.Kinds {
		kd := &w.Request.Kinds[i]
		p, err := s.planKind(now, &w, kd, signers[:len(kd.Values)])
		if err != nil {
			return Result{}, s.withCounters(err, w.Request)
		}
		plans[i], signers = p, signers[len(kd.Values):]
		added += len(p.values)
		if old := s.entry(w.Request.Resource, kd.Kind); old != nil {
			added -= len(old.values)
		}
	}
	if added > 0 && s.count+added > s.max {
		return Result{}, refuse(wire.ErrorDataTooLarge, "this peer has no room for more values")
	}
	return s.commit(now, w.Request, plans), nil
}

// plan is what the values of one Kind are to be.
type plan struct {
	*entry
	changed bool
	places  []wire.StoredValue // where the values of the request went
}

func (s *Store) commit(now time.Time, req *wire.StoreReq, plans []plan) (r Result) {
	for i, p := range plans {
		kind := req.Kinds[i].Kind
		if p.changed {
			s.set(req.Resource, kind, p.entry)
			r.Changed = true
		}
		r.Kinds = append(r.Kinds, wire.StoreKindResponse{Kind: kind, Generation: p.generation})
		c := Copy{Kind: kind, Generation: p.generation}
		for j := range p.places {
			if v := p.at(&p.places[j], now); v != nil {
				c.Values = append(c.Values, Value{Data: v.left(now), Signer: v.Signer, Expires: v.Expires})
			}
		}
		r.Written = append(r.Written, c)
	}
	return r
}

// planKind computes what the values of one Kind will be, without touching the store.
func (s *Store) planKind(now time.Time, w *Write, kd *wire.StoreKindData, signers []Signer) (plan, error) {
	kind := s.kinds[kd.Kind]
	p := plan{entry: &entry{}}
	if old := s.entry(w.Request.Resource, kd.Kind); old != nil {
		p.entry = old.clone()
		p.expire(now)
	}
	if err := checkGeneration(w.Mode, p.generation, kd.Generation); err != nil {
		return plan{}, err
	}
	for i := range kd.Values {
		d := kd.Values[i].Clone()
		changed, err := kind.plan(now, p.entry, &d, w.Request.Resource, signers[i])
		if err != nil {
			return plan{}, err
		}
		p.changed = p.changed || changed
		p.places = append(p.places, d.Value)
	}
	if len(p.values) > kind.MaxCount {
		return plan{}, refuse(wire.ErrorDataTooLarge, "too many values")
	}
	if w.Mode == Original && !kind.allowsAll(w.Request.Resource, kd.Values, w.From) {
		return plan{}, refuse(wire.ErrorForbidden, "the request's signer may not write here")
	}
	before := p.generation
	p.generation = nextGeneration(w.Mode, p.generation, kd.Generation, p.changed)
	p.changed = p.changed || p.generation != before
	return p, nil
}

// plan puts one value into e, at its real place, if everything about it is right, and reports whether that changes anything.
func (k Kind) plan(now time.Time, e *entry, d *wire.StoredData, at wire.ResourceID, signer Signer) (bool, error) {
	if d.Signature.IsNone() || d.Signature.Identity.Type == wire.SignerNone {
		return false, refuse(wire.ErrorForbidden, "a value without signature")
	}
	if err := k.place(e, d, now); err != nil {
		return false, err
	}
	if old := e.at(&d.Value, now); old != nil && d.StorageTime <= old.Data.StorageTime {
		if old.same(d) {
			return false, nil
		}
		return false, wire.ErrorDataTooOld
	}
	if !k.allows(at, &d.Value, signer) {
		return false, refuse(wire.ErrorForbidden, "the value's signer may not write it")
	}
	if k.MaxLifetime > 0 {
		d.Lifetime = min(d.Lifetime, k.MaxLifetime)
	}
	signer.Certificate = append([]byte(nil), signer.Certificate...)
	e.put(Value{Data: *d, Signer: signer, Expires: now.Add(d.Lifetime)})
	return true, nil
}

// place checks sizes and gives an appended array entry its real index. An entry that is appended a second time keeps
// the index it has.
func (k Kind) place(e *entry, d *wire.StoredData, now time.Time) error {
	if len(d.Value.Data) > k.MaxSize || len(d.Value.Key) > k.MaxSize {
		return refuse(wire.ErrorDataTooLarge, "value too large")
	}
	if k.Model != wire.ModelArray {
		return nil
	}
	if d.Value.Index == wire.AppendIndex {
		d.Value.Index = e.nextIndex()
		for i := range e.values {
			if v := &e.values[i]; v.same(d) && v.Expires.After(now) {
				d.Value.Index = v.Data.Value.Index
			}
		}
	}
	if uint64(d.Value.Index) >= uint64(k.MaxCount) {
		return refuse(wire.ErrorDataTooLarge, "array index too large")
	}
	return nil
}

func (k Kind) allowsAll(at wire.ResourceID, values []wire.StoredData, signer Signer) bool {
	for i := range values {
		if !k.allows(at, &values[i].Value, signer) {
			return false
		}
	}
	return true
}

// checkGeneration: an original is compared if it says anything, a replica must say something (7.4.1.1).
func checkGeneration(mode Mode, stored, given uint64) error {
	switch {
	case mode == Original && given != 0 && given != stored:
		return wire.ErrorGenerationCounterTooLow
	case mode != Original && given == 0:
		return refuse(wire.ErrorForbidden, "a replica with generation counter 0")
	}
	return nil
}

// nextGeneration is the counter after a store. A responsible peer that is handed values counts on from the greater one, so
// that its users never see the counter fall.
func nextGeneration(mode Mode, stored, given uint64, changed bool) uint64 {
	switch {
	case mode == Replica:
		return given
	case mode == Handover && given > stored:
		return given
	case changed:
		return stored + 1
	}
	return stored
}

// checkKinds refuses unknown Kinds and Kinds that stand twice in a request.
func (s *Store) checkKinds(req *wire.StoreReq) error {
	var unknown []wire.KindID
	seen := map[wire.KindID]bool{}
	for _, kd := range req.Kinds {
		if _, ok := s.kinds[kd.Kind]; !ok {
			unknown = append(unknown, kd.Kind)
		}
		if seen[kd.Kind] {
			return refuse(wire.ErrorInvalidMessage, "a Kind twice in one request")
		}
		seen[kd.Kind] = true
	}
	return unknownKinds(unknown)
}

// withCounters completes Error_Generation_Counter_Too_Low: its info has the present counters (7.4.1.2).
func (s *Store) withCounters(err error, req *wire.StoreReq) error {
	if !errors.Is(err, wire.ErrorGenerationCounterTooLow) {
		return err
	}
	var ans wire.StoreAns
	for _, kd := range req.Kinds {
		k := wire.StoreKindResponse{Kind: kd.Kind}
		if e := s.entry(req.Resource, kd.Kind); e != nil {
			k.Generation = e.generation
		}
		ans.Kinds = append(ans.Kinds, k)
	}
	info, merr := ans.MarshalBinary()
	if merr != nil {
		return err
	}
	return &wire.ErrorResponse{Reason: wire.ErrorGenerationCounterTooLow, Info: info}
}

func unknownKinds(unknown []wire.KindID) error {
	if len(unknown) == 0 {
		return nil
	}
	return &wire.ErrorResponse{Reason: wire.ErrorUnknownKind, Info: wire.MarshalKinds(unknown)}
}

func refuse(code wire.ErrorCode, why string) error {
	return &wire.ErrorResponse{Reason: code, Info: []byte(why)}
}
