package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"tandem/gateway/codec/measure"
)

// A server peer is killed without warning. A phone that was running, and a client that starts anew, go on through the
// other server peer: calls out, calls in, voicemail. Nobody touches them.
func TestSecondServerPeerTakesOver(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	first, _ := w.serve(t, "first")
	w.apply(t, trunkSite(carrier.address))
	alice := w.enroll(t, "alice")
	phone, listen := w.phone(t, w.enroll(t, "bob"), "127.0.0.1:0")
	soft := startBaresip(t, "softphone", baresipConfig{ip: softphoneIP, hz: clientTone, account: softphoneAccount("bob", listen) + ";answermode=auto"})
	soft.waitRegistered(t)
	_, second := w.serve(t, "second")

	tone := filepath.Join(w.dir, "tone.wav")
	writeTone(t, tone, clientTone, 30*time.Second)
	// Alice's identity is used once while both live, as a client's is now and then: so it learns of the second peer.
	callTo(t, alice, "+12025550100", "--play", tone, "--for", "2s")

	first.kill()
	killed := time.Now()
	r := callTo(t, alice, "+12025550100", "--play", tone, "--for", "3s")
	if r.Heard.Audible < 2*time.Second {
		t.Errorf("through the second peer alice heard %v of sound, want 2 s", r.Heard.Audible)
	}
	t.Logf("a call out was over %v after the kill", time.Since(killed).Round(time.Second))

	carrier.callUntilAnswered(t, "sip:+12025550112@"+second.SIP, soft)
	t.Logf("a call in reached bob's phone %v after the kill", time.Since(killed).Round(time.Second))
	until(t, "bob's softphone to hear the caller", func() bool {
		return measure.Analyze(soft.heard(t)).Audible > time.Second
	})
	carrier.command(t, "hangup", "")
	soft.wait(t, "CALL_CLOSED")

	phone.stop()
	if m := callTo(t, alice, "bob@localhost", "--play", tone, "--for", "20s"); !m.Answered {
		t.Error("voicemail did not answer for bob")
	}
	w.messageFrom(t, "bob@localhost", "alice@localhost")
}

// callUntilAnswered dials until the other one's call stands: while the overlay mends itself a try may fail.
func (b *baresip) callUntilAnswered(t *testing.T, to string, other *baresip) {
	t.Helper()
	for {
		failed := len(b.params("CALL_CLOSED"))
		b.command(t, "dial", to)
		until(t, "an answer or a refusal", func() bool {
			return len(other.params("CALL_ESTABLISHED")) > 0 || len(b.params("CALL_CLOSED")) > failed
		})
		if len(other.params("CALL_ESTABLISHED")) > 0 {
			b.wait(t, "CALL_ESTABLISHED")
			return
		}
		t.Logf("%s: %q, dialing again", to, b.params("CALL_CLOSED"))
	}
}
