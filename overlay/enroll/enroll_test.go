package enroll_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/enroll"
	"tandem/overlay/wire"
)

// RELOAD: ENR-1 CFG-9
func TestEnroll(t *testing.T) {
	s := newSite(t)
	dir := filepath.Join(t.TempDir(), "alice", "laptop")
	id, doc, err := enroll.Client(t.Context(), s.link(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if id.User != "alice@example.org" || s.book.devices[id.NodeID()] != "alice@example.org" {
		t.Errorf("%s as %v, on record %v", id.User, id.NodeID(), s.book.devices)
	}
	if !bytes.Equal(doc.Raw, s.current()) || doc.InstanceName != overlay {
		t.Errorf("document %q", doc.Raw)
	}
	if _, err := cert.NewVerifier(overlay, doc.Trust(), nil).Certificate(id.Certificate.Raw); err != nil {
		t.Errorf("the certificate does not hold: %v", err)
	}
	if left := time.Until(id.Certificate.NotAfter); left < 89*24*time.Hour || left > 90*24*time.Hour {
		t.Errorf("valid for %v, want 90 days", left)
	}

	again, sameDoc, err := enroll.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Certificate.Equal(id.Certificate) || !again.Key.(*ecdsa.PrivateKey).Equal(id.Key.(*ecdsa.PrivateKey)) || sameDoc.Sequence != doc.Sequence {
		t.Error("Load gives something else than Client gave")
	}
	for _, name := range []string{enroll.KeyFile, enroll.CertificateFile, enroll.DocumentFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info, err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 3 {
		t.Errorf("%d files, want 3: %v", len(files), files)
	}
}

// One answer for all who may not: nobody learns whether a secret exists.
// RELOAD: ENR-4
func TestRefusedAlike(t *testing.T) {
	s := newSite(t)
	links := map[string]string{
		"unknown secret": s.authority.Invitation(s.host, "alice@example.org", "other"),
		"another user":   s.authority.Invitation(s.host, "bob@example.org", "s3cret"),
		"unknown user":   s.authority.Invitation(s.host, "nobody@example.org", "s3cret"),
	}
	var texts []string
	for name, link := range links {
		_, _, err := enroll.Client(t.Context(), link, t.TempDir())
		if !errors.Is(err, enroll.ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", name, err)
			continue
		}
		texts = append(texts, err.Error())
	}
	if _, _, err := enroll.Client(t.Context(), s.link(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	_, _, err := enroll.Client(t.Context(), s.link(), t.TempDir())
	if !errors.Is(err, enroll.ErrRefused) {
		t.Fatalf("used: %v, want ErrRefused", err)
	}
	for _, text := range texts {
		if text != err.Error() {
			t.Errorf("%q and %q differ", text, err)
		}
	}
}

func TestEnrolledAlready(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	if _, _, err := enroll.Client(t.Context(), s.link(), dir); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, enroll.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	s.book.secrets["second"] = "alice@example.org"
	if _, _, err := enroll.Client(t.Context(), s.authority.Invitation(s.host, "alice@example.org", "second"), dir); !errors.Is(err, enroll.ErrEnrolled) {
		t.Errorf("into the same directory: %v, want ErrEnrolled", err)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, enroll.KeyFile)); !bytes.Equal(now, key) {
		t.Error("the key was replaced")
	}
	if _, unused := s.book.secrets["second"]; !unused {
		t.Error("the secret was used up")
	}
}

// After a refusal the same directory can be tried again.
func TestSecondAttempt(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	if _, _, err := enroll.Client(t.Context(), s.authority.Invitation(s.host, "alice@example.org", "typo"), dir); !errors.Is(err, enroll.ErrRefused) {
		t.Fatal(err)
	}
	if _, _, err := enroll.Client(t.Context(), s.link(), dir); err != nil {
		t.Fatal(err)
	}
	if _, _, err := enroll.Load(dir); err != nil {
		t.Error(err)
	}
}

func TestUserIsLowerCase(t *testing.T) {
	s := newSite(t)
	id, _, err := enroll.Client(t.Context(), s.authority.Invitation(s.host, "Alice@Example.org", "s3cret"), t.TempDir())
	if err != nil || id.User != "alice@example.org" {
		t.Errorf("got %v, %v", id, err)
	}
}

// The link names the authority. A server of another one, be it at the same address, learns nothing of the secret.
// RELOAD: ENR-3
func TestWrongAuthority(t *testing.T) {
	s, other := newSite(t), newSite(t)
	for name, link := range map[string]string{
		"fingerprint of another": strings.Split(s.link(), "#")[0] + "#" + strings.Split(other.link(), "#")[1],
		"server of another":      s.authority.Invitation(other.host, "alice@example.org", "s3cret"),
	} {
		if _, _, err := enroll.Client(t.Context(), link, t.TempDir()); err == nil || errors.Is(err, enroll.ErrRefused) {
			t.Errorf("%s: %v, want an error of TLS", name, err)
		}
	}
	if len(s.book.secrets) != 1 || len(other.book.secrets) != 1 {
		t.Error("a secret was used")
	}
}

// Users of the overlay have certificates under the same authority; none of them is the enrollment server.
// RELOAD: ENR-4
func TestUserIsNotTheServer(t *testing.T) {
	s := newSite(t)
	mallory, err := s.authority.NewIdentity("mallory@example.org", wire.NodeID{1})
	if err != nil {
		t.Fatal(err)
	}
	_, fake := serve(t, s.server.Handler, &tls.Config{Certificates: chainOf(mallory, s.authority)})
	_, _, err = enroll.Client(t.Context(), s.authority.Invitation(fake, "alice@example.org", "s3cret"), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "certificate") || len(s.book.secrets) != 1 {
		t.Errorf("got %v, secrets %v, want a refusal of the certificate", err, s.book.secrets)
	}
}

// RELOAD: CFG-9
func TestDocumentOfAnother(t *testing.T) {
	s, other := newSite(t), newSite(t)
	s.mu.Lock()
	s.document = other.current()
	s.mu.Unlock()
	if _, _, err := enroll.Client(t.Context(), s.link(), t.TempDir()); !errors.Is(err, config.ErrSignature) {
		t.Errorf("got %v, want ErrSignature", err)
	}
	if len(s.book.secrets) != 1 {
		t.Error("the secret was used")
	}
}

func TestBadDocuments(t *testing.T) {
	s := newSite(t)
	for name, raw := range map[string][]byte{
		"none":      nil,
		"malformed": []byte("<overlay"),
		"too long":  bytes.Repeat([]byte(" "), config.MaxSize+1),
	} {
		s.mu.Lock()
		s.document = raw
		s.mu.Unlock()
		if _, _, err := enroll.Client(t.Context(), s.link(), t.TempDir()); err == nil {
			t.Errorf("%s: enrolled", name)
		}
	}
}

func TestParseInvitation(t *testing.T) {
	s := newSite(t)
	inv, err := enroll.ParseInvitation(" " + s.link() + "\n")
	if err != nil || inv.Host != s.host || inv.User != "alice@example.org" || inv.Secret != "s3cret" || inv.Root != s.authority.Fingerprint() {
		t.Errorf("got %+v, %v", inv, err)
	}
	for _, bad := range []string{
		"", "s3cret", strings.Replace(s.link(), "https", "http", 1), strings.Replace(s.link(), "/join/", "/other/", 1),
		strings.Replace(s.link(), "s3cret", "", 1), strings.Replace(s.link(), "s3cret", "s3cret/x", 1),
		strings.Split(s.link(), "#")[0], s.link() + "00", strings.Replace(s.link(), "user=", "u=", 1),
	} {
		if got, err := enroll.ParseInvitation(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{enroll.KeyFile, enroll.CertificateFile, enroll.DocumentFile} {
		dir := t.TempDir()
		s.book.secrets["s3cret"] = "alice@example.org"
		if _, _, err := enroll.Client(t.Context(), s.link(), dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("rubbish"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := enroll.Load(dir); err == nil {
			t.Errorf("loaded with rubbish in %s", name)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := enroll.Load(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without %s: %v, want ErrNotExist", name, err)
		}
	}
}
