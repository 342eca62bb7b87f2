package web_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/trunk"
	"tandem/web"
)

func TestPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser(t)
	first := b.do("GET", "/", nil).want(200).says("portal")
	policy := first.Header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %s", policy)
	}
	_, nonce, _ := strings.Cut(policy, "'nonce-")
	nonce, _, _ = strings.Cut(nonce, "'")
	if nonce == "" || !strings.Contains(string(first.body), "nonce="+nonce) {
		t.Errorf("nonce %q is not in %s", nonce, first.body)
	}
	if again := b.do("GET", "/admin/users", nil).want(200).says("portal"); again.Header.Get("Content-Security-Policy") == policy {
		t.Error("the nonce is used again")
	}
	asset := b.do("GET", "/assets/app-1.js", nil).want(200)
	if !strings.Contains(asset.Header.Get("Cache-Control"), "immutable") || string(asset.body) != "1" {
		t.Errorf("%v %s", asset.Header, asset.body)
	}
	b.do("GET", "/assets/app-0.js", nil).want(404)
	b.do("GET", "/assets/", nil).want(404)
	b.do("POST", "/", in{}).want(405)
	b.do("GET", "/api/openapi.json", nil).want(200).says(`"openapi":"3.1.0"`)
}

func TestWithoutAPortalTheAPIWorks(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *web.Config) { c.Files = fstest.MapFS{".gitkeep": {}} })
	b := s.browser(t)
	b.do("GET", "/", nil).want(200).says("npm run build")
	b.do("GET", "/.gitkeep", nil).want(200).says("npm run build")
	b.do("GET", "/api/portal", nil).want(200)
}

func TestOverview(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := start(t, func(c *web.Config) {
		c.Trunks = func() []trunk.State {
			return []trunk.State{{Name: "carrier", LastError: "the carrier refused our password"}}
		}
		c.Numbers = func(context.Context) ([]route.Number, error) {
			return []route.Number{{E164: "+15551230001", Target: route.Target{Kind: route.ToUser, Value: "alice@example.org"}}}, nil
		}
		c.Calls = func(_ context.Context, limit int) ([]cdr.Record, error) {
			return []cdr.Record{{Direction: cdr.Inbound, Caller: call.Party{Number: "+15551230002"}, Number: "+15551230001", StartedAt: now, EndedAt: now, Cause: call.UserBusy}}, nil
		}
		c.Status = func(context.Context) (map[string]any, error) { return map[string]any{"peers": 4}, nil }
	})
	s.user(t, "root", "administrator")
	s.signedIn(t, "root").do("GET", "/api/admin/overview", nil).want(200).
		says("refused our password").says(`"target":"alice@example.org"`).says(`"caller":"+15551230002"`).says(`"peers":4`)
}

func TestTheOverviewSurvivesAStateThatCannotBeTold(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *web.Config) {
		c.Status = func(context.Context) (map[string]any, error) { return nil, errors.New("not joined") }
	})
	s.user(t, "root", "administrator")
	s.signedIn(t, "root").do("GET", "/api/admin/overview", nil).want(200).says(`"problem":"not joined"`).says(`"trunks":[]`)
}

func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *web.Config) {
		c.Status = func(context.Context) (map[string]any, error) { panic("a broken invariant") }
	})
	s.user(t, "root", "administrator")
	b := s.signedIn(t, "root")
	a := b.do("GET", "/api/admin/overview", nil).want(500)
	if id := a.Header.Get("X-Request-Id"); id == "" || !strings.Contains(string(a.body), id) || strings.Contains(string(a.body), "invariant") {
		t.Errorf("%s, request %s", a.body, id)
	}
	if !strings.Contains(s.log.String(), "a broken invariant") {
		t.Error("the log does not say why")
	}
	b.do("GET", "/api/session", nil).want(200)
}
