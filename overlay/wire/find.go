package wire

import "golang.org/x/crypto/cryptobyte"

// FindReq asks which resource with data of these Kinds comes next at or after Resource (§7.4.4.1).
type FindReq struct {
	Resource ResourceID
	Kinds    []KindID // none twice
}

// FindAns answers for each Kind (§7.4.4.2).
type FindAns struct {
	Results []FindKindData
}

// FindKindData is what a FindAns has of one Kind. Closest zero: there is none.
type FindKindData struct {
	Kind    KindID
	Closest ResourceID
}

// Code is CodeFindReq.
func (*FindReq) Code() MessageCode { return CodeFindReq }

// Code is CodeFindAns.
func (*FindAns) Code() MessageCode { return CodeFindAns }

func (r *FindReq) marshal(b *cryptobyte.Builder) {
	r.Resource.marshal(b)
	marshalKinds(b, r.Kinds)
}

func (r *FindReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	return r.Resource.unmarshal(s) && unmarshalKinds(s, &r.Kinds)
}

func (a *FindAns) marshal(b *cryptobyte.Builder) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, a.Results) })
}

func (a *FindAns) unmarshal(s *cryptobyte.String, _ Models) bool {
	var results cryptobyte.String
	return s.ReadUint16LengthPrefixed(&results) && readList(&results, &a.Results)
}

func (d *FindKindData) marshal(b *cryptobyte.Builder) {
	b.AddUint32(uint32(d.Kind))
	d.Closest.marshal(b)
}

// unmarshal takes a Resource-ID of no bytes for zero: the RFC says only that it "MUST be 0".
func (d *FindKindData) unmarshal(s *cryptobyte.String) bool {
	var closest []byte
	if !s.ReadUint32((*uint32)(&d.Kind)) || !readOpaque8(s, &closest) {
		return false
	}
	return len(closest) == 0 || copy(d.Closest[:], closest) == IDLength && len(closest) == IDLength
}
