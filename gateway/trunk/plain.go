package trunk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"tandem/gateway/sipua"
)

// plain says in one sentence what is wrong with a trunk, for the person who configured it.
func plain(t Trunk, err error) string {
	var status *sipua.StatusError
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &status):
		return plainStatus(t, status)
	case errors.As(err, &dns):
		return fmt.Sprintf("No address is known for %s.", t.Host)
	case errors.As(err, &cert):
		return fmt.Sprintf("The certificate of %s is not valid: %v.", t.Host, cert.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refuses connections over %s.", t.Host, t.Transport)
	case errors.Is(err, errSilence), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s does not answer.", t.Host)
	case errors.Is(err, errNoTime):
		return fmt.Sprintf("%s granted the registration for no time at all.", t.Host)
	}
	return fmt.Sprintf("%s cannot be reached: %v.", t.Host, err)
}

func plainStatus(t Trunk, e *sipua.StatusError) string {
	switch {
	case e.Local && e.Code == 408:
		return fmt.Sprintf("%s does not answer.", t.Host)
	case e.Local:
		return fmt.Sprintf("The connection to %s was lost.", t.Host)
	case e.Code == 401 || e.Code == 407 || e.Code == 403:
		return fmt.Sprintf("%s refuses the user %s: check user name and password (status %d).", t.Host, t.AuthUser, e.Code)
	case e.Code == 404:
		return fmt.Sprintf("%s does not know the user %s (status 404).", t.Host, t.User)
	case e.Code >= 500:
		return fmt.Sprintf("%s has a problem of its own (status %d %s).", t.Host, e.Code, e.Reason)
	}
	return fmt.Sprintf("%s refuses (status %d %s).", t.Host, e.Code, e.Reason)
}
