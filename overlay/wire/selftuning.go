package wire

import "golang.org/x/crypto/cryptobyte"

// SelfTuningData is the contents of ExtensionSelfTuning: what a peer estimates of the overlay, to be shared by Probe requests
// and answers (RFC 7363 §6.5). It is never critical.
type SelfTuningData struct {
	NetworkSize uint32 // peers
	JoinRate    uint32 // joins in 24 hours, rounded up
	LeaveRate   uint32 // failures in 24 hours, rounded up
}

// MarshalBinary encodes the structure.
func (d *SelfTuningData) MarshalBinary() ([]byte, error) {
	return encode("self-tuning data", 12, func(b *cryptobyte.Builder) {
		b.AddUint32(d.NetworkSize)
		b.AddUint32(d.JoinRate)
		b.AddUint32(d.LeaveRate)
	})
}

// UnmarshalBinary is the reverse of MarshalBinary.
func (d *SelfTuningData) UnmarshalBinary(data []byte) error {
	*d = SelfTuningData{}
	return decode("self-tuning data", data, func(s *cryptobyte.String) bool {
		return s.ReadUint32(&d.NetworkSize) && s.ReadUint32(&d.JoinRate) && s.ReadUint32(&d.LeaveRate)
	})
}
