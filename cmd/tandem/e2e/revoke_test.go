package e2e

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// A lost device's phone, connected to the gateway already, can call no more once its certificate is revoked.
func TestRevokedDeviceIsCutOff(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	w.serve(t, "server")
	w.apply(t, trunkSite(carrier.address))
	_, listen := w.phone(t, w.enroll(t, "alice"), "127.0.0.1:0")
	soft := startBaresip(t, "softphone", baresipConfig{ip: softphoneIP, hz: clientTone, account: softphoneAccount("alice", listen)})
	soft.waitRegistered(t)
	if !soft.callGoesThrough(t, "sip:+12025550100@"+listen) {
		t.Fatal("alice could not call out before")
	}

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
