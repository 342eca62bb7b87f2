package media

import "encoding/binary"

// A header is what we need of an RTP header (RFC 3550 §5.1).
type header struct {
	marker bool
	pt     uint8
	seq    uint16
	ts     uint32
	ssrc   uint32
}

const headerLen = 12

// parsePacket reads an RTP packet. CSRCs, extension and padding are skipped. It does not allocate.
func parsePacket(b []byte) (h header, payload []byte, ok bool) {
	if !looksRTP(b) {
		return h, nil, false
	}
	h = header{marker: b[1]&0x80 != 0, pt: b[1] & 0x7F, seq: binary.BigEndian.Uint16(b[2:]),
		ts: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:])}
	rest := b[headerLen:]
	csrcs := 4 * int(b[0]&0x0F)
	if len(rest) < csrcs {
		return h, nil, false
	}
	rest = rest[csrcs:]
	if b[0]&0x10 != 0 {
		if len(rest) < 4 {
			return h, nil, false
		}
		ext := 4 + 4*int(binary.BigEndian.Uint16(rest[2:]))
		if len(rest) < ext {
			return h, nil, false
		}
		rest = rest[ext:]
	}
	if b[0]&0x20 != 0 {
		if len(rest) == 0 {
			return h, nil, false
		}
		pad := int(rest[len(rest)-1])
		if pad == 0 || pad > len(rest) {
			return h, nil, false
		}
		rest = rest[:len(rest)-pad]
	}
	return h, rest, true
}

// looksRTP tells RTP from whatever else comes to a port: STUN, DTLS, RTCP, noise.
func looksRTP(b []byte) bool { return len(b) >= headerLen && b[0]>>6 == 2 && !looksRTCP(b) }

// looksRTCP tells RTCP from RTP on the same port (RFC 5761 §4).
func looksRTCP(b []byte) bool { return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 }

// put writes a header without CSRCs or extension to b.
func (h header) put(b []byte) {
	b[0] = 0x80
	b[1] = h.pt
	if h.marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.seq)
	binary.BigEndian.PutUint32(b[4:], h.ts)
	binary.BigEndian.PutUint32(b[8:], h.ssrc)
}
