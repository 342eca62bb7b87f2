package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/crypto/cryptobyte"
)

// OverlayLinkType is the protocol of a link (§6.5.1.1, §14.10).
type OverlayLinkType uint8

// The overlay link types.
const (
	LinkDTLSUDPSR      OverlayLinkType = 1
	LinkDTLSUDPSRNoICE OverlayLinkType = 3
	LinkTLSTCPFHNoICE  OverlayLinkType = 4
)

// CandidateType is the type of an ICE candidate (§6.5.1.1).
type CandidateType uint8

// The candidate types.
const (
	CandidateHost            CandidateType = 1
	CandidateServerReflexive CandidateType = 2
	CandidateRelay           CandidateType = 4
)

// The roles of an Attach (RFC 4145): the request is passive, the answer active.
const (
	RolePassive = "passive"
	RoleActive  = "active"
)

// IceCandidate is an address a node may be reached at (§6.5.1.1).
type IceCandidate struct {
	Addr       netip.AddrPort
	Link       OverlayLinkType
	Foundation []byte
	Priority   uint32
	Type       CandidateType
	Related    netip.AddrPort // of CandidateServerReflexive and CandidateRelay
	Extensions []IceExtension
}

// IceExtension is an ICE attribute by name.
type IceExtension struct {
	Name  []byte
	Value []byte
}

// Attach is what AttachReq and AttachAns both are: AttachReqAns (§6.5.1.1).
type Attach struct {
	Ufrag      []byte // the ICE user name fragment
	Password   []byte // the ICE password
	Role       string // RolePassive in a request, RoleActive in an answer
	Candidates []IceCandidate
	SendUpdate bool // send me an Update once the link is up
}

// AttachReq asks for a link (§6.5.1).
type AttachReq struct{ Attach }

// AttachAns agrees to one.
type AttachAns struct{ Attach }

// AppAttach is what AppAttachReq and AppAttachAns both are (§6.5.2).
type AppAttach struct {
	Ufrag       []byte
	Password    []byte
	Application Application
	Role        string
	Candidates  []IceCandidate
}

// Application is an Application-ID: a port of the registry (§14.5).
type Application uint16

// The applications of RFC 7904.
const (
	ApplicationSIP  Application = 5060
	ApplicationSIPS Application = 5061
)

// AppAttachReq asks for a connection for an application (§6.5.2).
type AppAttachReq struct{ AppAttach }

// AppAttachAns agrees to one.
type AppAttachAns struct{ AppAttach }

// Code is CodeAttachReq.
func (*AttachReq) Code() MessageCode { return CodeAttachReq }

// Code is CodeAttachAns.
func (*AttachAns) Code() MessageCode { return CodeAttachAns }

// Code is CodeAppAttachReq.
func (*AppAttachReq) Code() MessageCode { return CodeAppAttachReq }

// Code is CodeAppAttachAns.
func (*AppAttachAns) Code() MessageCode { return CodeAppAttachAns }

func (a *Attach) marshal(b *cryptobyte.Builder) {
	addOpaque8(b, a.Ufrag)
	addOpaque8(b, a.Password)
	addOpaque8(b, a.Role)
	marshalCandidates(b, a.Candidates)
	addBool(b, a.SendUpdate)
}

func (a *Attach) unmarshal(s *cryptobyte.String, _ Models) bool {
	return readOpaque8(s, &a.Ufrag) && readOpaque8(s, &a.Password) && readText8(s, &a.Role) &&
		unmarshalCandidates(s, &a.Candidates) && readBool(s, &a.SendUpdate)
}

func (a *AppAttach) marshal(b *cryptobyte.Builder) {
	addOpaque8(b, a.Ufrag)
	addOpaque8(b, a.Password)
	b.AddUint16(uint16(a.Application))
	addOpaque8(b, a.Role)
	marshalCandidates(b, a.Candidates)
}

func (a *AppAttach) unmarshal(s *cryptobyte.String, _ Models) bool {
	return readOpaque8(s, &a.Ufrag) && readOpaque8(s, &a.Password) && s.ReadUint16((*uint16)(&a.Application)) &&
		readText8(s, &a.Role) && unmarshalCandidates(s, &a.Candidates)
}

func readText8(s *cryptobyte.String, out *string) bool {
	var body cryptobyte.String
	ok := s.ReadUint8LengthPrefixed(&body)
	*out = string(body)
	return ok
}

func marshalCandidates(b *cryptobyte.Builder, list []IceCandidate) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, list) })
}

// unmarshalCandidates leaves out candidates whose address is of an unknown type (§6.3.1.1).
func unmarshalCandidates(s *cryptobyte.String, list *[]IceCandidate) bool {
	var body cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&body) {
		return false
	}
	for !body.Empty() {
		var c IceCandidate
		if !c.unmarshal(&body) {
			return false
		}
		if c.Addr.IsValid() && (c.Type == CandidateHost || c.Related.IsValid()) {
			*list = append(*list, c)
		}
	}
	return true
}

func (c *IceCandidate) marshal(b *cryptobyte.Builder) {
	marshalAddrPort(b, c.Addr)
	b.AddUint8(uint8(c.Link))
	addOpaque8(b, c.Foundation)
	b.AddUint32(c.Priority)
	b.AddUint8(uint8(c.Type))
	switch c.Type {
	case CandidateHost:
	case CandidateServerReflexive, CandidateRelay:
		marshalAddrPort(b, c.Related)
	default:
		b.SetError(fmt.Errorf("candidate type %d", c.Type))
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, c.Extensions) })
}

func (c *IceCandidate) unmarshal(s *cryptobyte.String) bool {
	if !unmarshalAddrPort(s, &c.Addr) || !s.ReadUint8((*uint8)(&c.Link)) || !readOpaque8(s, &c.Foundation) ||
		!s.ReadUint32(&c.Priority) || !s.ReadUint8((*uint8)(&c.Type)) {
		return false
	}
	switch c.Type {
	case CandidateHost:
	case CandidateServerReflexive, CandidateRelay:
		if !unmarshalAddrPort(s, &c.Related) {
			return false
		}
	default:
		return false
	}
	var extensions cryptobyte.String
	return s.ReadUint16LengthPrefixed(&extensions) && readList(&extensions, &c.Extensions)
}

func (e *IceExtension) marshal(b *cryptobyte.Builder) {
	addOpaque16(b, e.Name)
	addOpaque16(b, e.Value)
}

func (e *IceExtension) unmarshal(s *cryptobyte.String) bool {
	return readOpaque16(s, &e.Name) && readOpaque16(s, &e.Value)
}

// Address types of IpAddressPort (§6.3.1.1).
const (
	addressIPv4 = 1
	addressIPv6 = 2
)

func marshalAddrPort(b *cryptobyte.Builder, a netip.AddrPort) {
	if !a.IsValid() {
		b.SetError(errors.New("no address"))
		return
	}
	addr := a.Addr().AsSlice()
	if a.Addr().Is4() {
		b.AddUint8(addressIPv4)
	} else {
		b.AddUint8(addressIPv6)
	}
	b.AddUint8(uint8(len(addr) + 2))
	b.AddBytes(addr)
	b.AddUint16(a.Port())
}

// unmarshalAddrPort leaves the zero AddrPort for an unknown type.
func unmarshalAddrPort(s *cryptobyte.String, a *netip.AddrPort) bool {
	var typ uint8
	var body cryptobyte.String
	if !s.ReadUint8(&typ) || !s.ReadUint8LengthPrefixed(&body) {
		return false
	}
	size := 0
	switch typ {
	case addressIPv4:
		size = 4
	case addressIPv6:
		size = 16
	default:
		return typ != 0
	}
	var addr []byte
	var port uint16
	if !body.ReadBytes(&addr, size) || !body.ReadUint16(&port) {
		return false
	}
	ip, ok := netip.AddrFromSlice(addr)
	*a = netip.AddrPortFrom(ip, port)
	return ok && body.Empty()
}
