package sipua

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

func TestDigestVectors(t *testing.T) {
	// RFC 7616 §3.9.1; the third is §3.9.2 with the response of erratum 4897: the printed one is of a truncated
	// SHA-512.
	base := digestInput{
		user: "Mufasa", password: "Circle of Life", realm: "http-auth@example.org", method: "GET", uri: "/dir/index.html",
		nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc: "00000001", qop: "auth",
		cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	}
	other := digestInput{
		user: "Jäsøn Doe", password: "Secret, or not?", realm: "api@example.org", method: "GET", uri: "/doe.json",
		nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", nc: "00000001", qop: "auth",
		cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
	}
	// RFC 2617 §3.5, and the same without qop as RFC 2069 had it.
	old := digestInput{
		user: "Mufasa", password: "Circle Of Life", realm: "testrealm@host.com", method: "GET", uri: "/dir/index.html",
		nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", nc: "00000001", cnonce: "0a4f113b", qop: "auth",
	}
	noQOP := old
	noQOP.qop = ""
	tests := []struct {
		in        digestInput
		algorithm string
		want      string
	}{
		{base, "MD5", "8ca523f5e9506fed4657c9700eebdbec"},
		{base, "SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{other, "SHA-512-256", "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"},
		{old, "md5", "6629fae49393a05397450978507c4ef1"},
		{noQOP, "", "670fd8c2df070c60b045671b8b24ff02"},
	}
	for _, tt := range tests {
		tt.in.algorithm, _, _, _ = findAlgorithm(tt.algorithm)
		if got := tt.in.response(); got != tt.want {
			t.Errorf("%s of %s: %s, want %s", tt.algorithm, tt.in.user, got, tt.want)
		}
	}
}

var challenges = []struct {
	name    string
	headers []string
	alg     string // of the answer; empty: not answered
	qop     string
}{
	{"MD5 plain", []string{`Digest realm="r", nonce="n"`}, "MD5", ""},
	{"both, weak first", []string{`Digest realm="r", nonce="n1", algorithm=MD5, qop="auth"`, `Digest realm="r", nonce="n2", algorithm=SHA-256, qop="auth"`}, "SHA-256", "auth"},
	{"both, strong first", []string{`Digest realm="r", nonce="n2", algorithm=SHA-256, qop="auth"`, `Digest realm="r", nonce="n1", algorithm=MD5, qop="auth"`}, "SHA-256", "auth"},
	{"three in one line", []string{`Digest realm="r", nonce="n1", qop="auth", algorithm=MD5, Digest realm="r", nonce="n2", algorithm=SHA-512-256, qop="auth", Basic realm="r"`}, "SHA-512-256", "auth"},
	{"unknown first", []string{`Digest realm="r", nonce="n1", algorithm=AKAv1-MD5`, `Digest realm="r", nonce="n2", algorithm=MD5, qop="auth"`}, "MD5", "auth"},
	{"Basic first", []string{`Basic realm="r"`, `Digest realm="r", nonce="n2", qop=auth`}, "MD5", "auth"},
	{"lower case, quoted", []string{`digest REALM="r", Nonce="n", ALGORITHM="sha-256", QOP="auth,auth-int"`}, "SHA-256", "auth"},
	{"only auth-int", []string{`Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5`}, "MD5", "auth-int"},
	{"session", []string{`Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess`}, "MD5-sess", "auth"},
	{"unknown qop", []string{`Digest realm="r", nonce="n", qop="token"`}, "", ""},
	{"other realm", []string{`Digest realm="elsewhere", nonce="n", qop="auth"`}, "", ""},
	{"no nonce", []string{`Digest realm="r"`}, "", ""},
	{"only Basic", []string{`Basic realm="r"`}, "", ""},
	{"garbage", []string{`Digest realm="r`, `=`, ``}, "", ""},
	{"escaped realm", []string{`Digest realm="r", opaque="a\"b", nonce="n", qop="auth"`}, "MD5", "auth"},
}

func TestChallengesAreAnswered(t *testing.T) { // RFC 8760, and what registrars really send
	for _, tt := range challenges {
		t.Run(tt.name, func(t *testing.T) {
			var uri sip.Uri
			if err := sip.ParseUri("sip:+1555@host.test:5070;transport=udp", &uri); err != nil {
				t.Fatal(err)
			}
			req := sip.NewRequest(sip.INVITE, uri)
			req.SetBody([]byte("the body"))
			res := sip.NewResponse(407, "x")
			for _, h := range tt.headers {
				res.AppendHeader(sip.NewHeader("Proxy-Authenticate", h))
			}
			a := newAuthenticator(Credentials{User: "me", Password: "pw", Realm: "r"})
			if got := a.answer(req, res); got != (tt.alg != "") {
				t.Fatalf("answered: %v", got)
			}
			if tt.alg == "" {
				return
			}
			a.copyTo(req)
			all, err := parseAuth(req.GetHeader("Proxy-Authorization").Value())
			if err != nil || len(all) != 1 {
				t.Fatalf("credentials %v, %v", all, err)
			}
			p := all[0].params
			alg, _, session, _ := findAlgorithm(tt.alg)
			want := digestInput{
				algorithm: alg, session: session, user: "me", password: "pw", realm: "r", method: "INVITE",
				uri: "sip:+1555@host.test:5070;transport=udp", nonce: p["nonce"], cnonce: p["cnonce"], nc: p["nc"], qop: tt.qop, body: []byte("the body"),
			}.response()
			if p["response"] != want || p["qop"] != tt.qop || p["uri"] != "sip:+1555@host.test:5070;transport=udp" {
				t.Errorf("credentials %v, want response %s", p, want)
			}
			if strings.Contains(req.String(), "pw\"") {
				t.Error("the password left")
			}
			if a.answer(req, res) {
				t.Error("the same nonce was answered twice")
			}
		})
	}
}

func TestChallengesInACall(t *testing.T) {
	creds := func(c *InviteConfig) { c.Credentials = Credentials{User: "me", Password: "pw"} }
	t.Run("proxy, then far end, then stale, then answered", func(t *testing.T) {
		_, p, l, _, inv := calls(t, Config{}, creds)
		ids := func(m message) string { return m.get("Call-ID") + m.get("From") }
		first := ids(inv)
		for i, challenge := range []string{
			`Proxy-Authenticate: Digest realm="r", nonce="p1", qop="auth"`,
			`WWW-Authenticate: Digest realm="r", nonce="w1", qop="auth", algorithm=SHA-256`,
			`WWW-Authenticate: Digest realm="r", nonce="w2", qop="auth", algorithm=SHA-256, stale=true`,
		} {
			status := "401 Unauthorized"
			if strings.HasPrefix(challenge, "Proxy") {
				status = "407 Proxy Authentication Required"
			}
			p.reply(inv, status, "far", challenge)
			next := p.expect("INVITE")
			for next.get("CSeq") == inv.get("CSeq") {
				next = p.expect("INVITE")
			}
			inv = next
			if ids(inv) != first || len(inv.all("Proxy-Authorization")) != 1 || len(inv.all("Authorization")) != min(i, 1) {
				t.Errorf("INVITE after challenge %d: %v", i, inv.headers)
			}
		}
		p.reply(inv, "200 OK", "far", answerSDP("x"))
		if ack := p.expect("ACK"); len(ack.all("Authorization")) != 1 || tagOf(ack.get("To")) != "far" { // §13.2.2.4
			for len(ack.all("Authorization")) != 1 {
				ack = p.expect("ACK") // those before were for the refusals
			}
		}
		if err := l.WaitAnswer(soon(t)); err != nil {
			t.Fatal(err)
		}
		l.Hangup(call.NormalClearing)
		bye := p.expect("BYE")
		p.reply(bye, "401 Unauthorized", "", `WWW-Authenticate: Digest realm="r", nonce="w2", qop="auth"`)
		bye = p.expect("BYE")
		if got := bye.get("Authorization"); !strings.Contains(got, "nc=00000002") {
			t.Errorf("BYE with the nonce of before: %s", got)
		}
		p.reply(bye, "200 OK", "")
	})
	t.Run("wrong password", func(t *testing.T) {
		_, p, l, _, inv := calls(t, Config{}, creds)
		p.reply(inv, "401 Unauthorized", "far", `WWW-Authenticate: Digest realm="r", nonce="1", qop="auth"`)
		p.expect("ACK")
		p.reply(p.expect("INVITE"), "401 Unauthorized", "far", `WWW-Authenticate: Digest realm="r", nonce="2", qop="auth"`)
		waitFails(t, l, 401, call.Rejected)
	})
	t.Run("none for a callee's realm", func(t *testing.T) { // the digest leak
		_, p, l, _, inv := calls(t, Config{}, creds)
		p.reply(inv, "407 x", "far", `Proxy-Authenticate: Digest realm="carrier", nonce="1", qop="auth"`)
		p.expect("ACK")
		p.reply(p.expect("INVITE"), "200 OK", "far", answerSDP("x"))
		if err := l.WaitAnswer(soon(t)); err != nil {
			t.Fatal(err)
		}
		l.Hangup(call.NormalClearing)
		bye := p.expect("BYE")
		p.reply(bye, "407 x", "", `Proxy-Authenticate: Digest realm="mine", nonce="z", qop="auth"`)
		_ = p.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		buf := make([]byte, 65536)
		for {
			n, _, err := p.conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if m := parseMessage(buf[:n]); strings.Contains(m.get("Proxy-Authorization"), "mine") {
				t.Fatalf("credentials left for another realm: %v", m.headers)
			}
		}
	})
	t.Run("none for who called us", func(t *testing.T) {
		_, p, l, _ := established(t, Config{})
		l.Hangup(call.NormalClearing)
		p.reply(p.expect("BYE"), "401 x", "", `WWW-Authenticate: Digest realm="r", nonce="z", qop="auth"`)
		_ = p.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if n, _, err := p.conn.ReadFrom(make([]byte, 65536)); err == nil {
			t.Errorf("%d bytes after the challenge", n)
		}
	})
}

func TestGuardian(t *testing.T) {
	g := newGuardian("tandem", func(u string) (Secret, bool) { return "pw", u == "ann" })
	now := time.Unix(1000000, 0)
	g.now = func() time.Time { return now }
	// ask gives the credentials that a phone answers the challenge with.
	ask := func(user string, password Secret, edit func(*sip.Request)) *sip.Request {
		req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: "tandem"})
		req.SetSource("127.0.0.1:5062")
		res := sip.NewResponse(401, "x")
		g.challenge(req, res, "WWW-Authenticate", false)
		a := newAuthenticator(Credentials{User: user, Password: password})
		if !a.answer(req, res) {
			t.Fatal("challenge not answered")
		}
		a.copyTo(req)
		if edit != nil {
			edit(req)
		}
		return req
	}
	expect := func(what string, req *sip.Request, ok, stale bool) {
		t.Helper()
		if _, gotOK, gotStale := g.check(req, "Authorization"); gotOK != ok || gotStale != stale {
			t.Errorf("%s: %v, stale %v; want %v, %v", what, gotOK, gotStale, ok, stale)
		}
	}
	good := ask("ann", "pw", nil)
	if !strings.Contains(good.GetHeader("Authorization").Value(), "SHA-256") {
		t.Error("the stronger algorithm was not chosen")
	}
	expect("right", good, true, false)
	expect("replayed", good, false, true)
	expect("wrong password", ask("ann", "px", nil), false, false)
	expect("unknown user", ask("eve", "pw", nil), false, false)
	expect("another method", ask("ann", "pw", func(r *sip.Request) { r.Method = sip.INVITE }), false, false)
	expect("another URI", ask("ann", "pw", func(r *sip.Request) { r.Recipient.Host = "elsewhere" }), false, false)
	expect("another source", ask("ann", "pw", func(r *sip.Request) { r.SetSource("127.0.0.2:5062") }), false, false)
	expect("no credentials", ask("ann", "pw", func(r *sip.Request) { r.RemoveHeader("Authorization") }), false, false)
	old := ask("ann", "pw", nil)
	now = now.Add(nonceLife)
	expect("old nonce", old, false, true)
}
