package enroll_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/config"
	"tandem/overlay/enroll"
)

// csr is a certificate request for alice.
func csr(t *testing.T, key any, names ...string) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{EmailAddresses: names}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// post sends a form to the server and gives the answer.
func (s *site) post(t *testing.T, fields map[string]string) (status int, contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return s.send(t, w.FormDataContentType(), &b)
}

func (s *site) send(t *testing.T, contentType string, body io.Reader) (int, string, string) {
	t.Helper()
	resp, err := s.client(t).Post("https://"+s.host+"/enroll", contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(answer)
}

// The tokens of §11.3.
// RELOAD: ENR-2 ENR-4
func TestRefusalTokens(t *testing.T) {
	s := newSite(t)
	key := newKey(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	forged := csr(t, key, "alice@example.org")
	forged[len(forged)-3] ^= 1
	good := func(change map[string]string) map[string]string {
		f := map[string]string{"username": "alice@example.org", "password": "s3cret", "csr": string(csr(t, key, "alice@example.org"))}
		for k, v := range change {
			f[k] = v
		}
		return f
	}
	for name, row := range map[string]struct {
		fields map[string]string
		want   string
	}{
		"wrong password":   {good(map[string]string{"password": "x"}), "failed_authentication"},
		"empty password":   {good(map[string]string{"password": ""}), "failed_authentication"},
		"no such user":     {good(map[string]string{"username": "bob@example.org", "csr": string(csr(t, key, "bob@example.org"))}), "failed_authentication"},
		"CSR for another":  {good(map[string]string{"csr": string(csr(t, key, "bob@example.org"))}), "username_not_available"},
		"user without @":   {good(map[string]string{"username": "alice", "csr": string(csr(t, key))}), "username_not_available"},
		"two Node-IDs":     {good(map[string]string{"nodeids": "2"}), "Node-IDs_not_available"},
		"CSR forged":       {good(map[string]string{"csr": string(forged)}), "bad_CSR"},
		"CSR rubbish":      {good(map[string]string{"csr": "x"}), "bad_CSR"},
		"CSR missing":      {map[string]string{"username": "alice@example.org", "password": "s3cret"}, "bad_CSR"},
		"RSA of 1024 bits": {good(map[string]string{"csr": string(csr(t, small, "alice@example.org"))}), "bad_CSR"},
		"body too long":    {good(map[string]string{"x": strings.Repeat("x", 80<<10)}), "bad_CSR"},
	} {
		status, contentType, body := s.post(t, row.fields)
		if status != http.StatusForbidden || body != row.want+"\n" || !strings.HasPrefix(contentType, "text/plain") {
			t.Errorf("%s: %d %s %q, want 403 text/plain %q", name, status, contentType, body, row.want)
		}
	}
	if status, _, body := s.send(t, "application/json", strings.NewReader("{}")); status != http.StatusForbidden || body != "bad_CSR\n" {
		t.Errorf("no form: %d %q", status, body)
	}
	if len(s.book.secrets) != 1 || len(s.book.devices) != 0 {
		t.Errorf("secrets %v, devices %v: a refusal changed something", s.book.secrets, s.book.devices)
	}
	status, contentType, body := s.post(t, good(nil))
	if status != http.StatusOK || contentType != "application/pkix-cert" {
		t.Fatalf("without a fault: %d %s %q", status, contentType, body)
	}
	if _, err := cert.NewIdentity([]byte(body), key, overlay); err != nil {
		t.Errorf("the certificate: %v", err)
	}
}

// RELOAD: CFG-9
func TestDocumentServed(t *testing.T) {
	s := newSite(t)
	resp, err := s.client(t).Get("https://" + s.host + "/.well-known/reload-config")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(body, s.current()) || resp.Header.Get("Content-Type") != "application/p2p-overlay+xml" {
		t.Errorf("%v, %s, %q", err, resp.Header.Get("Content-Type"), body)
	}
}

// A browser that opens the invitation does not use it up.
func TestInvitationInABrowser(t *testing.T) {
	s := newSite(t)
	resp, err := s.client(t).Get(strings.Split(s.link(), "#")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "tandem enroll") || strings.Contains(string(body), "s3cret") {
		t.Errorf("%v, %d, %q", err, resp.StatusCode, body)
	}
	if len(s.book.secrets) != 1 {
		t.Error("the secret was used")
	}
}

func TestAuthorityFromItsBytes(t *testing.T) {
	s := newSite(t)
	key, err := s.authority.KeyDER()
	if err != nil {
		t.Fatal(err)
	}
	a, err := enroll.LoadAuthority(overlay, s.authority.CertificateDER(), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.SignerID() != s.authority.SignerID() || a.Fingerprint() != s.authority.Fingerprint() {
		t.Error("it came back as another one")
	}
	other := newSite(t)
	if _, err := enroll.LoadAuthority(overlay, other.authority.CertificateDER(), key, nil); err == nil {
		t.Error("another's certificate was taken")
	}
}

// The certificate of the HTTPS server is made anew in time.
// RELOAD: AMB-13
func TestServerCertificateRenewed(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	a, err := enroll.NewAuthority(overlay, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	config, err := a.TLSConfig("192.0.2.1", "tandem.example.net")
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		c, err := config.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{overlay, "192.0.2.1", "tandem.example.net"} {
			if err := leaf.VerifyHostname(host); err != nil || now.After(leaf.NotAfter) {
				t.Errorf("on %v for %s: %v, until %v", now, host, err, leaf.NotAfter)
			}
		}
		return leaf.SerialNumber.String()
	}
	first := serial()
	if now = now.Add(30 * 24 * time.Hour); serial() != first {
		t.Error("made anew after 30 days of 90")
	}
	if now = now.Add(40 * 24 * time.Hour); serial() == first {
		t.Error("still the old one after 70 days of 90")
	}
}

// A document that nobody had reason to change is good for more than the 90 days of other certificates.
func TestDocumentOutlivesCertificates(t *testing.T) {
	s := newSite(t)
	for after, want := range map[time.Duration]bool{5 * 365 * 24 * time.Hour: true, 21 * 365 * 24 * time.Hour: false} {
		_, err := config.VerifyFirst(s.current(), overlay, s.authority.Fingerprint(), time.Now().Add(after))
		if (err == nil) != want {
			t.Errorf("after %v: %v, want it good: %v", after, err, want)
		}
	}
}

// chainOf is a certificate chain as the enrollment server has one, but of a user.
func chainOf(id *cert.Identity, a *enroll.Authority) []tls.Certificate {
	return []tls.Certificate{{Certificate: [][]byte{id.Certificate.Raw, a.Root.Raw}, PrivateKey: id.Key}}
}
