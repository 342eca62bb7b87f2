package sipua

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// minSessionExpires is the shortest session interval that RFC 4028 §5 lets anybody ask for, in seconds.
const minSessionExpires = "90"

// Session timers (RFC 4028): we never ask for one and always grant one; who asked refreshes. If a far side that we did
// not ask makes us the refresher, we refresh.

// sessionExpires reads the header; zero without one.
func sessionExpires(msg sip.Message) (interval time.Duration, refresher string) {
	found := append(msg.GetHeaders("Session-Expires"), msg.GetHeaders("x")...)
	if len(found) == 0 {
		return 0, ""
	}
	value, params, _ := strings.Cut(found[0].Value(), ";")
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return seconds(strings.TrimSpace(value)), refresher
}

func (u *UA) timerTooShort(req *sip.Request) bool {
	interval, _ := sessionExpires(req)
	return interval > 0 && interval < 90*time.Second
}

// grantTimer grants the interval that a request asks for: its sender refreshes (§9).
func grantTimer(req *sip.Request, res *sip.Response) {
	interval, _ := sessionExpires(req)
	if interval == 0 {
		return
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(interval.Seconds()))+";refresher=uac"))
	res.AppendHeader(sip.NewHeader("Require", "timer"))
}

// startRefreshing starts our refreshing if the answer to our INVITE says that it is up to us.
func (l *Leg) startRefreshing(res *sip.Response) {
	interval, refresher := sessionExpires(res)
	if interval < 60*l.ua.cfg.T1 || refresher != "uac" {
		return
	}
	l.ua.wg.Go(func() {
		defer l.ua.guard("refresh")
		l.refreshEvery(interval / 2)
	})
}
