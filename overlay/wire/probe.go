package wire

import "golang.org/x/crypto/cryptobyte"

// ProbeType is a piece of status information (§6.4.2.5).
type ProbeType uint8

// The probe types.
const (
	ProbeResponsibleSet ProbeType = 1 // share of the overlay, in parts per billion
	ProbeNumResources   ProbeType = 2
	ProbeUptime         ProbeType = 3 // seconds
)

// ProbeReq asks for status information.
type ProbeReq struct {
	Requested []ProbeType
}

// ProbeAns has what was asked for and known, in the order asked.
type ProbeAns struct {
	Info []ProbeInfo
}

// ProbeInfo is a ProbeInformation.
type ProbeInfo struct {
	Type  ProbeType
	Value uint32
	Raw   []byte // instead of Value for types other than the three
}

// Code is CodeProbeReq.
func (*ProbeReq) Code() MessageCode { return CodeProbeReq }

// Code is CodeProbeAns.
func (*ProbeAns) Code() MessageCode { return CodeProbeAns }

func (r *ProbeReq) marshal(b *cryptobyte.Builder) {
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, t := range r.Requested {
			b.AddUint8(uint8(t))
		}
	})
}

func (r *ProbeReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	var types cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&types) {
		return false
	}
	for _, t := range types {
		r.Requested = append(r.Requested, ProbeType(t))
	}
	return true
}

func (a *ProbeAns) marshal(b *cryptobyte.Builder) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, a.Info) })
}

func (a *ProbeAns) unmarshal(s *cryptobyte.String, _ Models) bool {
	var info cryptobyte.String
	return s.ReadUint16LengthPrefixed(&info) && readList(&info, &a.Info)
}

func (i *ProbeInfo) known() bool { return i.Type >= ProbeResponsibleSet && i.Type <= ProbeUptime }

func (i *ProbeInfo) marshal(b *cryptobyte.Builder) {
	b.AddUint8(uint8(i.Type))
	if i.known() {
		b.AddUint8(4)
		b.AddUint32(i.Value)
		return
	}
	addOpaque8(b, i.Raw)
}

func (i *ProbeInfo) unmarshal(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadUint8((*uint8)(&i.Type)) || !s.ReadUint8LengthPrefixed(&body) {
		return false
	}
	if i.known() {
		return body.ReadUint32(&i.Value) && body.Empty()
	}
	return keep(body, &i.Raw)
}
