package wire

import "golang.org/x/crypto/cryptobyte"

// PingReq tests a path (§6.5.3). The padding means nothing; it helps to find the largest packet.
type PingReq struct {
	Padding []byte
}

// PingAns answers a Ping.
type PingAns struct {
	ResponseID uint64 // random
	Time       Timestamp
}

// Code is CodePingReq.
func (*PingReq) Code() MessageCode { return CodePingReq }

// Code is CodePingAns.
func (*PingAns) Code() MessageCode { return CodePingAns }

func (r *PingReq) marshal(b *cryptobyte.Builder) { addOpaque16(b, r.Padding) }

func (r *PingReq) unmarshal(s *cryptobyte.String, _ Models) bool { return readOpaque16(s, &r.Padding) }

func (a *PingAns) marshal(b *cryptobyte.Builder) {
	b.AddUint64(a.ResponseID)
	b.AddUint64(uint64(a.Time))
}

func (a *PingAns) unmarshal(s *cryptobyte.String, _ Models) bool {
	return s.ReadUint64(&a.ResponseID) && s.ReadUint64((*uint64)(&a.Time))
}
