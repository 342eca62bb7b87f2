package wire

import "golang.org/x/crypto/cryptobyte"

// JoinReq tells the admitting peer that Node takes over a part of the overlay (§6.4.2.1).
type JoinReq struct {
	Node NodeID
	Data []byte // overlay-specific; CHORD-RELOAD has none
}

// JoinAns accepts a JoinReq.
type JoinAns struct {
	Data []byte // overlay-specific; CHORD-RELOAD has none
}

// LeaveReq tells a neighbor that Node goes (§6.4.2.2).
type LeaveReq struct {
	Node NodeID
	Data []byte // a ChordLeaveData
}

// LeaveAns answers a LeaveReq. It is empty.
type LeaveAns struct{}

// ChordLeaveType names the place of the node that leaves: 1 = "I am your successor" (§10.9).
type ChordLeaveType uint8

// The two places.
const (
	LeaveFromSuccessor   ChordLeaveType = 1
	LeaveFromPredecessor ChordLeaveType = 2
)

// ChordLeaveData is the overlay-specific data of a LeaveReq (§10.9).
type ChordLeaveData struct {
	Type  ChordLeaveType
	Nodes []NodeID // the sender's successors (from successor) or predecessors (from predecessor)
}

// MarshalBinary encodes the data for LeaveReq.Data.
func (d *ChordLeaveData) MarshalBinary() ([]byte, error) {
	return encode("ChordLeaveData", 64, func(b *cryptobyte.Builder) {
		b.AddUint8(uint8(d.Type))
		marshalNodes(b, d.Nodes)
	})
}

// UnmarshalBinary decodes LeaveReq.Data.
func (d *ChordLeaveData) UnmarshalBinary(data []byte) error {
	*d = ChordLeaveData{}
	return decode("ChordLeaveData", data, func(s *cryptobyte.String) bool {
		ok := s.ReadUint8((*uint8)(&d.Type)) && unmarshalNodes(s, &d.Nodes)
		return ok && (d.Type == LeaveFromSuccessor || d.Type == LeaveFromPredecessor)
	})
}

// Code is CodeJoinReq.
func (*JoinReq) Code() MessageCode { return CodeJoinReq }

// Code is CodeJoinAns.
func (*JoinAns) Code() MessageCode { return CodeJoinAns }

// Code is CodeLeaveReq.
func (*LeaveReq) Code() MessageCode { return CodeLeaveReq }

// Code is CodeLeaveAns.
func (*LeaveAns) Code() MessageCode { return CodeLeaveAns }

func (r *JoinReq) marshal(b *cryptobyte.Builder) {
	b.AddBytes(r.Node[:])
	addOpaque16(b, r.Data)
}

func (r *JoinReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	return r.Node.unmarshal(s) && readOpaque16(s, &r.Data)
}

func (a *JoinAns) marshal(b *cryptobyte.Builder) { addOpaque16(b, a.Data) }

func (a *JoinAns) unmarshal(s *cryptobyte.String, _ Models) bool { return readOpaque16(s, &a.Data) }

func (r *LeaveReq) marshal(b *cryptobyte.Builder) {
	b.AddBytes(r.Node[:])
	addOpaque16(b, r.Data)
}

func (r *LeaveReq) unmarshal(s *cryptobyte.String, _ Models) bool {
	return r.Node.unmarshal(s) && readOpaque16(s, &r.Data)
}

func (*LeaveAns) marshal(*cryptobyte.Builder) {}

func (*LeaveAns) unmarshal(*cryptobyte.String, Models) bool { return true }
