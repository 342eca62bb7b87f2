package enroll_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tandem/overlay/config"
	"tandem/overlay/enroll"
)

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
