package sipua

import (
	"testing"

	"tandem/gateway/call"
)

func TestRefresherAlthoughWeDidNotAsk(t *testing.T) { // RFC 4028 §7.2 allows the answer to say so
	_, p, l, m, inv := calls(t, Config{T1: shortT1})
	p.reply(inv, "200 OK", "far", "Session-Expires: 1;refresher=uac", answerSDP("first"))
	p.expect("ACK")
	if err := l.WaitAnswer(soon(t)); err != nil {
		t.Fatal(err)
	}
	p.reply(p.expect("INVITE"), "200 OK", "", answerSDP("refreshed")) // after half the interval
	p.expect("ACK")
	l.Hangup(call.NormalClearing)
	p.reply(p.expect("BYE"), "200 OK", "")
	if got := m.heard(); got != "first refreshed" {
		t.Errorf("media took %q", got)
	}
}
