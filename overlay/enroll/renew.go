package enroll

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/config"
)

// RenewAt is when a certificate ought to be renewed: when a third of its life is left.
func RenewAt(id *cert.Identity) time.Time {
	c := id.Certificate
	return c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3)
}

// Renew gets a new certificate for the same user, Node-ID and key from one of the document's enrollment servers, by
// showing the present one, and replaces it in dir. ErrRefused: the device was revoked or its user is gone.
func Renew(ctx context.Context, dir string) (*cert.Identity, error) {
	id, doc, err := Load(dir)
	if err != nil {
		return nil, err
	}
	err = errors.New("the configuration document names no enrollment server")
	for _, server := range doc.EnrollmentServers {
		for _, root := range doc.Roots {
			var next *cert.Identity
			if next, err = renewAt(ctx, server, sha256.Sum256(root.Raw), id, doc); err == nil {
				return next, directory(dir).put(CertificateFile, cert.EncodeCertificate(next.Certificate.Raw))
			}
			if errors.Is(err, ErrRefused) {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("renew the certificate: %w", err)
}

func renewAt(ctx context.Context, server string, root [32]byte, id *cert.Identity, doc *config.Document) (*cert.Identity, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("enrollment server %q: not an https URL", server)
	}
	h := httpClient(u.Host, root, id)
	defer h.CloseIdleConnections()
	der, err := request(ctx, h, server, id.Key, id.User, "")
	if err != nil {
		return nil, err
	}
	next, err := accept(der, id.Key, doc)
	if err == nil && next.NodeID() != id.NodeID() {
		err = errors.New("the enrollment server's answer: another Node-ID")
	}
	return next, err
}
