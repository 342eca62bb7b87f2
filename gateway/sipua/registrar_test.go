package sipua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/gateway/call"
)

func registrarUA(t *testing.T, c RegistrarConfig) (*UA, *Registrar, chan []Binding) {
	t.Helper()
	changes := make(chan []Binding, 100)
	c.OnChange = func(_ string, b []Binding) { changes <- b }
	r := NewRegistrar(c)
	return start(t, Config{Side: call.Local, Registrar: r, OnInvite: answerer(make(chan *Leg, 1))}, UDP, TCP), r, changes
}

func register(t *testing.T, phone, u *UA, tr Transport, edit ...func(*RegisterConfig)) (Registered, error) {
	t.Helper()
	c := RegisterConfig{Registrar: "sip:tandem.test", AoR: Address{URI: "sip:ann@tandem.test"}, Expires: time.Minute, Hop: hopTo(t, u, tr), CallID: "r", CSeq: 10}
	for _, e := range edit {
		e(&c)
	}
	return phone.Register(soon(t), c)
}

func TestRegistrar(t *testing.T) {
	for _, tr := range []Transport{UDP, TCP} {
		t.Run(string(tr), func(t *testing.T) {
			u, r, changes := registrarUA(t, RegistrarConfig{MinExpires: 5 * time.Second, MaxExpires: 2 * time.Minute})
			legs := make(chan *Leg, 1)
			phone := start(t, Config{OnInvite: answerer(legs)}, UDP)
			got, err := register(t, phone, u, tr, func(c *RegisterConfig) { c.Expires = time.Second }) // 423, then 5 s
			if err != nil || got.Expires != 5*time.Second {
				t.Fatalf("registered for %v, %v; want the registrar's minimum", got.Expires, err)
			}
			b := within(t, "binding", changes)
			if len(b) != 1 || b[0].User != "ann" || b[0].Hop.Transport != tr || !strings.HasPrefix(b[0].URI, "sip:ann@127.0.0.1:") {
				t.Errorf("binding %+v", b)
			}
			got, err = register(t, phone, u, tr, func(c *RegisterConfig) { c.Expires, c.CSeq = time.Hour, 20 })
			if err != nil || got.Expires != 2*time.Minute {
				t.Errorf("registered for %v, %v; want the registrar's maximum", got.Expires, err)
			}
			if _, err = register(t, phone, u, tr, func(c *RegisterConfig) { c.CSeq = 3 }); err == nil {
				t.Error("an older REGISTER was taken")
			}
			m := newPaper("gateway")
			out := dialed(t, u, "ann", r.Bindings("ann")[0].Hop, m, func(c *InviteConfig) { c.URI = r.Bindings("ann")[0].URI })
			if err := out.WaitAnswer(soon(t)); err != nil { // the phone is called back the way it came
				t.Error(err)
			}
			if _, err = register(t, phone, u, tr, func(c *RegisterConfig) { c.Expires, c.CSeq = 0, 30 }); err != nil {
				t.Error(err)
			}
			if left := r.Bindings(""); len(left) != 0 {
				t.Errorf("left after unregistering: %v", left)
			}
			out.Hangup(call.NormalClearing)
		})
	}
}

func TestBindingsExpire(t *testing.T) {
	u, r, changes := registrarUA(t, RegistrarConfig{MinExpires: time.Second})
	if _, err := register(t, start(t, Config{}, UDP), u, UDP, func(c *RegisterConfig) { c.Expires = time.Second }); err != nil {
		t.Fatal(err)
	}
	within(t, "registration", changes)
	if b := within(t, "expiry", changes); len(b) != 0 || len(r.Bindings("ann")) != 0 {
		t.Errorf("after a second: %v", b)
	}
}

func TestRegistrarWithPasswords(t *testing.T) {
	u, r, _ := registrarUA(t, RegistrarConfig{Realm: "tandem", Password: func(user string) (Secret, bool) { return "pw-" + Secret(user), user != "eve" }})
	phone := start(t, Config{}, UDP)
	tests := []struct {
		name, user string
		password   Secret
		ok         bool
	}{
		{"right", "ann", "pw-ann", true}, {"wrong", "ann", "pw-bob", false}, {"none", "", "", false},
		{"unknown user", "eve", "pw-eve", false}, {"another's credentials", "bob", "pw-bob", false},
	}
	for i, tt := range tests {
		_, err := register(t, phone, u, UDP, func(c *RegisterConfig) {
			c.Credentials, c.CSeq = Credentials{User: tt.user, Password: tt.password}, uint32(10*i+10)
		})
		var e *StatusError
		if (err == nil) != tt.ok || err != nil && (!errors.As(err, &e) || e.Code != 401) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := r.Bindings(""); len(got) != 1 {
		t.Errorf("bindings %v", got)
	}
	l := dialed(t, phone, "+15550100", hopTo(t, u, UDP), newPaper("x"))
	waitFails(t, l, 407, call.Rejected)
	l = dialed(t, phone, "+15550100", hopTo(t, u, UDP), newPaper("x"), func(c *InviteConfig) { c.Credentials = Credentials{User: "ann", Password: "pw-ann"} })
	if err := l.WaitAnswer(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestOddRegisters(t *testing.T) {
	u, r, _ := registrarUA(t, RegistrarConfig{MaxContacts: 3})
	p := newPeer(t, u)
	n := 0
	send := func(want int, headers string) message {
		t.Helper()
		n++
		p.send(fmt.Sprintf("REGISTER sip:tandem.test SIP/2.0\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKr%d\nMax-Forwards: 70\nFrom: <sip:ann@tandem.test>;tag=1\nTo: <sip:ann@tandem.test>\nCall-ID: reg\nCSeq: %d REGISTER\n%s", p.conn.LocalAddr(), n, n, headers))
		m := p.receive()
		if m.status() != want {
			t.Errorf("%q: %s, want %d", headers, m.start, want)
		}
		return m
	}
	send(200, "") // a query
	send(200, "Contact: <sip:ann@127.0.0.1:1>, \"x\" <sip:ann@127.0.0.1:2;transport=tcp>;expires=120;q=0.5\nUser-Agent: odd\n")
	if m := send(200, ""); len(m.all("Contact")) != 2 {
		t.Errorf("contacts %v", m.all("Contact"))
	}
	send(423, "Contact: <sip:ann@127.0.0.1:3>;expires=1\n")
	send(400, "Contact: *\n")
	send(400, "Contact: *\nContact: <sip:ann@127.0.0.1:3>\nExpires: 0\n")
	send(400, "Contact: <mailto:ann@127.0.0.1>\n")
	send(500, "Contact: <sip:a@127.0.0.1:4>, <sip:a@127.0.0.1:5>\n") // four would be too many
	if got := r.Bindings("ann"); len(got) != 2 || got[0].Agent != "odd" {
		t.Errorf("bindings %+v", got)
	}
	send(200, "Contact: *\nExpires: 0\n")
	if got := r.Bindings("ann"); len(got) != 0 {
		t.Errorf("bindings %+v after removing all", got)
	}
}

func TestGrantedReadsOurContact(t *testing.T) {
	u := start(t, Config{}, UDP)
	p := newPeer(t, u)
	done := make(chan Registered, 1)
	go func() {
		g, err := u.Register(context.Background(), RegisterConfig{Registrar: "sip:c.test", AoR: Address{URI: "sip:me@c.test"}, Expires: time.Hour, Hop: p.hop()})
		if err != nil {
			t.Error(err)
		}
		done <- g
	}()
	req := p.expect("REGISTER")
	own, _, _ := strings.Cut(req.get("Contact"), ">")
	if !strings.HasPrefix(req.start, "REGISTER sip:c.test ") {
		t.Error(req.start)
	}
	// reply adds a Contact of the peer's own: one of the others.
	p.reply(req, "200 OK", "x", "Expires: 3600", "Contact: <sip:other@192.0.2.1>;expires=5, "+own+">;expires=77", "Service-Route: <sip:edge1.c.test;lr>, <sip:edge2.c.test;lr>")
	g := within(t, "registration", done)
	if g.Expires != 77*time.Second || strings.Join(g.ServiceRoute, " ") != "sip:edge1.c.test;lr sip:edge2.c.test;lr" {
		t.Errorf("granted %+v", g)
	}
}
