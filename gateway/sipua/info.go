package sipua

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// digitOf reads a key press from an INFO body: application/dtmf-relay ("Signal=5", "Duration=160") or
// application/dtmf ("5"). Neither is in an RFC; both are what softphones send.
func digitOf(contentType string, body []byte) (call.Digit, bool) {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	d := call.Digit{Duration: 100 * time.Millisecond}
	signal := string(body)
	switch strings.TrimSpace(kind) {
	case "application/dtmf":
	case "application/dtmf-relay":
		signal = ""
		for line := range strings.Lines(string(body)) {
			name, value, _ := strings.Cut(line, "=")
			value = strings.TrimSpace(value)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "signal":
				signal = value
			case "duration":
				if ms, err := strconv.Atoi(value); err == nil && ms > 0 && ms <= 10000 {
					d.Duration = time.Duration(ms) * time.Millisecond
				}
			}
		}
	default:
		return d, false
	}
	key, ok := keyOf(strings.TrimSpace(signal))
	d.Key = key
	return d, ok
}

func keyOf(s string) (byte, bool) {
	switch s {
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	s = strings.ToUpper(s)
	if len(s) != 1 || !strings.Contains("0123456789*#ABCD", s) {
		return 0, false
	}
	return s[0], true
}

func infoType(req *sip.Request) string {
	if h := req.ContentType(); h != nil {
		return h.Value()
	}
	return ""
}

// takeInfo hands on the digit of an INFO.
func (l *Leg) takeInfo(req *sip.Request) {
	if d, ok := digitOf(infoType(req), req.Body()); ok {
		if m := l.Media(); m != nil {
			m.ReceiveDigit(d)
		}
	}
}

// infoStatus answers an INFO: what we do not understand is 415, an empty one is a keep-alive.
func infoStatus(req *sip.Request) int {
	if len(req.Body()) == 0 {
		return 200
	}
	if !strings.HasPrefix(strings.ToLower(infoType(req)), "application/dtmf") {
		return 415
	}
	if _, ok := digitOf(infoType(req), req.Body()); !ok {
		return 400
	}
	return 200
}
