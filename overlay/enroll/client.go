package enroll

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/config"
)

// ErrEnrolled says that the directory holds an identity already.
var ErrEnrolled = errors.New("there is an identity in this directory already")

// ErrUnavailable says that the server has trouble of its own: the secret was not used.
var ErrUnavailable = errors.New("the enrollment server has trouble of its own; the invitation is still good: try again in a moment")

// requestTimeout bounds each HTTP exchange.
const requestTimeout = 30 * time.Second

// Client follows an invitation link and leaves key, certificate and configuration document in dir, which is made if it
// is not there. The key is written before the secret is used, the certificate last. When nothing came of it, nothing is
// left; only when the answer may have been lost, the key stays. ErrRefused: the secret is no good; ErrUnavailable.
func Client(ctx context.Context, link, dir string) (*cert.Identity, *config.Document, error) {
	inv, err := ParseInvitation(link)
	if err != nil {
		return nil, nil, err
	}
	d, made, err := prepare(dir)
	if err != nil {
		return nil, nil, err
	}
	id, doc, err := d.follow(ctx, inv)
	if err != nil {
		removeEmpty(made)
	}
	return id, doc, err
}

// follow does what an invitation asks for.
func (d directory) follow(ctx context.Context, inv Invitation) (*cert.Identity, *config.Document, error) {
	h := httpClient(inv.Host, inv.Root, nil)
	defer h.CloseIdleConnections()
	doc, err := fetchDocument(ctx, h, "https://"+inv.Host, inv.Root)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	key, err := d.newKey()
	if err != nil {
		return nil, nil, err
	}
	der, err := request(ctx, h, "https://"+inv.Host+enrollPath, key, inv.User, inv.Secret)
	if errors.As(err, new(*answerError)) {
		return nil, nil, errors.Join(unavailable(err), d.dropKey())
	} else if err != nil {
		return nil, nil, err
	}
	id, err := accept(der, key, doc)
	if err != nil {
		return nil, nil, err
	}
	return id, doc, d.write(id, doc)
}

// accept checks a certificate that the server issued: it must be ours and hold in the overlay.
func accept(der []byte, key crypto.Signer, doc *config.Document) (*cert.Identity, error) {
	id, err := cert.NewIdentity(der, key, doc.InstanceName)
	if err != nil {
		return nil, fmt.Errorf("the enrollment server's answer: %w", err)
	}
	if _, err := cert.NewVerifier(doc.InstanceName, doc.Trust(), nil).Certificate(der); err != nil {
		return nil, fmt.Errorf("the enrollment server's answer: %w", err)
	}
	return id, nil
}

// httpClient talks to the server at host ("name:port") only, and trusts the certificate authority with the fingerprint
// root and nobody else. It shows own, if any.
func httpClient(host string, root [32]byte, own *cert.Identity) *http.Client {
	name := (&url.URL{Host: host}).Hostname()
	t := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it, with the one root
		VerifyConnection:   func(cs tls.ConnectionState) error { return verifyServer(cs, name, root) },
	}
	if own != nil {
		t.Certificates = []tls.Certificate{{Certificate: [][]byte{own.Certificate.Raw}, PrivateKey: own.Key}}
	}
	return &http.Client{
		Timeout:       requestTimeout,
		Transport:     &http.Transport{TLSClientConfig: t, TLSHandshakeTimeout: requestTimeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// verifyServer wants a chain that ends in the root with this fingerprint, and the name in the certificate: users of the
// overlay have certificates under the same root. (cs.ServerName is empty when the name is an address.)
func verifyServer(cs tls.ConnectionState, name string, root [32]byte) error {
	roots := x509.NewCertPool()
	found := false
	for _, c := range cs.PeerCertificates {
		if sha256.Sum256(c.Raw) == root {
			roots.AddCert(c)
			found = true
		}
	}
	if !found {
		return errors.New("the enrollment server does not belong to the overlay of the invitation")
	}
	_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
	return err
}

func fetchDocument(ctx context.Context, h *http.Client, base string, root [32]byte) (*config.Document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+documentPath, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch the configuration document: %w", err)
	}
	raw, err := do(h, req, config.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("fetch the configuration document: %w", err)
	}
	return config.VerifyFirst(raw, "", root, time.Now())
}

// do sends a request and reads an answer of at most limit bytes.
func do(h *http.Client, req *http.Request, limit int64) ([]byte, error) {
	resp, err := h.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("the answer has more than %d bytes", limit)
	case resp.StatusCode == http.StatusForbidden:
		return nil, &answerError{resp.StatusCode, refusalOf(strings.TrimSpace(string(body)))}
	case resp.StatusCode != http.StatusOK:
		return nil, &answerError{resp.StatusCode, fmt.Errorf("the server says %q", resp.Status)}
	}
	return body, nil
}

// An answerError is a server's answer that is no certificate and no document.
type answerError struct {
	status int
	error
}

func (e *answerError) Unwrap() error { return e.error }

// unavailable adds to an answer of the 5xx kind what it means for the invitation.
func unavailable(err error) error {
	var answer *answerError
	if errors.As(err, &answer) && answer.status >= http.StatusInternalServerError {
		return fmt.Errorf("%w (%d %s)", ErrUnavailable, answer.status, http.StatusText(answer.status))
	}
	return err
}

func refusalOf(token string) error {
	switch token {
	case tokenAuthentication:
		return ErrRefused
	case tokenUserName, tokenNodeIDs, tokenCSR:
		return fmt.Errorf("the enrollment server refuses: %s", token)
	}
	return errors.New("the enrollment server refuses and does not say why")
}

// request asks for a certificate (§11.3). Without a secret the client's present certificate speaks for it.
func request(ctx context.Context, h *http.Client, at string, key crypto.Signer, user, secret string) ([]byte, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{EmailAddresses: []string{user}}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	body, contentType, err := form(csr, user, secret)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, body)
	if err != nil {
		return nil, fmt.Errorf("ask for a certificate: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/pkix-cert")
	der, err := do(h, req, maxForm)
	if err != nil {
		return nil, fmt.Errorf("ask for a certificate: %w", err)
	}
	return der, nil
}

func form(csr []byte, user, secret string) (body *bytes.Buffer, contentType string, err error) {
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="csr"; filename="csr.p10"`},
		"Content-Type":        {"application/pkcs10"},
	})
	if err == nil {
		_, err = part.Write(csr)
	}
	if err == nil && secret != "" {
		err = errors.Join(w.WriteField("username", user), w.WriteField("password", secret))
	}
	return body, w.FormDataContentType(), errors.Join(err, w.Close())
}
