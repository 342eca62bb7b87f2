package sipua

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// reasonHeader says why in Q.850 terms (RFC 3326 §2).
func reasonHeader(c call.Cause) sip.Header {
	return sip.NewHeader("Reason", "Q.850;cause="+strconv.Itoa(int(c))+";text=\""+c.String()+"\"")
}

// reasonOf reads the Reason headers of a message: the Q.850 cause if there is one, else the cause of a SIP status,
// else 0. A message may carry several values (RFC 3326 §2).
func reasonOf(msg sip.Message) call.Cause {
	var fallback call.Cause
	for _, h := range msg.GetHeaders("Reason") {
		for _, value := range splitList(h.Value()) {
			protocol, cause := parseReason(value)
			switch {
			case strings.EqualFold(protocol, "Q.850") && cause > 0 && cause < 128:
				return call.Cause(cause)
			case strings.EqualFold(protocol, "SIP") && cause == 200:
				fallback = call.NormalClearing // answered elsewhere, or hung up
			case strings.EqualFold(protocol, "SIP") && cause >= 300 && cause < 700:
				fallback = CauseOf(cause)
			}
		}
	}
	return fallback
}

func parseReason(value string) (protocol string, cause int) {
	parts := splitQuoted(value, ';')
	for _, p := range parts[1:] {
		name, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "cause") {
			cause, _ = strconv.Atoi(strings.TrimSpace(v))
		}
	}
	return strings.TrimSpace(parts[0]), cause
}

// splitList splits a comma-separated header value, leaving quoted strings and angle brackets whole.
func splitList(s string) []string { return splitQuoted(s, ',') }

func splitQuoted(s string, sep byte) []string {
	var parts []string
	quoted, angle, start := false, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == sep && !angle:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	return append(parts, s[min(start, len(s)):])
}
