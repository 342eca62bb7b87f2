package e2e

import (
	"path/filepath"
	"testing"
	"time"
)

// A server peer is killed without warning; clients that were running and clients that start anew find the other.
func TestSecondServerPeerTakesOver(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	first, _ := w.serve(t, "first")
	w.apply(t, trunkSite(carrier.address))
	alice := w.enroll(t, "alice")
	tone := filepath.Join(w.dir, "tone.wav")
	writeTone(t, tone, clientTone, 20*time.Second)
	w.serve(t, "second")
	// Alice's identity meets the second peer while the first still lives, as any client that is used now and then.
	callTo(t, alice, "+12025550100", "--play", tone, "--for", "2s")
	carrier.wait(t, "CALL_CLOSED")

	first.kill()
	killed := time.Now()
	r := callTo(t, alice, "+12025550100", "--play", tone, "--for", "3s")
	if r.Heard.Audible < 2*time.Second {
		t.Errorf("through the second peer alice heard %v of sound, want 2 s", r.Heard.Audible)
	}
	// And a message for bob, who is not there.
	m := callTo(t, alice, "bob@localhost", "--play", tone, "--for", "15s")
	if !m.Answered {
		t.Error("voicemail did not answer for bob")
	}
	w.messageFrom(t, "bob@localhost", "alice@localhost")
	t.Logf("all was done %v after the kill", time.Since(killed).Round(time.Second))
}
