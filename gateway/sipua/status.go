package sipua

import (
	"fmt"
	"strconv"
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
	Local      bool          // nobody sent it: it stands for a timeout or a lost connection here
}

// Error gives status and phrase.
func (e *StatusError) Error() string {
	s := "sip: " + strconv.Itoa(e.Code) + " " + e.phrase()
	if e.Local {
		return s + " (no response)"
	}
	return s
}

// Unwrap gives the Cause.
func (e *StatusError) Unwrap() error {
	if e.Cause != 0 {
		return e.Cause
	}
	return CauseOf(e.Code)
}

func (e *StatusError) phrase() string {
	if e.Reason != "" {
		return e.Reason
	}
	return phrase(e.Code)
}

// CauseOf is the Q.850 cause of a SIP status (RFC 3398 §8.2.6.1). A status the table lacks counts as the x00 of its
// class (RFC 3261 §8.1.3.2).
func CauseOf(status int) call.Cause {
	if c, ok := causeOfStatus[status]; ok {
		return c
	}
	if c, ok := causeOfStatus[status/100*100]; ok {
		return c
	}
	return call.NormalUnspecified
}

// StatusOf is the SIP status of a Q.850 cause (RFC 3398 §7.2.4.1), for an INVITE that is refused because of it.
func StatusOf(c call.Cause) int {
	if s, ok := statusOfCause[c]; ok {
		return s
	}
	return 500
}

// causeOfStatus is RFC 3398 §8.2.6.1. What the RFC leaves out or leaves to the implementation is marked.
var causeOfStatus = map[int]call.Cause{
	300: 23, 301: 22, 302: 23, // not in the table: a redirection that we do not follow
	400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22,
	413: 127, 414: 127, 415: 79, 416: 127, 420: 127, 421: 127, 423: 127,
	480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
	487: 16, // "no mapping": the call was cancelled, which is normal clearing
	488: 88, // "by Warning header": no codec in common is what a gateway meets
	500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127,
	600: 17, 603: 21, 604: 1, 606: 88,
	607: 21, 608: 21, // RFC 8197, RFC 8688: not in the table
}

// statusOfCause is RFC 3398 §7.2.4.1. Causes that it does not name become the last entry of their class.
var statusOfCause = map[call.Cause]int{
	1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502, 28: 484,
	29: 501, 31: 480,
	16: 480, // "will usually result in a BYE or CANCEL": refusing an INVITE needs a status nevertheless
	34: 503, 38: 503, 41: 503, 42: 503, 47: 503,
	55: 403, 57: 403, 58: 503,
	65: 488, 69: 501, 70: 488, 79: 501,
	87: 403, 88: 488, // 88 is 503 in the RFC; to a SIP caller a missing codec is 488 (RFC 3261 §21.4.26)
	102: 504, 111: 500, 127: 500,
}

var phrases = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress", 200: "OK",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
	410: "Gone", 413: "Request Entity Too Large", 414: "Request-URI Too Long", 415: "Unsupported Media Type",
	416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required", 422: "Session Interval Too Small",
	423: "Interval Too Brief", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
	482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
	501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Server Time-out",
	505: "Version Not Supported", 513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline",
	604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

func phrase(status int) string {
	if p, ok := phrases[status]; ok {
		return p
	}
	return fmt.Sprintf("Status %d", status)
}
