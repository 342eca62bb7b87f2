package carrier

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/zaf/g711"
)

const (
	frame     = 160 // samples in 20 ms
	alaw      = 8   // the static payload type of PCMA (RFC 3551 §6)
	maxKept   = 5 * 60 * 8000
	eventStep = 10 // packets a digit lasts: 200 ms
)

// endpoint is where the far side wants its media, as its description says.
type endpoint struct {
	addr   netip.AddrPort
	events uint8 // payload type of telephone-event; 0: none
}

// parseOffer reads a session description: the first audio stream must have PCMA.
func parseOffer(body []byte) (endpoint, error) {
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return endpoint{}, fmt.Errorf("session description: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media != "audio" {
			continue
		}
		host := connectionOf(&d, m)
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return endpoint{}, fmt.Errorf("media address %q: %w", host, err)
		}
		e := endpoint{addr: netip.AddrPortFrom(addr, uint16(m.MediaName.Port.Value))}
		found := false
		for _, f := range m.MediaName.Formats {
			found = found || f == strconv.Itoa(alaw)
		}
		if !found {
			return endpoint{}, errors.New("no PCMA offered")
		}
		e.events = eventType(m)
		return e, nil
	}
	return endpoint{}, errors.New("no audio offered")
}

func connectionOf(d *sdp.SessionDescription, m *sdp.MediaDescription) string {
	info := m.ConnectionInformation
	if info == nil {
		info = d.ConnectionInformation
	}
	if info == nil || info.Address == nil {
		return ""
	}
	return info.Address.Address
}

func eventType(m *sdp.MediaDescription) uint8 {
	for _, a := range m.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		pt, name, _ := strings.Cut(a.Value, " ")
		if n, err := strconv.ParseUint(pt, 10, 7); err == nil && strings.HasPrefix(strings.ToLower(name), "telephone-event/8000") {
			return uint8(n)
		}
	}
	return 0
}

// media is one call's audio.
type media struct {
	conn *net.UDPConn
	far  endpoint
}

func openMedia(local netip.Addr, far endpoint) (*media, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		return nil, err
	}
	return &media{conn: conn, far: far}, nil
}

func (m *media) sendTo(far endpoint) { m.far = far }
func (m *media) close()              { _ = m.conn.Close() }

func (m *media) description() []byte {
	local := m.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	events := m.far.events
	if events == 0 {
		events = 101
	}
	id := strconv.FormatInt(time.Now().Unix(), 10)
	return []byte("v=0\r\no=carrier " + id + " 1 IN IP4 " + local.Addr().String() + "\r\ns=-\r\nc=IN IP4 " + local.Addr().String() +
		"\r\nt=0 0\r\nm=audio " + strconv.Itoa(int(local.Port())) + " RTP/AVP 8 " + strconv.Itoa(int(events)) +
		"\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:" + strconv.Itoa(int(events)) + " telephone-event/8000\r\na=fmtp:" +
		strconv.Itoa(int(events)) + " 0-15\r\na=ptime:20\r\na=sendrecv\r\n")
}

// part is what the carrier does in a call.
type part struct {
	echo   bool
	say    func(n int) int16 // the n'th sample
	after  time.Duration     // it begins to speak so long after the answer,
	beep   bool              // or after it has heard a beep
	ends   time.Duration     // it hangs up so long after it began to speak; 0: never
	digits string
}

func silence(int) int16 { return 0 }

// toneOf is a sine of 1/4 of full scale: -12 dB.
func toneOf(hz float64) func(int) int16 {
	return func(n int) int16 { return int16(8192 * math.Sin(2*math.Pi*hz*float64(n)/8000)) }
}

func once(pcm []int16) func(int) int16 {
	return func(n int) int16 {
		if n < len(pcm) {
			return pcm[n]
		}
		return 0
	}
}

// run sends and hears until ctx ends, then closes the socket.
func (m *media) run(ctx context.Context, p part) (Heard, []int16) {
	ear := &ear{events: m.far.events}
	heard := make(chan struct{})
	echoed := make(chan []byte, 8)
	go func() {
		defer close(heard)
		m.listen(ear, p.echo, echoed)
	}()
	m.speak(ctx, p, ear, echoed)
	m.close()
	<-heard
	return ear.measure(), ear.pcm
}

func (m *media) listen(ear *ear, echo bool, echoed chan<- []byte) {
	buf := make([]byte, 2048)
	for {
		n, _, err := m.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // an ICMP error of an earlier packet
		}
		var pkt rtp.Packet
		if pkt.Unmarshal(buf[:n]) != nil {
			continue
		}
		ear.take(&pkt)
		if echo && pkt.PayloadType == alaw {
			select {
			case echoed <- append([]byte(nil), pkt.Payload...):
			default: // the sender is behind: an echo may lose a frame
			}
		}
	}
}

// speak sends a packet every 20 ms of the wall clock, so that a late wake-up does not add up.
func (m *media) speak(ctx context.Context, p part, ear *ear, echoed <-chan []byte) {
	tx := sender{media: m, ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), digits: p.digits}
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	begin := int(p.after.Seconds() * 8000) // the sample at which it begins to speak
	for k := 0; ; k++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if p.beep && !ear.beeped() {
			begin = (k + 15) * frame // 300 ms after it was heard, when it is over
		}
		payload := make([]byte, frame)
		first := k*frame - begin
		if p.ends > 0 && first > int(p.ends.Seconds()*8000) {
			return
		}
		for i := range payload {
			sample := int16(0)
			if first >= 0 && p.say != nil {
				sample = p.say(first + i)
			}
			payload[i] = g711.EncodeAlawFrame(sample)
		}
		if p.echo {
			select {
			case payload = <-echoed:
			default:
			}
		}
		tx.send(k, payload, first >= 0)
		timer.Reset(time.Until(start.Add(time.Duration(k+1) * 20 * time.Millisecond)))
	}
}

// sender numbers the packets of one stream, and puts digits among them (RFC 4733 §2.5).
type sender struct {
	*media
	ssrc   uint32
	seq    uint16
	digits string
	step   int    // packets of the current digit sent; past eventStep: the pause after it
	stamp  uint32 // the digit's beginning
}

func (s *sender) send(k int, payload []byte, mayDial bool) {
	now := uint32(k * frame)
	// A second of audio first, so that the far side listens when the digits come.
	if s.digits != "" && s.far.events != 0 && mayDial && k >= 50 {
		if s.dial(now) {
			return
		}
	}
	s.write(&rtp.Header{Version: 2, PayloadType: alaw, Marker: k == 0, Timestamp: now}, payload)
}

// dial sends a packet of the current digit; false in the pause between two.
func (s *sender) dial(now uint32) bool {
	if s.step == 0 {
		s.stamp = now
	}
	s.step++
	if s.step > eventStep {
		if s.step > 2*eventStep {
			s.step, s.digits = 0, s.digits[1:]
		}
		return false
	}
	event := byte(strings.IndexByte("0123456789*#ABCD", s.digits[0]))
	duration := uint16(s.step * frame)
	h := rtp.Header{Version: 2, PayloadType: s.far.events, Marker: s.step == 1, Timestamp: s.stamp}
	body := []byte{event, 10, byte(duration >> 8), byte(duration)}
	repeat := 1
	if s.step == eventStep {
		body[1] |= 0x80 // the end, three times (§2.5.1.4)
		repeat = 3
	}
	for range repeat {
		s.write(&h, body)
	}
	return true
}

func (s *sender) write(h *rtp.Header, payload []byte) {
	h.SSRC, h.SequenceNumber = s.ssrc, s.seq
	s.seq++
	raw, err := (&rtp.Packet{Header: *h, Payload: payload}).Marshal()
	if err == nil && s.far.addr.IsValid() {
		_, _ = s.conn.WriteToUDPAddrPort(raw, s.far.addr)
	}
}
