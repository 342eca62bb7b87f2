package gateway_test

import (
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec/measure"
	"tandem/gateway/phone"
	"tandem/gateway/sipua"
)

// A carrier that shares nothing with us: SIPp, PCMA only, saying back what it hears. A client of PCMU only hears its own
// tone, translated there and back.
func TestCallThroughSIPp(t *testing.T) {
	s := newQuietSite(t)
	at := s.sipp("testdata/carrier_pcma.xml", "-rtp_echo", "-mi", "127.0.0.1", "-mp", strconv.Itoa(freePorts(t)))
	s.trunk("carrier", at, sipua.UDP)
	s.must(s.gw.Reload(t.Context()))
	leg, err := s.phone("a1", "alice@example.net", nil).Call(t.Context(), "+15551230000", phone.CallOptions{Codecs: []call.Codec{call.PCMU}})
	s.must(err)
	near := make(chan measure.Report, 1)
	go func() { near <- listen(leg.Context(), leg) }()
	s.must(leg.Play(t.Context(), tone(1004, 2*time.Second)))
	leg.Hangup(call.NormalClearing)
	heard(t, "the caller", <-near, 1004)
	if r := s.calls(1)[0]; r.CallerMedia.Codec != "PCMU" || r.CalledMedia.Codec != "PCMA" || r.CalledMedia.Received < 50 {
		t.Errorf("media on record: caller %+v, called %+v", r.CallerMedia, r.CalledMedia)
	}
}

// sipp runs a scenario for one call over UDP, and sees it end well.
func (s *site) sipp(scenario string, args ...string) netip.AddrPort {
	s.t.Helper()
	path, err := exec.LookPath("sipp")
	if err != nil {
		s.t.Fatal("SIPp is missing: install the package sip-tester, or run make test, which does")
	}
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(freePorts(s.t)))
	cmd := exec.Command(path, append([]string{"-sf", scenario, "-i", "127.0.0.1", "-p", strconv.Itoa(int(at.Port())), "-m", "1", "-nostdin"}, args...)...)
	out := &tail{}
	cmd.Stdout, cmd.Stderr = out, out
	s.must(cmd.Start())
	s.t.Cleanup(func() {
		if s.t.Failed() {
			_ = cmd.Process.Kill()
		}
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("sipp: %v\n%s", err, out.bytes)
		}
	})
	return at
}

// tail keeps the end of what a program prints.
type tail struct{ bytes []byte }

func (w *tail) Write(p []byte) (int, error) {
	w.bytes = append(w.bytes, p...)
	w.bytes = w.bytes[max(0, len(w.bytes)-4000):]
	return len(p), nil
}

// freePorts finds a UDP port that is free, with the two above it: a program that cannot take port 0 uses them.
func freePorts(t *testing.T) int {
	t.Helper()
	for {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		_ = c.Close()
		if port%2 == 0 && port < 65000 {
			return port
		}
	}
}
