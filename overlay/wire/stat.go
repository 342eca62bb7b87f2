package wire

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// StatAns has the metadata of values (§7.4.3.2).
type StatAns struct {
	Kinds []StatKindResponse
}

// StatKindResponse is what a StatAns has of one Kind.
type StatKindResponse struct {
	Kind       KindID
	Generation uint64
	Values     []StoredMetaData
	Raw        []byte // instead of Values if the Kind is not known
}

// StoredMetaData says of a value all but the value.
type StoredMetaData struct {
	StorageTime Timestamp
	Lifetime    time.Duration // whole seconds
	Model       DataModel
	Index       uint32        // ModelArray
	Key         DictionaryKey // ModelDictionary
	Exists      bool
	Length      uint32 // bytes of the value
	Hash        HashAlgorithm
	Digest      []byte // over the value's four bytes of length and the value
}

// Code is CodeStatAns.
func (*StatAns) Code() MessageCode { return CodeStatAns }

func (a *StatAns) marshal(b *cryptobyte.Builder) {
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		for i := range a.Kinds {
			a.Kinds[i].marshal(b)
		}
	})
}

func (a *StatAns) unmarshal(s *cryptobyte.String, models Models) bool {
	var kinds cryptobyte.String
	if !readUint32Prefixed(s, &kinds) {
		return false
	}
	for !kinds.Empty() {
		var k StatKindResponse
		if !k.unmarshal(&kinds, models) {
			return false
		}
		a.Kinds = append(a.Kinds, k)
	}
	return true
}

func (k *StatKindResponse) marshal(b *cryptobyte.Builder) {
	b.AddUint32(uint32(k.Kind))
	b.AddUint64(k.Generation)
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddBytes(k.Raw)
		for i := range k.Values {
			k.Values[i].marshal(b)
		}
	})
}

func (k *StatKindResponse) unmarshal(s *cryptobyte.String, models Models) bool {
	var values cryptobyte.String
	if !s.ReadUint32((*uint32)(&k.Kind)) || !s.ReadUint64(&k.Generation) || !readUint32Prefixed(s, &values) {
		return false
	}
	model := models(k.Kind)
	if model == 0 {
		return keep(values, &k.Raw)
	}
	for !values.Empty() {
		var m StoredMetaData
		if !m.unmarshal(&values, model) {
			return false
		}
		k.Values = append(k.Values, m)
	}
	return true
}

func (m *StoredMetaData) marshal(b *cryptobyte.Builder) {
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint64(uint64(m.StorageTime))
		b.AddUint32(seconds(m.Lifetime))
		marshalPlace(b, m.Model, m.Index, m.Key)
		addBool(b, m.Exists)
		b.AddUint32(m.Length)
		b.AddUint8(uint8(m.Hash))
		addOpaque8(b, m.Digest)
	})
}

func (m *StoredMetaData) unmarshal(s *cryptobyte.String, model DataModel) bool {
	var body cryptobyte.String
	var lifetime uint32
	if !readUint32Prefixed(s, &body) || !body.ReadUint64((*uint64)(&m.StorageTime)) || !body.ReadUint32(&lifetime) {
		return false
	}
	m.Lifetime = time.Duration(lifetime) * time.Second
	m.Model = model
	return unmarshalPlace(&body, model, &m.Index, &m.Key) && readBool(&body, &m.Exists) && body.ReadUint32(&m.Length) &&
		body.ReadUint8((*uint8)(&m.Hash)) && readOpaque8(&body, &m.Digest) && body.Empty()
}
