package sipua

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

const goodOptions = "OPTIONS sip:x@tandem.test SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKo\nMax-Forwards: 70\nFrom: <sip:a@b>;tag=1\nTo: <sip:b@b>\nCall-ID: inspect\nCSeq: 1 OPTIONS\n"

var inspected = []struct {
	name, old, new string // what is changed in a good request
	want           int    // status; 0 good, -1 dropped
}{
	{"good", "", "", 0},
	{"unknown method", "OPTIONS", "WINK", 0},
	{"unknown header", "Call-ID", "X-Y: z\nCall-ID", 0},
	{"tel URI", "sip:x@tandem.test", "tel:+15550100", 0},
	{"version 7", "SIP/2.0\nVia", "SIP/7.0\nVia", 505},
	{"other scheme", "sip:x@tandem.test", "nobody:x", 416},
	{"no host", "sip:x@tandem.test", "sip:", 400},
	{"no Call-ID", "Call-ID: inspect\n", "", 400},
	{"no Via", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKo\n", "", 400},
	{"no CSeq", "CSeq: 1 OPTIONS\n", "", 400},
	{"CSeq of another method", "1 OPTIONS", "1 INVITE", 400},
	{"CSeq is no number", "1 OPTIONS", "one OPTIONS", 400},
	{"CSeq too large", "1 OPTIONS", "36893488147419103232 OPTIONS", 400},
	{"two From", "To:", "From: <sip:c@d>;tag=2\nTo:", 400},
	{"Max-Forwards 300", "70", "300", 400},
	{"Max-Forwards is no number", "70", "lots", 400},
	{"malformed Contact", "CSeq", "Contact: \"unterminated <sip:x@y\nCSeq", 400},
	{"HTTP", goodOptions, "GET / HTTP/1.1\nHost: x\n", -1},
	{"ACK is never answered", "1 OPTIONS", "1 ACK", 400},
	{"too many headers", "CSeq", strings.Repeat("X: y\n", 300) + "CSeq", 513},
	{"too many hops", "Max-Forwards", strings.Repeat("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKo\n", 80) + "Max-Forwards", 400},
}

func TestInspect(t *testing.T) {
	for _, tt := range inspected {
		m := goodOptions
		if tt.old != "" {
			m = strings.Replace(m, tt.old, tt.new, 1)
		}
		if tt.old == "OPTIONS" {
			m = strings.ReplaceAll(m, tt.old, tt.new)
		}
		if m == "" {
			m = tt.new
		}
		if got := inspect(wireText(m)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	ack := strings.ReplaceAll(strings.Replace(goodOptions, "1 OPTIONS", "x ACK", 1), "OPTIONS", "ACK")
	if got := inspect(wireText(ack)); got != -1 {
		t.Errorf("a malformed ACK: %d, want -1", got)
	}
	for _, junk := range []string{"", "\x00\x00\x00\x00", "SIP/2.0 200 OK\r\n\r\n", "hello\r\n\r\n", "\xff\xfe SIP/2.0\r\n"} {
		if got := inspect([]byte(junk)); got > 0 {
			t.Errorf("%q is answered with %d", junk, got)
		}
	}
}

func TestRefusalRepeatsWhatItMust(t *testing.T) {
	m := strings.Replace(goodOptions, "CSeq: 1", "t: <sip:twice@b>\nv: SIP/2.0/UDP second;branch=2\nCSeq: one", 1)
	got := string(refusal(wireText(m), 400))
	want := "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKo\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=TAG\r\n" +
		"Call-ID: inspect\r\nVia: SIP/2.0/UDP second;branch=2\r\nCSeq: one OPTIONS\r\nContent-Length: 0\r\n\r\n"
	_, rest, _ := strings.Cut(got, ";tag=1")
	_, rest, _ = strings.Cut(rest, ";tag=")
	tag, _, _ := strings.Cut(rest, "\r\n")
	if len(tag) != 32 || strings.Replace(got, tag, "TAG", 1) != want {
		t.Errorf("refusal\n%s\nwant\n%s", got, want)
	}
	if b := refusal([]byte("OPTIONS sip:x SIP/2.0\r\nVia: x\r\n\r\n"), 400); b != nil {
		t.Errorf("without what it takes: %q", b)
	}
}

func TestBadDatagramsAreRefused(t *testing.T) {
	u := start(t, Config{OnInvite: silent(make(chan *Leg, 10))}, UDP)
	for _, tt := range inspected {
		if tt.want <= 0 || tt.want == 513 || strings.HasPrefix(tt.name, "no ") && tt.name != "no host" {
			continue // those cannot be answered: what an answer repeats is missing
		}
		p := newPeer(t, u)
		p.send(strings.Replace(goodOptions, tt.old, tt.new, 1))
		if m := p.receive(); m.status() != tt.want {
			t.Errorf("%s: %s, want %d", tt.name, m.start, tt.want)
		}
	}
	tests := []struct{ name, old, new, want string }{
		{"no hops left", "Max-Forwards: 70", "Max-Forwards: 0", "483"},
		{"body that is no SDP", "application/sdp", "application/x-evil", "415"},
		{"extension", "Max-Forwards", "Require: 100rel, moonlight\nMax-Forwards", "420"},
		{"no Contact", "Contact: <sip:bob@", "X-Contact: <sip:bob@", "400"},
		{"no From tag", ";tag=ftag", "", "400"},
		{"session too short", "Max-Forwards", "Session-Expires: 60\nMax-Forwards", "422"},
		{"SUBSCRIBE", "INVITE", "SUBSCRIBE", "405"},
		{"MESSAGE", "INVITE", "MESSAGE", "405"},
		{"PUBLISH", "INVITE", "PUBLISH", "405"},
		{"REGISTER", "INVITE", "REGISTER", "405"},
		{"unknown", "INVITE", "DANCE", "501"},
		{"stray BYE", "INVITE", "BYE", "481"},
		{"stray CANCEL", "INVITE", "CANCEL", "481"},
	}
	for i, tt := range tests {
		p := newPeer(t, u)
		p.send(strings.ReplaceAll(p.invite("bad"+string(rune('a'+i)), ""), tt.old, tt.new))
		m := p.receive()
		for m.status() == 100 {
			m = p.receive()
		}
		if !strings.HasPrefix(m.start, "SIP/2.0 "+tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, m.start, tt.want)
		}
		if (m.status() == 405 || m.status() == 501) && !strings.Contains(m.get("Allow"), "INVITE") {
			t.Errorf("%s without Allow", m.start)
		}
		if m.status() == 420 && m.get("Unsupported") != "100rel, moonlight" {
			t.Errorf("Unsupported: %q", m.get("Unsupported"))
		}
	}
	p := newPeer(t, u)
	p.send(strings.Replace(goodOptions, "branch=", "rport;branch=", 1))
	if m := p.receive(); m.status() != 200 || m.get("Accept") != "application/sdp" {
		t.Errorf("OPTIONS after all that: %s", m.start)
	}
}

func FuzzInspect(f *testing.F) {
	for _, tt := range inspected {
		f.Add(wireText(strings.Replace(goodOptions, tt.old, tt.new, 1)))
	}
	f.Add(wireText("INVITE sip:+1;phone-context=x@y;target=sip:bob%40o;cause=408 SIP/2.0\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\nFrom: \"\\\"q\" <tel:+1-555>;tag=1\nTo: <sip:b>\nCall-ID: 1\nCSeq: 1 INVITE\nP-Asserted-Identity: \"x\" <sip:+1@y>, <tel:+2>\nPrivacy: id\nReason: Q.850;cause=16, SIP;cause=200\nSession-Expires: 90;refresher=uas\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if inspect(in) != 0 {
			return
		}
		msg, err := parse(in)
		if err != nil {
			t.Fatal("what passed does not parse")
		}
		reasonOf(msg)
		sessionExpires(msg)
		req, ok := msg.(*sip.Request)
		if !ok {
			return
		}
		txKey(req)
		info := callInfo(req, Source{}, Admission{TrustIdentity: true})
		for _, s := range []string{info.Called, info.Caller.Name, info.Caller.Number, info.Caller.AoR, info.Target} {
			if strings.ContainsAny(s, "\r\n\x00") {
				t.Fatalf("%q would break a line", s)
			}
		}
		sdpOf(req)
		unsupported(req)
	})
}

func FuzzParseAuth(f *testing.F) {
	for _, tt := range challenges {
		for _, h := range tt.headers {
			f.Add(h)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := parseAuth(s)
		if err != nil {
			return
		}
		for _, a := range all {
			for k, v := range a.params {
				again, err := parseAuth("Digest " + k + "=" + quote(v))
				if err != nil || len(again) != 1 || again[0].params[k] != clean(v) {
					t.Fatalf("%q=%q does not come back: %v %v", k, v, again, err)
				}
			}
		}
	})
}

func FuzzDigitOf(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160"))
	f.Add("application/dtmf", []byte("#"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		if d, ok := digitOf(kind, body); ok && !strings.ContainsRune("0123456789*#ABCD", rune(d.Key)) {
			t.Fatalf("digit %q", d.Key)
		}
	})
}
