package media

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestReportsBothWays(t *testing.T) {
	t.Parallel()
	for _, cfg := range []SessionConfig{{}, {Security: Required}} {
		e := newEngine(t)
		a, b := e.session(t, cfg), e.session(t, cfg)
		connect(t, a, b)
		if err := a.Play(t.Context(), tone(500, 60*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if err := b.Play(t.Context(), tone(500, 60*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		heard := func(s *Session) bool {
			s.rx.mu.Lock()
			defer s.rx.mu.Unlock()
			return !s.rx.reports.lastSRAt.IsZero()
		}
		a.report(time.Now())
		until(t, "b hears a's report", func() bool { return heard(b) })
		b.report(time.Now())
		until(t, "a knows the round trip", func() bool { return heard(a) && a.Stats().RoundTrip < time.Second })
		a.rx.mu.Lock()
		f := a.rx.reports
		a.rx.mu.Unlock()
		if f.lost != 0 {
			t.Errorf("b lost %v of nothing", f.lost)
		}
		if st := a.Stats(); st.MOS < 4 || st.Received < 3 || st.Lost > 0 {
			t.Errorf("%+v", st)
		}
	}
}

func TestReportsWithoutMux(t *testing.T) { // case 71: RTCP on the next port
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{})
	peer := newRaw(t)
	peer.call(s)
	peer.audio()
	until(t, "the peer is heard", func() bool { return s.Stats().Received == 1 })
	sr := &rtcp.SenderReport{SSRC: 7, NTPTime: ntp(time.Now()), Reports: []rtcp.ReceptionReport{{SSRC: s.tx.ssrc, FractionLost: 64, Jitter: 80}}}
	b, err := sr.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	control := netip.AddrPortFrom(loopback, s.LocalAddr().Port()+1)
	if _, err := peer.conn.WriteToUDPAddrPort(b, control); err != nil {
		t.Fatal(err)
	}
	until(t, "the report is read", func() bool {
		st := s.Stats()
		return st.RemoteLost == 0.25 && st.RemoteJitter == 10*time.Millisecond
	})
}

func TestReceptionCounts(t *testing.T) {
	t.Parallel()
	var q reception
	now := time.Now()
	seq := func(from, to int) {
		for i := from; i <= to; i++ {
			now = now.Add(20 * time.Millisecond)
			q.packet(header{ssrc: 1, seq: uint16(i), ts: uint32(i * 160)}, 160, now)
		}
	}
	seq(65530, 65540) // over the edge
	now = now.Add(40 * time.Millisecond)
	seq(65543, 65550) // two lost
	if q.lost() != 2 || q.expected() != 21 {
		t.Errorf("lost %d of %d, want 2 of 21", q.lost(), q.expected())
	}
	if f := q.fraction(); f != 2*256/21 {
		t.Errorf("fraction %d", f)
	}
	if seq(65551, 65560); q.fraction() != 0 {
		t.Error("the fraction counts what was reported before")
	}
	if q.jitter > 0.5 {
		t.Errorf("jitter of an even stream: %v samples", q.jitter)
	}
	q.packet(header{ssrc: 2, seq: 7}, 160, now)
	if q.lost() != 2 || q.sum != 30 {
		t.Errorf("after another source: lost %d, received %d", q.lost(), q.sum)
	}
}

func TestMOS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		loss      float64
		trip      time.Duration
		low, high float64
	}{{0, 0, 4.3, 4.5}, {0.01, 40 * time.Millisecond, 4.1, 4.4}, {0.05, 100 * time.Millisecond, 3.5, 4.0}, {0.3, 600 * time.Millisecond, 1, 2.5}, {1, 2 * time.Second, 1, 1}} {
		if m := mos(c.loss, 0, c.trip); m < c.low || m > c.high {
			t.Errorf("loss %v, round trip %v: %.2f, want %v to %v", c.loss, c.trip, m, c.low, c.high)
		}
	}
}

func TestPortsRest(t *testing.T) { // case 70
	t.Parallel()
	low := freeRange(t, 4)
	e, err := NewEngine(Config{Listen: loopback, PortMin: low, PortMax: low + 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	a := e.session(t, SessionConfig{})
	first := a.LocalAddr()
	if first.Port()&1 != 0 || first.Port() < low || first.Port() > low+3 {
		t.Errorf("port %d is not an even one of %d to %d", first.Port(), low, low+3)
	}
	a.Close()
	b := e.session(t, SessionConfig{})
	if b.LocalAddr() == first {
		t.Error("a port was used again at once although another was free")
	}
	c := e.session(t, SessionConfig{})
	if c.LocalAddr() != first {
		t.Errorf("the last free port is not used: %v", c.LocalAddr())
	}
	if _, err := e.NewSession(SessionConfig{Peer: loopback}); !errors.Is(err, ErrNoPort) {
		t.Errorf("one too many: %v, want ErrNoPort", err)
	}
}

// freeRange is the start of n ports that were free a moment ago.
func freeRange(t *testing.T, n uint16) uint16 {
	t.Helper()
	p := newPorts(loopback, 0, 0)
	for range 100 {
		rtp, rtcp, err := p.open(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		low := local(rtp).Port()
		rtp.Close()
		rtcp.Close()
		if low > 60000 {
			continue
		}
		q := newPorts(loopback, low+2, low+n-1)
		if rtp, rtcp, err := q.open(time.Now()); err == nil {
			rtp.Close()
			rtcp.Close()
			return low
		}
	}
	t.Fatal("no free ports")
	return 0
}

func TestEngineRefusesABadRange(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]uint16{{80, 90}, {4001, 4002}, {5000, 4000}, {4000, 4000}} {
		if _, err := NewEngine(Config{PortMin: c[0], PortMax: c[1]}); err == nil {
			t.Errorf("ports %d to %d were taken", c[0], c[1])
		}
	}
}

func TestEngineCountsAndCloses(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a, b := e.session(t, SessionConfig{}), e.session(t, SessionConfig{})
	connect(t, a, b)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := a.Play(ctx, tone(500, 100*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	a.SetDirection(Inactive)
	connect(t, a, b)
	until(t, "what was sent arrives", func() bool {
		st := e.Stats()
		return st.Sent >= 5 && st.Received == st.Sent && st.ReceivedBytes == 160*st.Sent && st.SentBytes == st.ReceivedBytes
	})
	e.Close()
	if st := e.Stats(); st.Sessions != 0 {
		t.Errorf("%d sessions left", st.Sessions)
	}
	if _, err := e.NewSession(SessionConfig{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a session of a closed engine: %v", err)
	}
}
