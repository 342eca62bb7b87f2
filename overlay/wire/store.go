package wire

import "golang.org/x/crypto/cryptobyte"

// StoreReq stores values of one or more Kinds at one resource, all or nothing (§7.4.1.1).
type StoreReq struct {
	Resource ResourceID
	Replica  uint8 // 0: the original; else the number of the replica
	Kinds    []StoreKindData
}

// StoreKindData is what a StoreReq has of one Kind.
type StoreKindData struct {
	Kind       KindID
	Generation uint64 // 0: whatever is there
	Values     []StoredData
	Raw        []byte // instead of Values if the Kind is not known
}

// StoreAns says what the generation counters are now and who keeps the replicas (§7.4.1.2).
type StoreAns struct {
	Kinds []StoreKindResponse
}

// StoreKindResponse is what a StoreAns has of one Kind.
type StoreKindResponse struct {
	Kind       KindID
	Generation uint64
	Replicas   []NodeID
}

// Code is CodeStoreReq.
func (*StoreReq) Code() MessageCode { return CodeStoreReq }

// Code is CodeStoreAns.
func (*StoreAns) Code() MessageCode { return CodeStoreAns }

func (r *StoreReq) marshal(b *cryptobyte.Builder) {
	r.Resource.marshal(b)
	b.AddUint8(r.Replica)
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		for i := range r.Kinds {
			r.Kinds[i].marshal(b)
		}
	})
}

func (r *StoreReq) unmarshal(s *cryptobyte.String, models Models) bool {
	var kinds cryptobyte.String
	if !r.Resource.unmarshal(s) || !s.ReadUint8(&r.Replica) || !readUint32Prefixed(s, &kinds) {
		return false
	}
	return unmarshalKindData(&kinds, models, &r.Kinds)
}

// unmarshalKindData reads StoreKindData, or FetchKindResponse, which look alike, until s is empty.
func unmarshalKindData(s *cryptobyte.String, models Models, out *[]StoreKindData) bool {
	for !s.Empty() {
		var k StoreKindData
		if !k.unmarshal(s, models) {
			return false
		}
		*out = append(*out, k)
	}
	return true
}

func (k *StoreKindData) marshal(b *cryptobyte.Builder) {
	b.AddUint32(uint32(k.Kind))
	b.AddUint64(k.Generation)
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddBytes(k.Raw)
		for i := range k.Values {
			k.Values[i].marshal(b)
		}
	})
}

func (k *StoreKindData) unmarshal(s *cryptobyte.String, models Models) bool {
	var values cryptobyte.String
	if !s.ReadUint32((*uint32)(&k.Kind)) || !s.ReadUint64(&k.Generation) || !readUint32Prefixed(s, &values) {
		return false
	}
	model := models(k.Kind)
	if model == 0 {
		return keep(values, &k.Raw)
	}
	for !values.Empty() {
		var d StoredData
		if !d.unmarshal(&values, model) {
			return false
		}
		k.Values = append(k.Values, d)
	}
	return true
}

func (a *StoreAns) marshal(b *cryptobyte.Builder) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, a.Kinds) })
}

func (a *StoreAns) unmarshal(s *cryptobyte.String, _ Models) bool {
	var kinds cryptobyte.String
	return s.ReadUint16LengthPrefixed(&kinds) && readList(&kinds, &a.Kinds)
}

func (k *StoreKindResponse) marshal(b *cryptobyte.Builder) {
	b.AddUint32(uint32(k.Kind))
	b.AddUint64(k.Generation)
	marshalNodes(b, k.Replicas)
}

func (k *StoreKindResponse) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint32((*uint32)(&k.Kind)) && s.ReadUint64(&k.Generation) && unmarshalNodes(s, &k.Replicas)
}

// MarshalBinary encodes a StoreAns alone, as the info of ErrorGenerationCounterTooLow has it.
func (a *StoreAns) MarshalBinary() ([]byte, error) { return encode("store_ans", 128, a.marshal) }

// UnmarshalBinary is the reverse.
func (a *StoreAns) UnmarshalBinary(data []byte) error {
	*a = StoreAns{}
	return decode("store_ans", data, func(s *cryptobyte.String) bool { return a.unmarshal(s, nil) })
}
