package media

import (
	"net/netip"

	"github.com/pion/srtp/v3"

	"tandem/gateway/call"
)

// kind says what an RTP payload type stands for.
type kind uint8

const (
	unknown kind = iota
	audioU
	audioA
	event // telephone-event
	noise // comfort noise
)

func audio(c call.Codec) kind {
	if c == call.PCMA {
		return audioA
	}
	return audioU
}

func (k kind) codec() call.Codec {
	switch k {
	case audioU:
		return call.PCMU
	case audioA:
		return call.PCMA
	}
	return 0
}

// terms are what both sides agreed to. They are made by negotiation and not changed after.
type terms struct {
	codec   call.Codec // what we send
	audioPT uint8
	eventPT uint8          // 0: the far side takes no telephone-events
	kinds   [128]kind      // what we receive, by payload type
	packet  int            // samples in a packet we send
	dir     Direction      // as we see it
	remote  netip.AddrPort // where SDP says to send; zero if that is held, or not believed
	claimed netip.Addr     // the address SDP named, believed or not
	rtcp    netip.AddrPort
	mux     bool
	secure  bool
	profile string
	local   cryptoLine // our key, when secure
	theirs  cryptoLine
	tx, rx  *srtp.Context
}

// pick makes terms of a section that can be talked to, codecs in the section's order. It is ours to refuse:
// no address, no codec.
func (s *Session) pick(sec *section) (*terms, error) {
	t := &terms{packet: call.FrameSamples, dir: sec.direction.reverse(), profile: sec.proto}
	if sec.ptime > 0 {
		t.packet = sec.ptime * call.SampleRate / 1000
	}
	for _, f := range sec.formats {
		pt, ok := payloadType(f)
		if !ok {
			continue
		}
		switch k := s.kindOf(sec.what(f)); k {
		case audioU, audioA:
			t.kinds[pt] = k
			if t.codec == 0 {
				t.codec, t.audioPT = k.codec(), pt
			}
		case event:
			t.kinds[pt] = k
			if t.eventPT == 0 {
				t.eventPT = pt
			}
		case noise:
			t.kinds[pt] = k
		}
	}
	if t.codec == 0 {
		return nil, ErrNotAcceptable
	}
	s.address(t, sec)
	return t, nil
}

// kindOf names what we make of a format, unknown if this leg does not have it.
func (s *Session) kindOf(name string) kind {
	switch name {
	case "PCMU", "PCMA":
		for _, c := range s.cfg.Codecs {
			if audio(c) == map[string]kind{"PCMU": audioU, "PCMA": audioA}[name] {
				return audio(c)
			}
		}
	case "TELEPHONE-EVENT":
		if !s.cfg.NoEvents {
			return event
		}
	case "CN":
		return noise
	}
	return unknown
}

// address decides where to send, if anywhere yet.
func (s *Session) address(t *terms, sec *section) {
	t.mux = sec.mux
	t.claimed = sec.addr
	named := netip.AddrPortFrom(sec.addr, uint16(sec.port))
	if sec.addr.IsUnspecified() { // hold as RFC 2543 did it
		if t.dir = RecvOnly; sec.direction == RecvOnly || sec.direction == Inactive {
			t.dir = Inactive
		}
		return
	}
	if !believable(named, s.cfg.Peer) || named == s.LocalAddr() {
		return
	}
	t.remote = named
	switch {
	case sec.mux:
		t.rtcp = named
	case sec.rtcpPort > 1023:
		t.rtcp = netip.AddrPortFrom(sec.addr, uint16(sec.rtcpPort))
	case sec.port < 65535:
		t.rtcp = netip.AddrPortFrom(sec.addr, uint16(sec.port)+1)
	}
}

func payloadType(format string) (uint8, bool) {
	n := 0
	for _, c := range []byte(format) {
		if c < '0' || c > '9' || n > 127 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return uint8(n), n < 128 && format != ""
}
