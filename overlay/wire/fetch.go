package wire

import "golang.org/x/crypto/cryptobyte"

// FetchReq asks for values at one resource (§7.4.2.1).
type FetchReq struct {
	Resource   ResourceID
	Specifiers []Specifier
}

// StatReq asks what a FetchReq asks, but only for the metadata (§7.4.3.1).
type StatReq FetchReq

// Specifier is a StoredDataSpecifier: which values of one Kind are wanted.
type Specifier struct {
	Kind       KindID
	Generation uint64 // the counter last seen; equal to the stored one: no values come. 0: send them
	Model      DataModel
	Ranges     []ArrayRange    // ModelArray
	Keys       []DictionaryKey // ModelDictionary; none: all
	Raw        []byte          // instead of the above if the Kind is not known (Model 0)
}

// ArrayRange is a range of an array, both ends included; 0xffffffff is the last entry.
type ArrayRange struct{ First, Last uint32 }

// FetchAns has the values asked for, an entry for each Kind asked (§7.4.2.2).
type FetchAns struct {
	Kinds []FetchKindResponse
}

// FetchKindResponse is what a FetchAns has of one Kind. Its bytes are those of a StoreKindData.
type FetchKindResponse = StoreKindData

// Code is CodeFetchReq.
func (*FetchReq) Code() MessageCode { return CodeFetchReq }

// Code is CodeFetchAns.
func (*FetchAns) Code() MessageCode { return CodeFetchAns }

// Code is CodeStatReq.
func (*StatReq) Code() MessageCode { return CodeStatReq }

func (r *FetchReq) marshal(b *cryptobyte.Builder) {
	r.Resource.marshal(b)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for i := range r.Specifiers {
			r.Specifiers[i].marshal(b)
		}
	})
}

func (r *FetchReq) unmarshal(s *cryptobyte.String, models Models) bool {
	var specifiers cryptobyte.String
	if !r.Resource.unmarshal(s) || !s.ReadUint16LengthPrefixed(&specifiers) {
		return false
	}
	for !specifiers.Empty() {
		var sp Specifier
		if !sp.unmarshal(&specifiers, models) {
			return false
		}
		r.Specifiers = append(r.Specifiers, sp)
	}
	return true
}

func (r *StatReq) marshal(b *cryptobyte.Builder) { (*FetchReq)(r).marshal(b) }

func (r *StatReq) unmarshal(s *cryptobyte.String, models Models) bool {
	return (*FetchReq)(r).unmarshal(s, models)
}

func (sp *Specifier) marshal(b *cryptobyte.Builder) {
	b.AddUint32(uint32(sp.Kind))
	b.AddUint64(sp.Generation)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		switch sp.Model {
		case ModelArray:
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, sp.Ranges) })
		case ModelDictionary:
			b.AddUint16LengthPrefixed(sp.marshalKeys)
		default:
			b.AddBytes(sp.Raw)
		}
	})
}

func (sp *Specifier) marshalKeys(b *cryptobyte.Builder) {
	for _, k := range sp.Keys {
		addOpaque16(b, []byte(k))
	}
}

func (sp *Specifier) unmarshal(s *cryptobyte.String, models Models) bool {
	var body cryptobyte.String
	if !s.ReadUint32((*uint32)(&sp.Kind)) || !s.ReadUint64(&sp.Generation) || !s.ReadUint16LengthPrefixed(&body) {
		return false
	}
	sp.Model = models(sp.Kind)
	return sp.unmarshalModel(&body) && body.Empty()
}

func (sp *Specifier) unmarshalModel(body *cryptobyte.String) bool {
	var list cryptobyte.String
	switch sp.Model {
	case ModelSingle:
		return true
	case ModelArray:
		return body.ReadUint16LengthPrefixed(&list) && readList(&list, &sp.Ranges)
	case ModelDictionary:
		return body.ReadUint16LengthPrefixed(&list) && sp.unmarshalKeys(&list)
	}
	keep(*body, &sp.Raw)
	return body.Skip(len(*body))
}

func (sp *Specifier) unmarshalKeys(list *cryptobyte.String) bool {
	for !list.Empty() {
		var k DictionaryKey
		if !unmarshalKey(list, &k) {
			return false
		}
		sp.Keys = append(sp.Keys, k)
	}
	return true
}

func (r *ArrayRange) marshal(b *cryptobyte.Builder) {
	b.AddUint32(r.First)
	b.AddUint32(r.Last)
}

func (r *ArrayRange) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint32(&r.First) && s.ReadUint32(&r.Last)
}

func (a *FetchAns) marshal(b *cryptobyte.Builder) {
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		for i := range a.Kinds {
			a.Kinds[i].marshal(b)
		}
	})
}

func (a *FetchAns) unmarshal(s *cryptobyte.String, models Models) bool {
	var kinds cryptobyte.String
	return readUint32Prefixed(s, &kinds) && unmarshalKindData(&kinds, models, &a.Kinds)
}
