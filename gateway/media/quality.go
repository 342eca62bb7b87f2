package media

import (
	"math"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// reception measures the stream that comes in (RFC 3550 §6.4.1, A.3, A.8).
type reception struct {
	ssrc     uint32
	started  bool
	base     uint16
	top      uint16 // highest sequence number of this cycle
	cycles   uint32
	received uint64 // of this source
	sum      uint64 // of all sources
	bytes    uint64
	lostPast int64 // of earlier sources
	transit  int64
	jitter   float64 // samples
	last     time.Time

	priorExpected, priorReceived uint64 // at the last report
}

func (q *reception) packet(h header, n int, now time.Time) {
	if jump := int16(h.seq - q.top); !q.started || h.ssrc != q.ssrc || jump > maxAhead || jump < -maxAhead {
		q.restart(h, now)
	} else if jump > 0 {
		if h.seq < q.top {
			q.cycles++
		}
		q.top = h.seq
	}
	q.received++
	q.sum++
	q.bytes += uint64(n)
	q.last = now
	transit := q.clock(now) - int64(h.ts)
	d := int64(int32(transit - q.transit))
	q.transit = transit
	if d < 0 {
		d = -d
	}
	if d < call.SampleRate { // more is no jitter but a pause
		q.jitter += (float64(d) - q.jitter) / 16
	}
}

func (q *reception) clock(now time.Time) int64 {
	return now.UnixNano() / (int64(time.Second) / call.SampleRate)
}

func (q *reception) restart(h header, now time.Time) {
	q.lostPast = q.lost()
	q.ssrc, q.started, q.base, q.top, q.cycles, q.received = h.ssrc, true, h.seq, h.seq, 0, 0
	q.transit = q.clock(now) - int64(h.ts)
	q.priorExpected, q.priorReceived = 0, 0
}

// expected is how many packets the present source should have brought.
func (q *reception) expected() uint64 {
	if !q.started {
		return 0
	}
	return uint64(q.highest()-uint32(q.base)) + 1
}

func (q *reception) highest() uint32 { return q.cycles<<16 | uint32(q.top) }

// lost counts over all sources.
func (q *reception) lost() int64 {
	if !q.started {
		return 0
	}
	return q.lostPast + int64(q.expected()) - int64(q.received)
}

// fraction is the share lost since it was asked last, in 1/256.
func (q *reception) fraction() uint8 {
	expected, received := q.expected()-q.priorExpected, q.received-q.priorReceived
	q.priorExpected, q.priorReceived = q.expected(), q.received
	if expected == 0 || received >= expected {
		return 0
	}
	return uint8(min(255, (expected-received)<<8/expected))
}

func (q *reception) jitterTime() time.Duration {
	return time.Duration(q.jitter * float64(time.Second) / call.SampleRate)
}

// mos estimates how good what we receive sounds, by the E-model (ITU-T G.107) for G.711 with concealment.
func mos(loss float64, jitter, roundTrip time.Duration) float64 {
	delay := float64((roundTrip/2 + 2*jitter + 40*time.Millisecond).Milliseconds())
	impair := 0.024 * delay
	if delay > 177.3 {
		impair += 0.11 * (delay - 177.3)
	}
	percent := 100 * max(0, min(1, loss))
	r := 93.2 - impair - 95*percent/(percent+25.1)
	r = max(0, min(100, r))
	return math.Max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}

// Stats tells what the session has seen.
func (s *Session) Stats() Stats {
	var st Stats
	s.rx.mu.Lock()
	q, f := &s.rx.quality, &s.rx.reports
	st.Received, st.ReceivedBytes, st.Lost, st.Jitter = q.sum, q.bytes, q.lost(), q.jitterTime()
	st.LastReceived, st.Strays = q.last, s.rx.strays
	st.RoundTrip, st.RemoteLost, st.RemoteJitter = f.roundTrip, f.lost, f.jitter
	if all := float64(q.sum) + float64(st.Lost); q.sum > 0 {
		st.MOS = mos(float64(st.Lost)/all, st.Jitter, st.RoundTrip)
	}
	s.rx.mu.Unlock()
	s.tx.mu.Lock()
	st.Sent, st.SentBytes = s.tx.packets, s.tx.octets
	s.tx.mu.Unlock()
	if t := s.terms.Load(); t != nil {
		st.Codec = codec.Name(t.codec)
		if t.secure {
			st.Secure, st.Suite = true, t.local.suite.name
		}
	}
	return st
}
