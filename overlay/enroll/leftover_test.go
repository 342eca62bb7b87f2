package enroll_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/overlay/enroll"
)

// withPost serves the site's document; certificate requests are answered by post.
func (s *site) withPost(t *testing.T, post http.HandlerFunc) string {
	t.Helper()
	config, err := s.authority.TLSConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	_, host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			post(w, r)
			return
		}
		s.server.Handler.ServeHTTP(w, r)
	}), config)
	return s.authority.Invitation(host, "alice@example.org", "s3cret")
}

func TestWithoutAnIdentityNothingIsLeft(t *testing.T) {
	s := newSite(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		link string
	}{
		"refused":      {t.Context(), s.authority.Invitation(s.host, "alice@example.org", "typo")},
		"in trouble":   {t.Context(), s.withPost(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusBadGateway) })},
		"not answered": {gone, s.link()},
	} {
		base := t.TempDir()
		if _, _, err := enroll.Client(c.ctx, c.link, filepath.Join(base, "tandem", "alice")); err == nil {
			t.Fatalf("%s: enrolled", name)
		}
		if left, _ := os.ReadDir(base); len(left) != 0 {
			t.Errorf("%s: %v is left", name, left)
		}
		kept := filepath.Join(base, "mine") // a directory of somebody else stays
		if err := os.Mkdir(kept, 0o700); err != nil {
			t.Fatal(err)
		}
		_, _, _ = enroll.Client(c.ctx, c.link, kept)
		if left, err := os.ReadDir(kept); err != nil || len(left) != 0 {
			t.Errorf("%s: in a directory that was there: %v, %v", name, left, err)
		}
	}
}

// The server may have used the secret before its answer was lost: then the key is all there is.
func TestKeyStaysWhenTheAnswerIsLost(t *testing.T) {
	s := newSite(t)
	dir := filepath.Join(t.TempDir(), "alice")
	link := s.withPost(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, _, err := enroll.Client(t.Context(), link, dir); err == nil || errors.Is(err, enroll.ErrRefused) {
		t.Fatalf("got %v, want a lost connection", err)
	}
	if _, err := os.Stat(filepath.Join(dir, enroll.KeyFile)); err != nil {
		t.Error(err)
	}
}

func TestServerInTrouble(t *testing.T) {
	s := newSite(t)
	link := s.withPost(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "", http.StatusInternalServerError) })
	_, _, err := enroll.Client(t.Context(), link, t.TempDir())
	if !errors.Is(err, enroll.ErrUnavailable) || !strings.Contains(err.Error(), "still good") {
		t.Errorf("got %v, want ErrUnavailable, which says that the invitation is still good", err)
	}
}
