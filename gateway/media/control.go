package media

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/rtcp"

	"tandem/gateway/call"
)

// feedback is what the far side's RTCP says.
type feedback struct {
	roundTrip time.Duration
	lost      float64
	jitter    time.Duration
	lastSR    uint32    // middle of the NTP time of its last sender report
	lastSRAt  time.Time // when it came
	window    time.Time // start of the present second
	count     int       // reports taken in it
}

// maxReports bounds the RTCP packets taken in a second; a telephone call has one in five.
const maxReports = 10

// control takes an RTCP packet. Only reports matter: a BYE says nothing that signalling does not say better.
func (s *Session) control(b []byte, from netip.AddrPort, muxed bool) {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	now := time.Now()
	t := s.terms.Load()
	if t == nil || !looksRTCP(b) || !s.mayReport(t, from, muxed) || !s.rx.reports.room(now) {
		s.rx.strays++
		s.engine.strays.Add(1)
		return
	}
	if t.secure {
		var err error
		if b, err = t.rx.DecryptRTCP(nil, b, nil); err != nil {
			s.rx.strays++
			return
		}
	}
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			s.rx.reports.lastSR, s.rx.reports.lastSRAt = uint32(p.NTPTime>>16), now
			s.blocks(p.Reports, now)
		case *rtcp.ReceiverReport:
			s.blocks(p.Reports, now)
		}
	}
}

// mayReport lets through what comes from the host that media comes from, or may come from.
func (s *Session) mayReport(t *terms, from netip.AddrPort, muxed bool) bool {
	if t.secure {
		return true // it authenticates or is dropped
	}
	if at := s.rx.latch.at; at.IsValid() {
		return from == at || !muxed && from.Addr() == at.Addr()
	}
	return from.Addr() == t.remote.Addr()
}

func (f *feedback) room(now time.Time) bool {
	if now.Sub(f.window) > time.Second {
		f.window, f.count = now, 0
	}
	f.count++
	return f.count <= maxReports
}

// blocks reads what the far side says of our stream (RFC 3550 §6.4.1).
func (s *Session) blocks(blocks []rtcp.ReceptionReport, now time.Time) {
	f := &s.rx.reports
	for _, b := range blocks {
		if b.SSRC != s.tx.ssrc {
			continue
		}
		f.lost = float64(b.FractionLost) / 256
		f.jitter = time.Duration(b.Jitter) * time.Second / call.SampleRate
		if b.LastSenderReport == 0 {
			continue
		}
		trip := int32(uint32(ntp(now)>>16) - b.LastSenderReport - b.Delay)
		if trip >= 0 && trip < 60<<16 {
			f.roundTrip = time.Duration(trip) * time.Second >> 16
		}
	}
}

// ntp is t in the format of RFC 3550 §4.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// report sends a sender or receiver report.
func (s *Session) report(now time.Time) {
	t, dest := s.terms.Load(), s.reportTo()
	if t == nil || !dest.IsValid() {
		return
	}
	s.sendControl(t, dest, s.compound(now, false))
}

// bye takes leave, if there was a stream.
func (s *Session) bye(now time.Time) {
	t, dest := s.terms.Load(), s.reportTo()
	if t == nil || !dest.IsValid() {
		return
	}
	s.sendControl(t, dest, s.compound(now, true))
}

func (s *Session) compound(now time.Time, leave bool) []rtcp.Packet {
	blocks := s.blocksOf(now)
	s.tx.mu.Lock()
	defer s.tx.mu.Unlock()
	x := &s.tx
	var p []rtcp.Packet
	if x.packets > 0 {
		p = append(p, &rtcp.SenderReport{SSRC: x.ssrc, NTPTime: ntp(now), RTPTime: x.ts + uint32(now.Sub(x.at)*call.SampleRate/time.Second),
			PacketCount: uint32(x.packets), OctetCount: uint32(x.octets), Reports: blocks})
	} else {
		p = append(p, &rtcp.ReceiverReport{SSRC: x.ssrc, Reports: blocks})
	}
	// RFC 7022 §4.2: a short-term persistent name that says nothing of the host.
	name := fmt.Sprintf("%x", s.sdpID)
	p = append(p, rtcp.NewCNAMESourceDescription(x.ssrc, name))
	if leave {
		p = append(p, &rtcp.Goodbye{Sources: []uint32{x.ssrc}})
	}
	return p
}

func (s *Session) blocksOf(now time.Time) []rtcp.ReceptionReport {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	return s.rx.reception(now)
}

func (r *receiver) reception(now time.Time) []rtcp.ReceptionReport {
	q := &r.quality
	if !q.started {
		return nil
	}
	b := rtcp.ReceptionReport{SSRC: q.ssrc, FractionLost: q.fraction(), LastSequenceNumber: q.highest(), Jitter: uint32(q.jitter),
		TotalLost: uint32(max(0, min(q.lost(), 0x7FFFFF)))}
	if !r.reports.lastSRAt.IsZero() {
		b.LastSenderReport = r.reports.lastSR
		b.Delay = uint32(now.Sub(r.reports.lastSRAt) * 65536 / time.Second)
	}
	return []rtcp.ReceptionReport{b}
}

// reportTo is where RTCP goes: beside the media, where the far side was heard.
func (s *Session) reportTo() netip.AddrPort {
	t, dest := s.terms.Load(), s.dest.Load()
	if t == nil || dest == nil {
		return netip.AddrPort{}
	}
	switch {
	case t.mux:
		return *dest
	case *dest == t.remote:
		return t.rtcp
	case dest.Port() < 65535:
		return netip.AddrPortFrom(dest.Addr(), dest.Port()+1)
	}
	return netip.AddrPort{}
}

func (s *Session) sendControl(t *terms, dest netip.AddrPort, packets []rtcp.Packet) {
	b, err := rtcp.Marshal(packets)
	if err != nil {
		return
	}
	if t.secure {
		s.tx.mu.Lock()
		b, err = t.tx.EncryptRTCP(nil, b, nil)
		s.tx.mu.Unlock()
		if err != nil {
			return
		}
	}
	conn := s.rtcp
	if t.mux {
		conn = s.rtp
	}
	_, _ = conn.WriteToUDPAddrPort(b, dest) // the next report makes up for it
}
