package enroll

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// ErrRefused is the answer to whoever may not enroll, whatever the reason.
var ErrRefused = errors.New("the invitation is not valid: it is unknown, used or expired, or for somebody else")

// Admission redeems one-time secrets and says which certificates may be renewed.
type Admission interface {
	// Admit calls issue, at most once, if secret is good for user, inside the transaction of that decision: if issue or
	// the commit fails the secret stays unused. ErrRefused: unknown, used, expired, another user's.
	Admit(ctx context.Context, user, secret string, issue Issue) error

	// Renew calls issue if the user's device with this Node-ID may go on. ErrRefused: it was revoked, the user is gone.
	Renew(ctx context.Context, user string, node wire.NodeID, issue Issue) error
}

// Issue makes the certificate.
type Issue func(ctx context.Context) (node wire.NodeID, certificate []byte, notAfter time.Time, err error)

// ServerConfig is what a Server needs. All fields but Lifetime are required.
type ServerConfig struct {
	Authority *Authority
	Document  func() []byte // the current signed configuration document
	Admission Admission
	Lifetime  time.Duration // of certificates; 0: cert.Lifetime
	Logger    *slog.Logger
}

// Paths of the server. joinPath is what the invitation shows to a browser.
const (
	documentPath = "/.well-known/reload-config"
	enrollPath   = "/enroll"
)

// maxForm is the largest request body, in bytes.
const maxForm = 64 << 10

// The refusals of RFC 6940 §11.3.
const (
	tokenAuthentication = "failed_authentication"
	tokenUserName       = "username_not_available"
	tokenNodeIDs        = "Node-IDs_not_available"
	tokenCSR            = "bad_CSR"
)

type server struct{ ServerConfig }

// NewServer is the handler of the enrollment server. Serve it over HTTPS with Authority.TLSConfig.
func NewServer(c ServerConfig) http.Handler {
	s := &server{c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+documentPath, s.document)
	mux.HandleFunc("POST "+enrollPath, s.enroll)
	mux.HandleFunc("GET /join/{secret}", s.join)
	return mux
}

// document answers with the configuration document (§11.2).
func (s *server) document(w http.ResponseWriter, _ *http.Request) {
	raw := s.Document()
	if len(raw) == 0 {
		http.Error(w, "there is no configuration document yet", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/p2p-overlay+xml")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(raw)
}

// join is what somebody sees who opens an invitation in a browser. The secret stays unused.
func (s *server) join(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = io.WriteString(w, "This is an invitation to the overlay "+s.Authority.Overlay+
		". It works once, and not in a browser: give the whole link to the program.\n\n    tandem enroll 'LINK'\n")
}

// enroll answers a certificate request (§11.3).
func (s *server) enroll(w http.ResponseWriter, r *http.Request) {
	user, der, err := s.answer(w, r)
	if err != nil {
		s.refuse(w, r, user, err)
		return
	}
	s.Logger.Info("certificate issued", "user", user, "remote", r.RemoteAddr)
	w.Header().Set("Content-Type", "application/pkix-cert")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(der)
}

// refusal is an error with the token that the RFC has for it.
type refusal struct {
	token string
	err   error
}

func (e *refusal) Error() string { return e.token + ": " + e.err.Error() }
func (e *refusal) Unwrap() error { return e.err }

// refuse tells the client the class and the log the cause.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, user string, err error) {
	var known *refusal
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.As(err, &known):
		http.Error(w, known.token, http.StatusForbidden)
	case errors.Is(err, ErrRefused):
		http.Error(w, tokenAuthentication, http.StatusForbidden)
	default:
		s.Logger.Error("enrollment failed", "user", user, "remote", r.RemoteAddr, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	s.Logger.Warn("enrollment refused", "user", user, "remote", r.RemoteAddr, "err", err)
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) (user string, der []byte, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseMultipartForm(maxForm); err != nil {
		return "", nil, &refusal{tokenCSR, fmt.Errorf("read the form: %w", err)}
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	if n := r.PostFormValue("nodeids"); n != "" && n != "1" {
		return "", nil, &refusal{tokenNodeIDs, fmt.Errorf("%.20q Node-IDs asked for", n)}
	}
	csr, err := readCSR(r.MultipartForm)
	if err != nil {
		return "", nil, &refusal{tokenCSR, err}
	}
	return s.issue(r, csr)
}

// issue decides by the secret, or, if there is none, by the certificate that the client shows.
func (s *server) issue(r *http.Request, csr *x509.CertificateRequest) (user string, der []byte, err error) {
	if !r.PostForm.Has("password") && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return s.renew(r, csr)
	}
	// AoRs are lower-case here, and the certificate must say exactly the AoR.
	user = strings.ToLower(strings.TrimSpace(r.PostFormValue("username")))
	if err := userOf(csr, user); err != nil {
		return "", nil, &refusal{tokenUserName, err}
	}
	err = s.Admission.Admit(r.Context(), user, r.PostFormValue("password"), func(context.Context) (wire.NodeID, []byte, time.Time, error) {
		node, err := cert.NewNodeID()
		if err != nil {
			return node, nil, time.Time{}, err
		}
		return s.make(&der, user, node, csr.PublicKey)
	})
	return user, der, err
}

// make issues, and keeps the certificate in der for the answer.
func (s *server) make(der *[]byte, user string, node wire.NodeID, pub crypto.PublicKey) (wire.NodeID, []byte, time.Time, error) {
	certificate, notAfter, err := s.Authority.Issue(user, node, pub, s.Lifetime)
	*der = certificate
	return node, certificate, notAfter, err
}

// renew issues a certificate for the user and the Node-ID of the one that the client proved to have the key of.
func (s *server) renew(r *http.Request, csr *x509.CertificateRequest) (user string, der []byte, err error) {
	trust := cert.Trust{Roots: []*x509.Certificate{s.Authority.Root}}
	peer, err := cert.NewVerifier(s.Authority.Overlay, trust, s.Authority.now).PeerOf(*r.TLS)
	if err != nil {
		return "", nil, &refusal{tokenAuthentication, err}
	}
	err = s.Admission.Renew(r.Context(), peer.User, peer.NodeID(), func(context.Context) (wire.NodeID, []byte, time.Time, error) {
		return s.make(&der, peer.User, peer.NodeID(), csr.PublicKey)
	})
	return peer.User, der, err
}

// readCSR takes the certificate request out of the form and checks that its sender has the key.
func readCSR(form *multipart.Form) (*x509.CertificateRequest, error) {
	der, err := formBytes(form, "csr")
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("parse the CSR: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("check the CSR: %w", err)
	}
	return csr, acceptable(csr.PublicKey)
}

// formBytes reads a part that came as a file or as a plain value.
func formBytes(form *multipart.Form, name string) ([]byte, error) {
	if v := form.Value[name]; len(v) == 1 {
		return []byte(v[0]), nil
	}
	if len(form.File[name]) != 1 {
		return nil, fmt.Errorf("not one form parameter %q", name)
	}
	f, err := form.File[name][0].Open()
	if err != nil {
		return nil, fmt.Errorf("read form parameter %q: %w", name, err)
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}

// userOf checks the name that the CSR asks for, if it does, against the one that was authenticated.
func userOf(csr *x509.CertificateRequest, user string) error {
	for _, name := range csr.EmailAddresses {
		if !strings.EqualFold(name, user) {
			return fmt.Errorf("the CSR is for %.100q, the secret for %.100q", name, user)
		}
	}
	if !cert.ValidUser(user) {
		return fmt.Errorf("user name %.100q", user)
	}
	return nil
}
