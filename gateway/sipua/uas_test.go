package sipua

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"tandem/gateway/call"
)

// shortT1 makes 64·T1 less than a second.
const shortT1 = 10 * time.Millisecond

// silent is an OnInvite that gives the leg out and does nothing.
func silent(legs chan<- *Leg) func(context.Context, *Leg) {
	return func(ctx context.Context, l *Leg) {
		l.SetMedia(newPaper("callee"))
		legs <- l
		<-ctx.Done()
	}
}

func TestNoAckEndsTheCall(t *testing.T) { // RFC 3261 §13.3.1.4
	legs := make(chan *Leg, 1)
	u := start(t, Config{T1: shortT1, OnInvite: silent(legs)}, UDP)
	p := newPeer(t, u)
	p.send(p.invite("noack", ""))
	l := within(t, "leg", legs)
	go l.Answer(context.Background())
	copies := 0
	for {
		m := p.receive()
		if m.status() == 200 && strings.Contains(m.get("CSeq"), "INVITE") {
			copies++
		}
		if m.method() == "BYE" {
			p.reply(m, "200 OK", "")
			break
		}
	}
	if copies < 6 || copies > 13 { // at 0, 1, 3, 7, 15·T1, then every 8·T1 up to 64
		t.Errorf("200 was sent %d times", copies)
	}
	ended(t, l, call.RecoveryTimerExpiry)
}

func TestAnswerReturnsWithTheAck(t *testing.T) {
	legs := make(chan *Leg, 1)
	u := start(t, Config{T1: shortT1, OnInvite: silent(legs)}, UDP)
	p := newPeer(t, u)
	p.send(p.invite("ack", ""))
	l := within(t, "leg", legs)
	answered := make(chan error, 1)
	go func() { answered <- l.Answer(context.Background()) }()
	ok := p.expect("200")
	p.expect("200") // repeated
	select {
	case err := <-answered:
		t.Fatalf("Answer returned %v before the ACK", err)
	default:
	}
	p.send(p.request("ACK", "sip:x@tandem.test", "ack2", "ftag", tagOf(ok.get("To")), 1, ""))
	if err := within(t, "Answer", answered); err != nil {
		t.Fatal(err)
	}
	p.send(p.request("BYE", "sip:x@tandem.test", "bye", "ftag", tagOf(ok.get("To")), 2, "Reason: Q.850;cause=31;text=\"x\", SIP;cause=200\n"))
	p.expect("200")
	ended(t, l, call.NormalUnspecified)
	p.send(p.request("BYE", "sip:x@tandem.test", "bye2", "ftag", tagOf(ok.get("To")), 3, ""))
	if m := p.expect("200"); !strings.Contains(m.get("CSeq"), "3 BYE") {
		t.Errorf("a second BYE got %s for %s", m.start, m.get("CSeq"))
	}
}

func TestByeCountsAsAck(t *testing.T) { // §15.1.2, and it may overtake the ACK
	legs := make(chan *Leg, 1)
	u := start(t, Config{T1: shortT1, OnInvite: silent(legs)}, UDP)
	p := newPeer(t, u)
	p.send(p.invite("bye", ""))
	l := within(t, "leg", legs)
	go l.Answer(context.Background())
	tag := tagOf(p.expect("200").get("To"))
	p.send(p.request("BYE", "sip:x@tandem.test", "b", "ftag", tag, 2, ""))
	for {
		if m := p.expect("200"); strings.Contains(m.get("CSeq"), "BYE") {
			break
		}
	}
	ended(t, l, call.NormalClearing)
}

func TestLateOffer(t *testing.T) { // §13.2.1: no SDP in the INVITE
	for _, tt := range []struct {
		name, ack string
		want      call.Cause // 0: the call is up
	}{{"answered", "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=late\n", 0}, {"not answered", "", call.Incompatible}} {
		t.Run(tt.name, func(t *testing.T) {
			legs := make(chan *Leg, 1)
			u := start(t, Config{OnInvite: silent(legs)}, UDP)
			p := newPeer(t, u)
			p.send(strings.Replace(p.request("INVITE", "sip:x@tandem.test", "late", "ftag", "", 1, ""), "Content-Type: application/sdp\n", "", 1))
			l := within(t, "leg", legs)
			answered := make(chan error, 1)
			go func() { answered <- l.Answer(context.Background()) }()
			ok := p.expect("200")
			if !strings.Contains(ok.body, "s=callee-offer1") {
				t.Errorf("200 carries %q, not our offer", ok.body)
			}
			ct := ""
			if tt.ack != "" {
				ct = "Content-Type: application/sdp\n"
			}
			p.send(p.request("ACK", "sip:x@tandem.test", "late2", "ftag", tagOf(ok.get("To")), 1, ct) + tt.ack)
			err := within(t, "Answer", answered)
			if tt.want == 0 {
				if got := l.Media().(*paper).heard(); err != nil || got != "late" {
					t.Errorf("Answer: %v; media took %q", err, got)
				}
				return
			}
			p.reply(p.expect("BYE"), "200 OK", "")
			ended(t, l, tt.want)
		})
	}
}

// established answers an INVITE of a peer and gives the leg and our tag.
func established(t *testing.T, c Config) (*UA, *peer, *Leg, string) {
	t.Helper()
	legs := make(chan *Leg, 1)
	c.OnInvite = answerer(legs)
	u := start(t, c, UDP)
	p := newPeer(t, u)
	p.send(p.invite("first", ""))
	tag := tagOf(p.expect("200").get("To"))
	p.send(p.request("ACK", "sip:x@tandem.test", "firstack", "ftag", tag, 1, ""))
	l := within(t, "answered leg", legs)
	return u, p, l, tag
}

const holdSDP = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=hold\na=sendonly\n"

func TestReinviteAndUpdate(t *testing.T) {
	for _, method := range []string{"INVITE", "UPDATE"} {
		t.Run(method, func(t *testing.T) {
			_, p, l, tag := established(t, Config{})
			m := p.request(method, "sip:x@tandem.test", "hold", "ftag", tag, 2, "Session-Expires: 1800\nSupported: timer\n")
			m = strings.Replace(m, "Contact: <sip:bob@", "Contact: <sip:moved@", 1)
			if method == "UPDATE" {
				m = strings.Replace(m, "Supported:", "Content-Type: application/sdp\nSupported:", 1)
			}
			p.send(m + holdSDP)
			ok := p.expect("200")
			if !strings.Contains(ok.body, "s=callee-answer") || l.Media().(*paper).heard() != "peer-offer hold" {
				t.Errorf("answer %q; media took %q", ok.body, l.Media().(*paper).heard())
			}
			if got := ok.get("Session-Expires"); got != "1800;refresher=uac" {
				t.Errorf("Session-Expires %q", got)
			}
			if method == "INVITE" {
				p.send(p.request("ACK", "sip:x@tandem.test", "holdack", "ftag", tag, 2, ""))
			}
			l.Hangup(call.NormalClearing)
			bye := p.expect("BYE")
			if !strings.HasPrefix(bye.start, "BYE sip:moved@") {
				t.Errorf("%s does not go to the new Contact", bye.start)
			}
			p.reply(bye, "200 OK", "")
		})
	}
}

func TestUnacceptableReofferLeavesTheCall(t *testing.T) {
	_, p, l, tag := established(t, Config{})
	m := l.Media().(*paper)
	m.mu.Lock()
	m.refuse = true
	m.mu.Unlock()
	p.send(p.request("INVITE", "sip:x@tandem.test", "t38", "ftag", tag, 2, "") + holdSDP)
	p.expect("488")
	p.send(p.request("ACK", "sip:x@tandem.test", "t38", "ftag", tag, 2, ""))
	if l.Context().Err() != nil {
		t.Error("the call ended")
	}
}

func TestInfoDigits(t *testing.T) {
	_, p, l, tag := established(t, Config{})
	tests := []struct {
		kind, body string
		status     string
		want       byte
		held       time.Duration
	}{
		{"application/dtmf-relay", "Signal=5\nDuration=160\n", "200", '5', 160 * time.Millisecond},
		{"application/dtmf-relay", "Signal= *\nDuration= 250\n", "200", '*', 250 * time.Millisecond},
		{"application/dtmf", "#", "200", '#', 100 * time.Millisecond},
		{"application/dtmf-relay", "signal=11", "200", '#', 100 * time.Millisecond},
		{"Application/DTMF-Relay; x=y", "Signal=a", "200", 'A', 100 * time.Millisecond},
		{"application/dtmf-relay", "Signal=55", "400", 0, 0},
		{"application/x-broadsoft", "event flashhook", "415", 0, 0},
		{"", "", "200", 0, 0},
	}
	for i, tt := range tests {
		ct := ""
		if tt.kind != "" {
			ct = "Content-Type: " + tt.kind + "\n"
		}
		p.send(p.request("INFO", "sip:x@tandem.test", fmt.Sprint("i", i), "ftag", tag, i+2, ct) + tt.body)
		if m := p.receive(); !strings.HasPrefix(m.start, "SIP/2.0 "+tt.status) {
			t.Errorf("INFO %q %q: %s, want %s", tt.kind, tt.body, m.start, tt.status)
		}
		if tt.want != 0 {
			if d := within(t, "digit", l.Digits()); d.Key != tt.want || d.Duration != tt.held {
				t.Errorf("INFO %q: digit %c for %v, want %c for %v", tt.body, d.Key, d.Duration, tt.want, tt.held)
			}
		}
	}
	if len(l.Digits()) != 0 {
		t.Error("more digits than were sent")
	}
}

func TestInDialogRequestsAreChecked(t *testing.T) {
	_, p, l, tag := established(t, Config{})
	tests := []struct{ name, msg, want string }{
		{"older sequence number", p.request("INFO", "sip:x@tandem.test", "c1", "ftag", tag, 1, ""), "500"},
		{"wrong To tag", p.request("BYE", "sip:x@tandem.test", "c2", "ftag", "guessed", 5, ""), "481"},
		{"wrong From tag", p.request("BYE", "sip:x@tandem.test", "c3", "other", tag, 5, ""), "481"},
		{"re-INVITE of another dialog", p.request("INVITE", "sip:x@tandem.test", "c4", "ftag", "guessed", 5, "") + holdSDP, "481"},
		{"REFER", p.request("REFER", "sip:x@tandem.test", "c5", "ftag", tag, 5, "Refer-To: <sip:+88213@x>\n"), "405"},
		{"unknown method", p.request("WINK", "sip:x@tandem.test", "c6", "ftag", tag, 6, ""), "501"},
		{"unknown extension", p.request("INFO", "sip:x@tandem.test", "c7", "ftag", tag, 7, "Require: moonlight\n"), "420"},
		{"OPTIONS", p.request("OPTIONS", "sip:x@tandem.test", "c8", "ftag", tag, 8, ""), "200"},
	}
	for _, tt := range tests {
		p.send(tt.msg)
		if m := p.receive(); !strings.HasPrefix(m.start, "SIP/2.0 "+tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, m.start, tt.want)
		}
	}
	if l.Context().Err() != nil {
		t.Error("one of them ended the call")
	}
}

func TestCancelOvertakesOrFollowsAtOnce(t *testing.T) { // sipgo handles messages in any order
	t.Run("one TCP segment", func(t *testing.T) {
		legs := make(chan *Leg, 1000)
		u := start(t, Config{MaxPending: 1000, OnInvite: silent(legs)}, TCP)
		c, err := net.Dial("tcp", u.Addr(TCP).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var segment strings.Builder
		const n = 200
		for i := range n {
			id := fmt.Sprintf("%d", i)
			segment.Write(wireText(tcpRequest("INVITE", id) + string(sdpText("x"))))
			segment.Write(wireText(tcpRequest("CANCEL", id)))
		}
		go func() { _, _ = c.Write([]byte(segment.String())) }()
		got := map[string]int{}
		readResponses(t, c, func(m message) bool {
			_, method, _ := strings.Cut(m.get("CSeq"), " ")
			if m.status() >= 200 {
				got[fmt.Sprint(m.status(), " ", method)]++
			}
			return got["200 CANCEL"] == n && got["487 INVITE"] == n
		})
		if len(got) != 2 {
			t.Errorf("final responses: %v", got)
		}
		if err := u.waitLegs(soon(t)); err != nil {
			t.Error(err)
		}
	})
	t.Run("overtaken datagram", func(t *testing.T) {
		u := start(t, Config{OnInvite: silent(make(chan *Leg, 1000))}, UDP)
		p := newPeer(t, u)
		cancel := strings.Replace(p.invite("swap", ""), "INVITE", "CANCEL", 2)
		head, _, _ := strings.Cut(strings.Replace(cancel, "Content-Type: application/sdp\n", "", 1), "\n\n")
		p.send(head)
		p.send(p.invite("swap", ""))
		seen := map[string]bool{}
		for len(seen) < 2 {
			m := p.receive()
			if m.status() >= 200 {
				seen[m.start] = true
			}
		}
		if !seen["SIP/2.0 200 OK"] || !seen["SIP/2.0 487 Request Terminated"] {
			t.Errorf("responses %v", seen)
		}
	})
}

func tcpRequest(method, id string) string {
	ct := ""
	if method == "INVITE" {
		ct = "Content-Type: application/sdp\n"
	}
	return "" + method + " sip:+15550100@tandem.test SIP/2.0\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK" + id +
		"\nMax-Forwards: 70\nFrom: <sip:bob@carrier.test>;tag=f" + id + "\nTo: <sip:x@tandem.test>\nCall-ID: tcp-" + id +
		"\nCSeq: 1 " + method + "\nContact: <sip:bob@192.0.2.9>\n" + ct + "\n"
}

// readResponses reads messages off a stream until f says that it has seen enough.
func readResponses(t *testing.T, c net.Conn, f func(message) bool) {
	t.Helper()
	s := newStream(c, TCP, nil)
	_ = c.SetReadDeadline(time.Now().Add(patience))
	for {
		b, err := readMessage(s.r, func() {}, func() {})
		if err != nil {
			t.Fatalf("stream: %v", err)
		}
		if f(parseMessage(b)) {
			return
		}
	}
}

func TestRingingIsRepeated(t *testing.T) { // §13.3.1.1
	legs := make(chan *Leg, 1)
	u := start(t, Config{T1: time.Millisecond, OnInvite: silent(legs)}, UDP)
	p := newPeer(t, u)
	p.send(p.invite("long", ""))
	if err := within(t, "leg", legs).Ring(soon(t)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p.expect("180")
	}
}

func TestOrderWithinADialog(t *testing.T) { // sipgo handles messages in any order: ACK, 30 digits and BYE in one segment
	legs := make(chan *Leg, 1)
	u := start(t, Config{OnInvite: answerer(legs)}, TCP)
	for round := range 10 {
		c, err := net.Dial("tcp", u.Addr(TCP).String())
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint("order", round)
		if _, err := c.Write(wireText(tcpRequest("INVITE", id) + string(sdpText("x")))); err != nil {
			t.Fatal(err)
		}
		tag := ""
		readResponses(t, c, func(m message) bool { tag = tagOf(m.get("To")); return m.status() == 200 })
		inDialog := func(method string, seq int, body string) []byte {
			ct := "Content-Type: application/dtmf\n"
			if body == "" {
				ct = ""
			}
			return wireText(fmt.Sprintf("%s sip:x@tandem.test SIP/2.0\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK%s%s%d\nMax-Forwards: 70\nFrom: <sip:bob@carrier.test>;tag=f%s\nTo: <sip:x@tandem.test>;tag=%s\nCall-ID: tcp-%s\nCSeq: %d %s\n%s\n%s",
				method, id, method, seq, id, tag, id, seq, method, ct, body))
		}
		segment := inDialog("ACK", 1, "")
		want := ""
		for i := range 30 {
			want += fmt.Sprint(i % 10)
			segment = append(segment, inDialog("INFO", i+2, fmt.Sprint(i%10))...)
		}
		segment = append(segment, inDialog("BYE", 40, "")...)
		if _, err := c.Write(segment); err != nil {
			t.Fatal(err)
		}
		l := within(t, "leg", legs)
		answers := 0
		readResponses(t, c, func(m message) bool {
			if strings.Contains(m.get("CSeq"), "INVITE") {
				return false
			}
			if answers++; m.status() != 200 && m.status() != 481 { // 481: answered after the BYE was
				t.Errorf("%s for %s", m.start, m.get("CSeq"))
			}
			return answers == 31
		})
		got := ""
		for range len(want) {
			got += string(within(t, "digit", l.Digits()).Key)
		}
		if got != want {
			t.Errorf("digits %s, want %s", got, want)
		}
		ended(t, l, call.NormalClearing)
		c.Close()
	}
}

func TestCancelIsAnsweredEachTimeAndTheInviteOnce(t *testing.T) {
	legs := make(chan *Leg, 1)
	u := start(t, Config{OnInvite: silent(legs)}, UDP)
	p := newPeer(t, u)
	p.send(p.invite("c4", ""))
	l := within(t, "leg", legs)
	head, _, _ := strings.Cut(strings.Replace(strings.Replace(p.invite("c4", ""), "INVITE", "CANCEL", 2), "Content-Type: application/sdp\n", "", 1), "\n\n")
	p.send(head + "\nReason: SIP;cause=200;text=\"Call completed elsewhere\"")
	var inviteTag, cancelTag string
	for inviteTag == "" || cancelTag == "" {
		m := p.receive()
		switch {
		case m.status() == 487:
			inviteTag = tagOf(m.get("To"))
			p.send(p.request("ACK", "sip:+15550100@tandem.test", "c4", "ftag", inviteTag, 1, ""))
		case m.status() == 200:
			cancelTag = tagOf(m.get("To"))
		}
	}
	if inviteTag != cancelTag {
		t.Errorf("To tags differ: %s of the INVITE, %s of the CANCEL", inviteTag, cancelTag)
	}
	ended(t, l, call.NormalClearing)
}

func TestSameInviteByTwoWays(t *testing.T) { // §8.2.2.2
	legs := make(chan *Leg, 2)
	u := start(t, Config{OnInvite: silent(legs)}, UDP)
	p := newPeer(t, u)
	one := p.invite("way1", "")
	p.send(one)
	within(t, "leg", legs)
	p.send(strings.Replace(one, "z9hG4bKway1", "z9hG4bKway2", 1))
	p.expect("482")
}

func TestLimits(t *testing.T) {
	legs := make(chan *Leg, 10)
	u := start(t, Config{MaxPending: 1, MaxCalls: 2, OnInvite: silent(legs)}, UDP)
	first := newPeer(t, u)
	first.send(first.invite("one", ""))
	l := within(t, "first leg", legs)
	p := newPeer(t, u)
	p.send(p.invite("two", ""))
	if m := p.expect("503"); m.get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	go l.Answer(context.Background())
	first.expect("200")
	q := newPeer(t, u)
	q.send(q.invite("three", "")) // nobody is pending any more
	within(t, "second leg", legs)
	u.Drain()
	r := newPeer(t, u)
	r.send(r.invite("four", ""))
	r.expect("503")
	first.send(first.request("ACK", "sip:x@tandem.test", "a", "ftag", tagOf("x;tag="+l.key.tag), 1, ""))
}

func TestEarlyMediaThenAnswer(t *testing.T) {
	legs := make(chan *Leg, 1)
	pr := socketPair(t, Config{OnInvite: silent(legs)}, UDP)
	m := newPaper("caller")
	out := dialed(t, pr.a, "bob", pr.hop, m)
	in := within(t, "leg", legs)
	if err := in.EarlyMedia(soon(t)); err != nil {
		t.Fatal(err)
	}
	if got := within(t, "progress", out.Progress()); got.Status != 183 || !got.EarlyMedia {
		t.Errorf("progress %+v", got)
	}
	if got := m.heard(); got != "callee-answer" {
		t.Errorf("early media took %q", got)
	}
	if err := in.Answer(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := out.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := in.Answer(soon(t)); err != nil {
		t.Errorf("a second Answer: %v", err)
	}
}
