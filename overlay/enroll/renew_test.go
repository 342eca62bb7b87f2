package enroll_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/overlay/config"
	"tandem/overlay/enroll"
	"tandem/overlay/wire"
)

// RELOAD: CRT-3
func TestRenew(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	id, _, err := enroll.Client(t.Context(), s.link(), dir)
	if err != nil {
		t.Fatal(err)
	}
	next, err := enroll.Renew(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if next.NodeID() != id.NodeID() || next.User != id.User || next.Certificate.Equal(id.Certificate) {
		t.Errorf("renewed %v of %s, same certificate %v", next.NodeID(), next.User, next.Certificate.Equal(id.Certificate))
	}
	if kept, _, err := enroll.Load(dir); err != nil || !kept.Certificate.Equal(next.Certificate) {
		t.Errorf("the directory holds %v, %v", kept, err)
	}
	s.book.revoked[id.NodeID()] = true
	if _, err := enroll.Renew(t.Context(), dir); !errors.Is(err, enroll.ErrRefused) {
		t.Errorf("revoked: %v, want ErrRefused", err)
	}
}

func TestRenewFromNowhere(t *testing.T) {
	s := newSite(t)
	s.publish(t, func(d *config.Document) { d.EnrollmentServers = []string{"http://" + s.host + "/enroll"} })
	dir := t.TempDir()
	if _, _, err := enroll.Client(t.Context(), s.link(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := enroll.Renew(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "https") {
		t.Errorf("over plain HTTP: %v", err)
	}
}

// The client takes nothing from the server but a certificate of the overlay, for its key and its Node-ID.
// RELOAD: ENR-3
func TestWrongAnswer(t *testing.T) {
	s, other := newSite(t), newSite(t)
	dir := t.TempDir()
	id, _, err := enroll.Client(t.Context(), s.link(), dir)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(a *enroll.Authority, n wire.NodeID, pub any) []byte {
		der, _, err := a.Issue(id.User, n, pub, 0)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	var answer []byte
	settings, err := s.authority.TLSConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	_, host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }), settings)
	s.publish(t, func(d *config.Document) { d.EnrollmentServers = []string{"https://" + host + "/enroll"} })
	if err := os.WriteFile(filepath.Join(dir, enroll.DocumentFile), s.current(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{
		"another Node-ID":   issue(s.authority, wire.NodeID{1}, id.Key.Public()),
		"another key":       issue(s.authority, id.NodeID(), newKey(t).Public()),
		"another authority": issue(other.authority, id.NodeID(), id.Key.Public()),
		"rubbish":           []byte("rubbish"),
		"too much":          make([]byte, 1<<20),
	} {
		answer = der
		if _, err := enroll.Renew(t.Context(), dir); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	answer = issue(s.authority, id.NodeID(), id.Key.Public())
	if _, err := enroll.Renew(t.Context(), dir); err != nil {
		t.Errorf("without a fault: %v", err)
	}
}

func TestRenewAt(t *testing.T) {
	s := newSite(t)
	id, _, err := enroll.Client(t.Context(), s.link(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if left := id.Certificate.NotAfter.Sub(enroll.RenewAt(id)); left < 29*24*time.Hour || left > 31*24*time.Hour {
		t.Errorf("renewed %v before the end, want a third of 90 days", left)
	}
}
