package wire

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// DiagnosticKind names a piece of diagnostic information (RFC 7851 5.3, 9.2). Those up to 63 are asked for by a flag.
type DiagnosticKind uint16

// The diagnostic Kinds of RFC 7851.
const (
	DiagnosticStatus              DiagnosticKind = 1  // uint8, 0 to 15: congestion
	DiagnosticRoutingTableSize    DiagnosticKind = 2  // uint32
	DiagnosticProcessPower        DiagnosticKind = 3  // uint64, MIPS
	DiagnosticUpstreamBandwidth   DiagnosticKind = 4  // uint64, kbit/s
	DiagnosticDownstreamBandwidth DiagnosticKind = 5  // uint64, kbit/s
	DiagnosticSoftwareVersion     DiagnosticKind = 6  // text and a zero byte
	DiagnosticMachineUptime       DiagnosticKind = 7  // uint64, s
	DiagnosticAppUptime           DiagnosticKind = 8  // uint64, s
	DiagnosticMemoryFootprint     DiagnosticKind = 9  // uint64, KiB
	DiagnosticDataSizeStored      DiagnosticKind = 10 // uint64, bytes
	DiagnosticInstancesStored     DiagnosticKind = 11 // DiagnosticCounts by Kind-ID
	DiagnosticMessages            DiagnosticKind = 12 // by message code, uint64 sent and uint64 received
	DiagnosticBytesSent           DiagnosticKind = 13 // uint32, average per s
	DiagnosticBytesReceived       DiagnosticKind = 14 // uint32, average per s
	DiagnosticUnderlayHops        DiagnosticKind = 15 // uint8
	DiagnosticBattery             DiagnosticKind = 16 // uint8, first bit: mains
)

// AllDiagnostics as flags asks for everything.
const AllDiagnostics = ^uint64(0)

var diagnosticNames = [...]string{
	DiagnosticStatus: "status", DiagnosticRoutingTableSize: "routing_table_size", DiagnosticProcessPower: "process_power",
	DiagnosticUpstreamBandwidth: "upstream_bandwidth", DiagnosticDownstreamBandwidth: "downstream_bandwidth",
	DiagnosticSoftwareVersion: "software_version", DiagnosticMachineUptime: "machine_uptime", DiagnosticAppUptime: "app_uptime",
	DiagnosticMemoryFootprint: "memory_footprint", DiagnosticDataSizeStored: "datasize_stored",
	DiagnosticInstancesStored: "instances_stored", DiagnosticMessages: "messages_sent_rcvd", DiagnosticBytesSent: "ewma_bytes_sent",
	DiagnosticBytesReceived: "ewma_bytes_rcvd", DiagnosticUnderlayHops: "underlay_hop", DiagnosticBattery: "battery_status",
}

// String is the registry's name in small letters, or the number.
func (k DiagnosticKind) String() string {
	if int(k) < len(diagnosticNames) && diagnosticNames[k] != "" {
		return diagnosticNames[k]
	}
	return fmt.Sprintf("diagnostic %#04x", uint16(k))
}

// Flag asks for k; 0 if there is no flag for it (RFC 7851 9.1).
func (k DiagnosticKind) Flag() uint64 {
	if k == 0 || k > 62 {
		return 0
	}
	return 1 << k
}

// DiagnosticsFlags asks for kinds.
func DiagnosticsFlags(kinds ...DiagnosticKind) (flags uint64) {
	for _, k := range kinds {
		flags |= k.Flag()
	}
	return flags
}

// DiagnosticsRequest asks for diagnostic information (RFC 7851 5.1).
type DiagnosticsRequest struct {
	Expiration Timestamp // 1 to 600 s ahead
	Initiated  Timestamp
	Flags      uint64 // DiagnosticsFlags or AllDiagnostics
	Extensions []DiagnosticExtension
}

// DiagnosticExtension asks for information for which there is no flag.
type DiagnosticExtension struct {
	Kind     DiagnosticKind // 64 or more
	Contents []byte
}

// DiagnosticsResponse is the answer to a DiagnosticsRequest (RFC 7851 5.2).
type DiagnosticsResponse struct {
	Expiration Timestamp
	Initiated  Timestamp // of the request
	Received   Timestamp
	HopCounter uint8 // the TTL that was left of the request's
	Info       []DiagnosticInfo
}

// DiagnosticInfo is one piece of information.
type DiagnosticInfo struct {
	Kind     DiagnosticKind
	Contents []byte
}

// MarshalBinary encodes the contents of ExtensionDiagnosticPing in a request.
func (r *DiagnosticsRequest) MarshalBinary() ([]byte, error) {
	return encode("diagnostics request", 64, r.marshal)
}

// UnmarshalBinary is the reverse of MarshalBinary.
func (r *DiagnosticsRequest) UnmarshalBinary(data []byte) error {
	*r = DiagnosticsRequest{}
	return decode("diagnostics request", data, r.unmarshal)
}

// MarshalBinary encodes the contents of ExtensionDiagnosticPing in an answer.
func (r *DiagnosticsResponse) MarshalBinary() ([]byte, error) {
	return encode("diagnostics response", 128, r.marshal)
}

// UnmarshalBinary is the reverse of MarshalBinary.
func (r *DiagnosticsResponse) UnmarshalBinary(data []byte) error {
	*r = DiagnosticsResponse{}
	return decode("diagnostics response", data, r.unmarshal)
}

func (r *DiagnosticsRequest) marshal(b *cryptobyte.Builder) {
	b.AddUint64(uint64(r.Expiration))
	b.AddUint64(uint64(r.Initiated))
	b.AddUint64(r.Flags)
	addCounted(b, func(b *cryptobyte.Builder) { addList(b, r.Extensions) })
}

func (r *DiagnosticsRequest) unmarshal(s *cryptobyte.String) bool {
	var list cryptobyte.String
	return s.ReadUint64((*uint64)(&r.Expiration)) && s.ReadUint64((*uint64)(&r.Initiated)) && s.ReadUint64(&r.Flags) &&
		readCounted(s, &list) && readList(&list, &r.Extensions)
}

func (r *DiagnosticsResponse) marshal(b *cryptobyte.Builder) {
	b.AddUint64(uint64(r.Expiration))
	b.AddUint64(uint64(r.Initiated))
	b.AddUint64(uint64(r.Received))
	b.AddUint8(r.HopCounter)
	addCounted(b, func(b *cryptobyte.Builder) { addList(b, r.Info) })
}

func (r *DiagnosticsResponse) unmarshal(s *cryptobyte.String) bool {
	var list cryptobyte.String
	return s.ReadUint64((*uint64)(&r.Expiration)) && s.ReadUint64((*uint64)(&r.Initiated)) &&
		s.ReadUint64((*uint64)(&r.Received)) && s.ReadUint8(&r.HopCounter) &&
		readCounted(s, &list) && readList(&list, &r.Info)
}

func (e *DiagnosticExtension) marshal(b *cryptobyte.Builder) {
	b.AddUint16(uint16(e.Kind))
	addOpaque32(b, e.Contents)
}

func (e *DiagnosticExtension) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint16((*uint16)(&e.Kind)) && readOpaque32(s, &e.Contents)
}

func (i *DiagnosticInfo) marshal(b *cryptobyte.Builder) {
	b.AddUint16(uint16(i.Kind))
	addOpaque16(b, i.Contents)
}

func (i *DiagnosticInfo) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint16((*uint16)(&i.Kind)) && readOpaque16(s, &i.Contents)
}

// addCounted writes ext_length and the list behind it. The list is a vector with a length of its own, which ext_length
// repeats (AMB-18).
func addCounted(b *cryptobyte.Builder, list func(*cryptobyte.Builder)) {
	data, err := encode("diagnostics list", 64, list)
	if err != nil {
		b.SetError(err)
		return
	}
	b.AddUint32(uint32(len(data)))
	addOpaque32(b, data)
}

// readCounted takes what addCounted writes.
func readCounted(s *cryptobyte.String, list *cryptobyte.String) bool {
	var n uint32
	return s.ReadUint32(&n) && readUint32Prefixed(s, list) && uint64(n) == uint64(len(*list))
}

// PathTrackReq asks a node for the next hop towards a destination and for diagnostic information (RFC 7851 4.3.1.1).
type PathTrackReq struct {
	Destination Destination
	Request     DiagnosticsRequest
}

// PathTrackAns answers a PathTrackReq. A node whose NextHop is itself is the end of the way (RFC 7851 4.3.1.2).
type PathTrackAns struct {
	NextHop  Destination
	Response DiagnosticsResponse
}

// Code is CodePathTrackReq.
func (*PathTrackReq) Code() MessageCode { return CodePathTrackReq }

// Code is CodePathTrackAns.
func (*PathTrackAns) Code() MessageCode { return CodePathTrackAns }

func (r *PathTrackReq) marshal(b *cryptobyte.Builder) {
	r.Destination.marshal(b)
	r.Request.marshal(b)
}

func (r *PathTrackReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	return r.Destination.unmarshal(s) && r.Request.unmarshal(s)
}

func (a *PathTrackAns) marshal(b *cryptobyte.Builder) {
	a.NextHop.marshal(b)
	a.Response.marshal(b)
}

func (a *PathTrackAns) unmarshal(s *cryptobyte.String, _ Models) bool {
	return a.NextHop.unmarshal(s) && a.Response.unmarshal(s)
}

// Number is the integer that most Kinds of information are.
func (i DiagnosticInfo) Number() (uint64, error) {
	if n := len(i.Contents); n != 1 && n != 4 && n != 8 {
		return 0, malformed(i.Kind.String())
	}
	var v uint64
	for _, b := range i.Contents {
		v = v<<8 | uint64(b)
	}
	return v, nil
}

// Text is DiagnosticSoftwareVersion without its zero byte.
func (i DiagnosticInfo) Text() (string, error) {
	if n := len(i.Contents); n > 0 && i.Contents[n-1] == 0 {
		return string(i.Contents[:n-1]), nil
	}
	return "", malformed(i.Kind.String())
}

// DiagnosticCount is an entry of DiagnosticInstancesStored. The RFC says that the array is indexed by Kind-ID but not how: it
// is the Kind-ID and the number, one after the other.
type DiagnosticCount struct {
	Kind   KindID
	Number uint64
}

// MarshalDiagnosticCounts encodes DiagnosticInstancesStored.
func MarshalDiagnosticCounts(counts []DiagnosticCount) []byte {
	var out []byte
	for _, c := range counts {
		out = binary.BigEndian.AppendUint32(out, uint32(c.Kind))
		out = binary.BigEndian.AppendUint64(out, c.Number)
	}
	return out
}

// UnmarshalDiagnosticCounts is the reverse of MarshalDiagnosticCounts.
func UnmarshalDiagnosticCounts(data []byte) ([]DiagnosticCount, error) {
	if len(data)%12 != 0 {
		return nil, malformed("instances stored")
	}
	var counts []DiagnosticCount
	for ; len(data) > 0; data = data[12:] {
		counts = append(counts, DiagnosticCount{KindID(binary.BigEndian.Uint32(data)), binary.BigEndian.Uint64(data[4:])})
	}
	return counts, nil
}
