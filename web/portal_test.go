package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations/pgtest"
	"tandem/voicemail/voicemailpg"
	"tandem/web"
	"tandem/web/account"
)

const password = "correct horse battery"

// A site is a portal with its database, reached over HTTP.
type site struct {
	pool     *pgxpool.Pool
	accounts *account.Store
	mail     *voicemailpg.Store
	url      string
	stop     func() // ends what Run does
	log      *lockedBuffer
}

// start runs a portal; change may alter its configuration first.
func start(t *testing.T, change ...func(*web.Config)) *site {
	t.Helper()
	s := &site{pool: pgtest.New(t), log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	s.accounts, err = account.New(s.pool, account.Config{
		Domain: "example.org", Hash: argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mail = voicemailpg.New(s.pool, log)
	cfg := web.Config{
		Pool: s.pool, Accounts: s.accounts, Messages: s.mail, Domain: "example.org", Log: log,
		Link: func(aor, secret string) string {
			return "https://example.org/join/" + secret + "?user=" + aor + "#sha256:00"
		},
		Files: fstest.MapFS{"index.html": {Data: []byte("<script nonce=__CSP_NONCE__></script>portal")}, "assets/app-1.js": {Data: []byte("1")}},
	}
	for _, f := range change {
		f(&cfg)
	}
	portal, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.mail.Run(ctx) })
	running.Go(func() { _ = portal.Run(ctx) })
	server := httptest.NewServer(portal)
	s.url, s.stop = server.URL, func() { cancel(); running.Wait() }
	t.Cleanup(func() { s.stop(); server.Close() })
	return s
}

// user makes an account that can sign in.
func (s *site) user(t *testing.T, aor string, role account.Role) account.User {
	t.Helper()
	u, err := s.accounts.CreateUser(t.Context(), account.NewUser{AoR: aor, Role: role, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A browser keeps cookies.
type browser struct {
	t      *testing.T
	site   *site
	client *http.Client
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, s, &http.Client{Jar: jar}}
}

// signedIn is a browser in which the user has signed in.
func (s *site) signedIn(t *testing.T, aor string) *browser {
	t.Helper()
	b := s.browser(t)
	b.do("POST", "/api/session", in{"address": aor, "password": password}).want(200)
	return b
}

type in = map[string]any

// An answer with its body read.
type answer struct {
	*http.Response
	t    *testing.T
	name string
	body []byte
}

// do sends a request; headers come in pairs.
func (b *browser) do(method, path string, body any, headers ...string) answer {
	b.t.Helper()
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.site.url+path, r)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{res, b.t, method + " " + path, text}
}

// want checks the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s: %d %s, want %d", a.name, a.StatusCode, a.body, status)
	}
	return a
}

// into decodes the body.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.name, err, a.body)
	}
}

// says checks that the body has the text.
func (a answer) says(text string) answer {
	a.t.Helper()
	if !strings.Contains(string(a.body), text) {
		a.t.Errorf("%s: %s does not say %q", a.name, a.body, text)
	}
	return a
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
