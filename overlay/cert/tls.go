package cert

import (
	"crypto/tls"
	"fmt"
)

// TLSConfig is for both ends of a RELOAD link and of a SIPS connection between nodes (§6.6, RFC 7904 §5.1): each shows
// its certificate and verifies the other's, chain and profile. Host names mean nothing here; who the other end must be
// is the caller's to check, by PeerOf. identity is asked at each handshake, so that a renewed certificate is used.
func TLSConfig(identity func() *Identity, v *Verifier) *tls.Config {
	own := func() *tls.Certificate {
		id := identity()
		return &tls.Certificate{Certificate: [][]byte{id.Certificate.Raw}, PrivateKey: id.Key, Leaf: id.Certificate}
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // verified by VerifyConnection: there is no host name
		SessionTicketsDisabled: true,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own(), nil },
		GetClientCertificate:   func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own(), nil },
		VerifyConnection: func(cs tls.ConnectionState) error {
			_, err := v.PeerOf(cs)
			return err
		},
	}
}

// PeerOf says who the other end of a connection made with TLSConfig is.
func (v *Verifier) PeerOf(cs tls.ConnectionState) (Peer, error) {
	if len(cs.PeerCertificates) == 0 {
		return Peer{}, fmt.Errorf("%w: the other end showed none", ErrCertificate)
	}
	var others [][]byte
	for _, c := range cs.PeerCertificates[1:] {
		others = append(others, c.Raw)
	}
	return v.Certificate(cs.PeerCertificates[0].Raw, others...)
}
