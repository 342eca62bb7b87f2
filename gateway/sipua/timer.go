package sipua

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// minSessionExpires is the shortest session interval that RFC 4028 §5 lets anybody ask for, in seconds.
const minSessionExpires = "90"

// sessionTimer is a session's interval (RFC 4028). We never ask for one and always grant one; who asked refreshes.
// If a far side that we did not ask makes us the refresher, we refresh.
type sessionTimer struct{}

// sessionExpires reads the header; zero without one.
func sessionExpires(msg sip.Message) (interval time.Duration, refresher string) {
	for _, name := range []string{"Session-Expires", "x"} {
		for _, h := range msg.GetHeaders(name) {
			value, params, _ := strings.Cut(h.Value(), ";")
			interval = seconds(strings.TrimSpace(value))
			for p := range strings.SplitSeq(params, ";") {
				if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
					refresher = strings.ToLower(strings.TrimSpace(v))
				}
			}
			return interval, refresher
		}
	}
	return 0, ""
}

func (u *UA) timerTooShort(req *sip.Request) bool {
	interval, _ := sessionExpires(req)
	return interval > 0 && interval < 90*time.Second
}

// answer grants the interval that a request asks for: its sender refreshes (§9).
func (sessionTimer) answer(req *sip.Request, res *sip.Response) {
	interval, _ := sessionExpires(req)
	if interval == 0 {
		return
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(interval.Seconds()))+";refresher=uac"))
	res.AppendHeader(sip.NewHeader("Require", "timer"))
}

// agreed starts our refreshing if the answer to our INVITE says that it is up to us.
func (sessionTimer) agreed(l *Leg, res *sip.Response) {
	interval, refresher := sessionExpires(res)
	if interval < 30*time.Second || refresher != "uac" {
		return
	}
	l.ua.wg.Go(func() {
		defer l.ua.guard("refresh")
		l.refreshEvery(interval / 2)
	})
}
