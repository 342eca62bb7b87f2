package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A lost device's phone, connected to the gateway already, can call no more once its certificate is revoked. It is out
// of the overlay with the one configuration update that says so.
// RELOAD: CFG-7
func TestRevokedDeviceIsCutOff(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	_, at := w.serve(t, "server")
	w.apply(t, trunkSite(carrier.address))
	_, listen := w.phone(t, w.enroll(t, "alice"), "127.0.0.1:0")
	soft := startBaresip(t, "softphone", baresipConfig{ip: softphoneIP, hz: clientTone, account: softphoneAccount("alice", listen)})
	soft.waitRegistered(t)
	if !soft.callGoesThrough(t, "sip:+12025550100@"+listen) {
		t.Fatal("alice could not call out before")
	}
	if links := metric(t, at, "tandem_overlay_links"); links == 0 {
		t.Fatal("no link to alice's phone")
	}
	sequence := metric(t, at, "tandem_overlay_configuration_sequence")

	db, err := pgx.Connect(t.Context(), w.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), `UPDATE devices SET revoked_at = now()`); err != nil {
		t.Fatal(err)
	}
	until(t, "alice's calls to be refused", func() bool { return !soft.callGoesThrough(t, "sip:+12025550100@"+listen) })
	if soft.callGoesThrough(t, "sip:+12025550100@"+listen) {
		t.Error("a revoked device called out again")
	}
	until(t, "the last link to alice's phone to end", func() bool { return metric(t, at, "tandem_overlay_links") == 0 })
	if now := metric(t, at, "tandem_overlay_configuration_sequence"); now != sequence+1 {
		t.Errorf("the configuration went from %v to %v, want one update", sequence, now)
	}
}

// metric is the value of a metric without labels.
func metric(t *testing.T, at ready, name string) float64 {
	t.Helper()
	for line := range strings.Lines(get(t, at.Portal+"/metrics", http.StatusOK)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// callGoesThrough dials, and hangs up when somebody answers.
func (b *baresip) callGoesThrough(t *testing.T, to string) bool {
	t.Helper()
	established, closed := len(b.params("CALL_ESTABLISHED")), len(b.params("CALL_CLOSED"))
	b.command(t, "dial", to)
	until(t, "an answer or a refusal", func() bool {
		return len(b.params("CALL_ESTABLISHED")) > established || len(b.params("CALL_CLOSED")) > closed
	})
	answered := len(b.params("CALL_ESTABLISHED")) > established
	if answered {
		b.command(t, "hangup", "")
	}
	until(t, "the end of the call", func() bool { return len(b.params("CALL_CLOSED")) > closed })
	return answered
}
