package sipua

import (
	"fmt"
	"time"

	"tandem/gateway/call"
)

// StatusError is a final response other than 2xx, one that came or one to send. errors.As finds its Cause too.
type StatusError struct {
	Code       int           // SIP status, 300 to 699
	Reason     string        // the phrase; empty means the usual one
	Cause      call.Cause    // from the Reason header (RFC 3326) or RFC 3398's table; 0 means the table's
	RetryAfter time.Duration // from or for Retry-After; 0 none
	Contact    string        // where a 3xx points; never followed by this package
}

// Error gives status and phrase.
func (e *StatusError) Error() string { return fmt.Sprintf("sip status %d %s", e.Code, e.Reason) }

// Unwrap gives the Cause.
func (e *StatusError) Unwrap() error { return e.Cause }

// CauseOf is the Q.850 cause of a SIP status (RFC 3398 §7.2.4.1 and §8.2.6.1).
func CauseOf(status int) call.Cause { return 0 }

// StatusOf is the SIP status of a Q.850 cause (RFC 3398 §7.2.4.1).
func StatusOf(c call.Cause) int { return 0 }
