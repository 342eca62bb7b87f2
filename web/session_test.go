package web_test

import (
	"net/http"
	"strings"
	"testing"

	"tandem/web"
	"tandem/web/account"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	b := s.browser(t)
	b.do("GET", "/api/session", nil).want(401)
	b.do("GET", "/api/messages", nil).want(401)

	a := b.do("POST", "/api/session", in{"address": "Alice@example.org", "password": password}).want(200)
	c := a.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.Name != "tandem_session" {
		t.Errorf("cookie %v", c)
	}
	var me web.Viewer
	b.do("GET", "/api/session", nil).want(200).into(&me)
	if me.Address != "alice@example.org" || me.Administrator {
		t.Errorf("me: %+v", me)
	}
	b.do("GET", "/api/messages", nil).want(200)
	b.do("GET", "/api/admin/users", nil).want(403)

	b.do("DELETE", "/api/session", nil).want(204)
	b.do("GET", "/api/session", nil, "Cookie", c.Name+"="+c.Value).want(401)
}

func TestCookiesOverTLS(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *web.Config) { c.TLS = true })
	s.user(t, "alice", account.RoleUser)
	a := s.browser(t).do("POST", "/api/session", in{"address": "alice", "password": password}).want(200)
	if c := a.Cookies()[0]; !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("cookie %v", c)
	}
	if a.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security")
	}
}

// The answer to a wrong password and to an unknown address must not differ, nor must their logs have secrets.
func TestRefusalsTellNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	b := s.browser(t)
	known := b.do("POST", "/api/session", in{"address": "alice", "password": "hunter2-hunter2"}).want(401)
	unknown := b.do("POST", "/api/session", in{"address": "nobody", "password": "hunter2-hunter2"}).want(401)
	if string(known.body) != string(unknown.body) {
		t.Errorf("known: %s\nunknown: %s", known.body, unknown.body)
	}
	if log := s.log.String(); strings.Contains(log, "hunter2") || !strings.Contains(log, "sign-in refused") {
		t.Errorf("the log has a password, or not the refusal:\n%s", log)
	}
}

func TestSignInIsSlowedDown(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	b := s.browser(t)
	for range 5 {
		b.do("POST", "/api/session", in{"address": "alice", "password": "not the password"}).want(401)
	}
	a := b.do("POST", "/api/session", in{"address": "alice", "password": password}).want(429)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	var last answer
	for range 30 { // of whatever address
		last = b.do("POST", "/api/session", in{"address": "bob", "password": "not the password"})
	}
	last.want(429).says("from this address")
}

func TestTheTokenIsNewAfterSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	s.user(t, "bob", account.RoleUser)
	b := s.browser(t)
	first := b.do("POST", "/api/session", in{"address": "alice", "password": password}).want(200).Cookies()[0]
	second := b.do("POST", "/api/session", in{"address": "bob", "password": password}).want(200).Cookies()[0]
	if first.Value == second.Value {
		t.Error("the token stayed")
	}
	s.browser(t).do("GET", "/api/session", nil, "Cookie", first.Name+"="+first.Value).want(401)
	var stored string
	if err := s.pool.QueryRow(t.Context(), `SELECT token FROM sessions`).Scan(&stored); err != nil || stored == second.Value {
		t.Errorf("the token is stored as it is (%v)", err)
	}
}

func TestSessionsEndWithThePasswordAndTheAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	u := s.user(t, "alice", account.RoleUser)
	here, there := s.signedIn(t, "alice"), s.signedIn(t, "alice")
	here.do("PUT", "/api/password", in{"old": "not the old one", "new": "another long one"}).want(422).says("is not your password")
	here.do("PUT", "/api/password", in{"old": password, "new": "short"}).want(422).says("at least 10")
	here.do("PUT", "/api/password", in{"old": password, "new": "another long one"}).want(204)
	here.do("GET", "/api/session", nil).want(200)
	there.do("GET", "/api/session", nil).want(401)
	if _, err := s.accounts.DisableUser(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	here.do("GET", "/api/session", nil).want(401)
}

func TestOtherSitesCannotChangeAnything(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	b := s.signedIn(t, "alice")
	b.do("DELETE", "/api/session", nil, "Sec-Fetch-Site", "cross-site").want(403)
	b.do("DELETE", "/api/session", nil, "Origin", "https://evil.example").want(403)
	b.do("POST", "/api/session", in{"address": "alice", "password": password}, "Sec-Fetch-Site", "same-site").want(403)
	b.do("GET", "/api/session", nil, "Sec-Fetch-Site", "cross-site").want(200)
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "alice", account.RoleUser)
	b := s.signedIn(t, "alice")
	b.do("POST", "/api/session", in{"address": "alice", "password": strings.Repeat("x", 70_000)}).want(413)
	b.do("POST", "/api/session", in{"address": "alice", "password": strings.Repeat("x", 2000)}).want(422)
	b.do("POST", "/api/session", in{"address": 7}).want(422)
	b.do("POST", "/api/session", "text").want(422)
	b.do("POST", "/api/session", nil).want(400)
	b.do("GET", "/api/nothing", nil).want(404).says(`"status":404`)
	b.do("POST", "/api/messages", nil).want(405)
	b.do("GET", "/api/messages/none", nil).want(422)
	b.do("GET", "/api/messages?folder=attic", nil).want(422)
}
