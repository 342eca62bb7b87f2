package media

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/sdp/v3"

	"tandem/gateway/call"
)

// body makes SDP of lines.
func body(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// offered makes an ordinary offer with the given media lines behind the session part.
func offered(lines ...string) []byte {
	return body(append([]string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"}, lines...)...)
}

const key128 = "inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"

func TestAnswer(t *testing.T) {
	t.Parallel()
	gcm := "inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nw=="
	type want struct {
		err    error
		has    []string
		hasNot []string
		remote string
		dir    Direction
	}
	for _, c := range []struct {
		name  string
		cfg   SessionConfig
		offer []byte
		want  want
	}{
		{"plain", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000"),
			want{has: []string{"RTP/AVP 0 8 101\r\n", "a=rtpmap:101 telephone-event/8000", "a=sendrecv", "a=ptime:20"}, remote: "127.0.0.1:4000", hasNot: []string{"rtcp-mux", "crypto"}}},
		{"static payload types without rtpmap (48)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 8 18"),
			want{has: []string{"RTP/AVP 8\r\n"}, remote: "127.0.0.1:4000"}},
		{"spelled oddly (49)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 96 97", "a=rtpmap: 96 pcmu/8000/1", "a=rtpmap:97 Telephone-Event/8000"),
			want{has: []string{"RTP/AVP 96 97\r\n", "a=rtpmap:96 PCMU/8000"}, remote: "127.0.0.1:4000"}},
		{"two rtpmaps for one number (50)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/16000", "a=rtpmap:96 telephone-event/8000"),
			want{has: []string{"RTP/AVP 0 96\r\n"}, remote: "127.0.0.1:4000"}},
		{"a static number mapped to another codec", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 opus/48000/2"),
			want{err: ErrNotAcceptable}},
		{"media-level address wins, first of two (43)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "c=IN IP4 127.0.0.2", "c=IN IP4 127.0.0.3"),
			want{remote: "127.0.0.2:4000"}},
		{"0.0.0.0 is hold (43)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"),
			want{remote: "invalid AddrPort", dir: RecvOnly, has: []string{"a=recvonly"}}},
		{"sendonly (44)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "a=sendonly"), want{dir: RecvOnly, has: []string{"a=recvonly"}, remote: "127.0.0.1:4000"}},
		{"inactive at session level (44)", SessionConfig{}, body("v=0", "c=IN IP4 127.0.0.1", "a=inactive", "m=audio 4000 RTP/AVP 0"),
			want{dir: Inactive, has: []string{"a=inactive"}, remote: "127.0.0.1:4000"}},
		{"recvonly without line end (44)", SessionConfig{}, []byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=recvonly"),
			want{dir: SendOnly, has: []string{"a=sendonly"}, remote: "127.0.0.1:4000"}},
		{"bare line feeds, no s= or t=, Latin-1 (56)", SessionConfig{}, []byte("v=0\no=a\tb\xe9 1 1 IN IP4 h\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0\na=x:" + strings.Repeat("y", 4000) + "\n"),
			want{remote: "127.0.0.1:4000"}},
		{"other sections keep their place (52)", SessionConfig{}, offered("m=video 5000 RTP/AVP 31", "m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0", "m=application 9 DTLS/SCTP 5000"),
			want{has: []string{"m=video 0 RTP/AVP 31\r\nm=audio", "m=audio 0 RTP/AVP 0\r\nm=application 0 DTLS/SCTP 5000"}, remote: "127.0.0.1:4000"}},
		{"only fax (53)", SessionConfig{}, offered("m=image 4000 udptl t38"), want{err: ErrNotAcceptable}},
		{"no codec in common", SessionConfig{Codecs: []call.Codec{call.PCMA}}, offered("m=audio 4000 RTP/AVP 0"), want{err: ErrNotAcceptable}},
		{"events are not audio", SessionConfig{}, offered("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), want{err: ErrNotAcceptable}},
		{"no events wanted (51)", SessionConfig{NoEvents: true}, offered("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"),
			want{has: []string{"RTP/AVP 0\r\n"}, remote: "127.0.0.1:4000"}},
		{"packets of 30 ms (54)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "a=ptime:30"), want{has: []string{"a=ptime:30"}, remote: "127.0.0.1:4000"}},
		{"packets of no sense", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "a=ptime:900000"), want{has: []string{"a=ptime:20"}, remote: "127.0.0.1:4000"}},
		{"best suite with its tag (55)", SessionConfig{Security: Required}, offered("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:short", "a=crypto:2 UNKNOWN "+key128, "a=crypto:0 AES_CM_128_HMAC_SHA1_80 "+key128+"|2^31", "a=crypto:7 AEAD_AES_128_GCM "+gcm),
			want{has: []string{"RTP/SAVP 0\r\n", "a=crypto:7 AEAD_AES_128_GCM inline:"}, hasNot: []string{gcm}, remote: "127.0.0.1:4000"}},
		{"tag zero", SessionConfig{Security: Required}, offered("m=audio 4000 RTP/SAVP 0", "a=crypto:0 AES_CM_128_HMAC_SHA1_80 "+key128+"|2^31"),
			want{has: []string{"a=crypto:0 AES_CM_128_HMAC_SHA1_80 inline:"}, hasNot: []string{key128}, remote: "127.0.0.1:4000"}},
		{"a key with MKI is not for us", SessionConfig{Security: Required}, offered("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128+"|2^20|1:4"), want{err: ErrNotAcceptable}},
		{"unencrypted SRTP", SessionConfig{Security: Required}, offered("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128+" UNENCRYPTED_SRTP"), want{err: ErrNotAcceptable}},
		{"plain where secure is required", SessionConfig{Security: Required}, offered("m=audio 4000 RTP/AVP 0"), want{err: ErrNotAcceptable}},
		{"secure where plain is required", SessionConfig{}, offered("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128), want{err: ErrNotAcceptable}},
		{"secure profile without keys", SessionConfig{Security: Optional}, offered("m=audio 4000 RTP/SAVP 0"), want{err: ErrNotAcceptable}},
		{"opportunistic (RFC 8643)", SessionConfig{Security: Optional}, offered("m=audio 4000 RTP/AVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128),
			want{has: []string{"RTP/AVP 0\r\n", "a=crypto:1 AES_CM_128_HMAC_SHA1_80"}, remote: "127.0.0.1:4000"}},
		{"opportunistic to one who is not", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128),
			want{hasNot: []string{"crypto"}, remote: "127.0.0.1:4000"}},
		{"plain where both go", SessionConfig{Security: Optional}, offered("m=audio 4000 RTP/AVP 0"), want{hasNot: []string{"crypto"}, remote: "127.0.0.1:4000"}},
		{"rtcp-mux (71)", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"), want{has: []string{"a=rtcp-mux"}, remote: "127.0.0.1:4000"}},
		{"multicast is not believed", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"), want{remote: "invalid AddrPort"}},
		{"a name is not looked up", SessionConfig{}, offered("m=audio 4000 RTP/AVP 0", "c=IN IP4 media.example.com"), want{remote: "invalid AddrPort"}},
		{"a port of the system", SessionConfig{}, offered("m=audio 53 RTP/AVP 0"), want{remote: "invalid AddrPort"}},
		{"private behind public (60)", SessionConfig{Peer: netip.MustParseAddr("198.51.100.7")}, offered("m=audio 4000 RTP/AVP 0", "c=IN IP4 10.1.2.3"), want{remote: "invalid AddrPort"}},
		{"nothing", SessionConfig{}, nil, want{err: ErrMalformed}},
		{"no SDP", SessionConfig{}, []byte("hello\r\n"), want{err: ErrMalformed}},
		{"no media", SessionConfig{}, offered(), want{err: ErrMalformed}},
		{"bad port", SessionConfig{}, offered("m=audio 99999 RTP/AVP 0"), want{err: ErrMalformed}},
		{"port zero", SessionConfig{}, offered("m=audio 0 RTP/AVP 0"), want{err: ErrNotAcceptable}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newEngine(t).session(t, c.cfg)
			answer, err := s.Answer(c.offer)
			if !errors.Is(err, c.want.err) {
				t.Fatalf("got %v, want %v", err, c.want.err)
			}
			if err != nil {
				if s.Negotiated() || s.LocalDescription() != nil {
					t.Error("a refused offer left something behind")
				}
				return
			}
			for _, h := range c.want.has {
				if !strings.Contains(string(answer), h) {
					t.Errorf("answer has no %q:\n%s", h, answer)
				}
			}
			for _, h := range c.want.hasNot {
				if strings.Contains(string(answer), h) {
					t.Errorf("answer has %q:\n%s", h, answer)
				}
			}
			if got := s.terms.Load(); got.remote.String() != c.want.remote || s.Direction() != c.want.dir {
				t.Errorf("sends to %v, %v; want %v, %v", got.remote, s.Direction(), c.want.remote, c.want.dir)
			}
			strict(t, answer)
		})
	}
}

// strict lets a strict reader judge what we write.
func strict(t *testing.T, b []byte) {
	t.Helper()
	var d sdp.SessionDescription
	if err := d.Unmarshal(b); err != nil {
		t.Errorf("our description does not read: %v\n%s", err, b)
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg    SessionConfig
		has    string
		hasNot string
	}{
		{SessionConfig{}, "RTP/AVP 0 8 101\r\n", "crypto"},
		{SessionConfig{Codecs: []call.Codec{call.PCMA}, NoEvents: true}, "RTP/AVP 8\r\n", "telephone-event"},
		{SessionConfig{Security: Optional}, "RTP/AVP 0 8 101\r\n", "SAVP"},
		{SessionConfig{Security: Required}, "RTP/SAVP 0 8 101\r\n", "fingerprint"},
		{SessionConfig{Security: Required}, "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:", "fingerprint"},
	} {
		offer, err := newEngine(t).session(t, c.cfg).Offer()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(offer), c.has) || strings.Contains(string(offer), c.hasNot) {
			t.Errorf("%+v: offer lacks %q or has %q:\n%s", c.cfg, c.has, c.hasNot, offer)
		}
		strict(t, offer)
	}
}

func TestSetAnswerRefusesDowngrade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		cfg    SessionConfig
		answer []string
		want   error
	}{
		{"plain answer to secure offer", SessionConfig{Security: Required}, []string{"m=audio 4000 RTP/AVP 0"}, ErrNotAcceptable},
		{"secure answer without keys", SessionConfig{Security: Required}, []string{"m=audio 4000 RTP/SAVP 0"}, ErrNotAcceptable},
		{"wrong tag", SessionConfig{Security: Required}, []string{"m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key128}, ErrNotAcceptable},
		{"right tag", SessionConfig{Security: Required}, []string{"m=audio 4000 RTP/SAVP 0", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + key128}, nil},
		{"secure answer to plain offer", SessionConfig{}, []string{"m=audio 4000 RTP/SAVP 0", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + key128}, ErrNotAcceptable},
		{"plain answer to optional", SessionConfig{Security: Optional}, []string{"m=audio 4000 RTP/AVP 0"}, nil},
		{"secure answer to optional", SessionConfig{Security: Optional}, []string{"m=audio 4000 RTP/AVP 0", "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + key128}, nil},
		{"no media (59)", SessionConfig{}, []string{"m=audio 0 RTP/AVP 0"}, ErrNotAcceptable},
	} {
		s := newEngine(t).session(t, c.cfg)
		if err := s.SetAnswer(offered(c.answer...)); !errors.Is(err, ErrNoOffer) {
			t.Errorf("%s: an answer to nothing: %v", c.name, err)
		}
		if _, err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		if err := s.SetAnswer(offered(c.answer...)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if secure := len(c.answer) > 1 && c.want == nil; s.Stats().Secure != secure {
			t.Errorf("%s: secure is %v", c.name, !secure)
		}
	}
}

func TestOurKeyEchoedIsRefused(t *testing.T) {
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{Security: Required})
	offer, err := s.Offer()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetAnswer(offer); !errors.Is(err, ErrNotAcceptable) {
		t.Errorf("one key for both directions: got %v", err)
	}
}

func TestSecureStaysSecure(t *testing.T) {
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{Security: Optional})
	if _, err := s.Answer(offered("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Answer(offered("m=audio 4000 RTP/AVP 0")); !errors.Is(err, ErrNotAcceptable) {
		t.Errorf("plain re-offer: got %v", err)
	}
	if !s.Stats().Secure {
		t.Error("the refused re-offer changed the call")
	}
	if offer, err := s.Offer(); err != nil || !strings.Contains(string(offer), "RTP/SAVP") {
		t.Errorf("our own re-offer is plain: %v\n%s", err, offer)
	}
}

func TestReofferUnchangedGetsTheSameBytes(t *testing.T) { // case 45
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{Security: Optional})
	offer := offered("m=audio 4000 RTP/SAVP 0 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128)
	first, err := s.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	rx := s.terms.Load().rx
	again, err := s.Answer(offer)
	if err != nil || string(again) != string(first) {
		t.Errorf("second answer: %v\n%s\nfirst:\n%s", err, again, first)
	}
	if s.terms.Load().rx != rx {
		t.Error("the cipher's state was thrown away although the key is the same")
	}
	held, err := s.Answer(offered("m=audio 4000 RTP/SAVP 0 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128, "a=sendonly"))
	if err != nil {
		t.Fatal(err)
	}
	if version(t, held) != version(t, first)+1 {
		t.Errorf("version after a change: %d after %d", version(t, held), version(t, first))
	}
}

func version(t *testing.T, b []byte) (v uint64) {
	t.Helper()
	var d sdp.SessionDescription
	if err := d.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	return d.Origin.SessionVersion
}

func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a, b := e.session(t, SessionConfig{}), e.session(t, SessionConfig{})
	connect(t, a, b)
	a.SetDirection(SendOnly)
	connect(t, a, b)
	if a.Direction() != SendOnly || b.Direction() != RecvOnly {
		t.Errorf("held: %v and %v", a.Direction(), b.Direction())
	}
	before := b.Stats().Sent
	if err := b.Play(t.Context(), tone(600, 60*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n := b.Stats().Sent - before; n != 0 {
		t.Errorf("the held side sent %d packets", n)
	}
	a.SetDirection(SendRecv)
	connect(t, a, b)
	if a.Direction() != SendRecv || b.Direction() != SendRecv {
		t.Errorf("resumed: %v and %v", a.Direction(), b.Direction())
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		named, peer string
		want        bool
	}{
		{"192.0.2.1:4000", "198.51.100.1", true},
		{"10.0.0.1:4000", "198.51.100.1", false},
		{"100.64.0.1:4000", "198.51.100.1", false},
		{"10.0.0.1:4000", "10.9.9.9", true},
		{"10.0.0.1:4000", "10.0.0.1", true},
		{"127.0.0.1:4000", "10.0.0.1", false},
		{"127.0.0.1:4000", "127.0.0.1", true},
		{"169.254.169.254:4000", "127.0.0.1", false},
		{"224.0.0.1:4000", "127.0.0.1", false},
		{"255.255.255.255:4000", "10.0.0.1", false},
		{"0.0.0.0:4000", "127.0.0.1", false},
		{"192.0.2.1:53", "192.0.2.1", false},
		{"[fe80::1]:4000", "2001:db8::1", false},
		{"[::1]:4000", "2001:db8::1", false},
		{"[fc00::1]:4000", "2001:db8::1", false},
		{"[2001:db8::2]:4000", "2001:db8::1", true},
	} {
		if got := believable(netip.MustParseAddrPort(c.named), netip.MustParseAddr(c.peer)); got != c.want {
			t.Errorf("%s named by %s: believed %v, want %v", c.named, c.peer, got, c.want)
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	line := cryptoLine{"1", &suites[0], newMaster(&suites[0])}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(f, line); strings.Contains(got, *line.key.secret) || strings.Contains(got, fmt.Sprint([]byte(*line.key.secret))) {
			t.Errorf("%s prints the key", f)
		}
	}
}

func TestLargestDescription(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.Write(offered("m=audio 4000 RTP/AVP 0"))
	for b.Len() < maxDescription-20 {
		b.WriteString("a=rtpmap:1 x/8000\r\n")
	}
	if _, err := parse([]byte(b.String())); err != nil {
		t.Errorf("64 kB of attributes: %v", err)
	}
	if _, err := parse(append([]byte(b.String()), make([]byte, 100)...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("more than 64 kB: %v", err)
	}
	if _, err := parse(offered(strings.Split(strings.Repeat("m=audio 4000 RTP/AVP 0\n", 100), "\n")...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("100 sections: %v", err)
	}
}

func FuzzDescription(f *testing.F) {
	f.Add(offered("m=audio 4000 RTP/SAVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key128, "a=rtcp:4001", "a=ptime:20"))
	f.Add(offered("m=image 4000 udptl t38", "m=audio 4000 RTP/AVP 0", "a=sendonly"))
	e, err := NewEngine(Config{Listen: loopback})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.Close() })
	s := e.session(f, SessionConfig{Security: Optional})
	f.Fuzz(func(t *testing.T, offer []byte) {
		answer, err := s.Answer(offer)
		if err != nil {
			return
		}
		d, err := parse(answer)
		if err != nil {
			t.Fatalf("our answer does not read: %v\n%q", err, answer)
		}
		o, err := parse(offer)
		if err != nil || len(d.sections) != len(o.sections) {
			t.Fatalf("the answer has %d sections, the offer %d", len(d.sections), len(o.sections))
		}
		if _, err := s.Offer(); err != nil {
			t.Fatal(err)
		}
		s.SetAnswer(offer)
		s.mu.Lock()
		s.secured = false
		s.mu.Unlock()
	})
}
