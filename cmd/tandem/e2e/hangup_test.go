package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// talking starts a call of a client to the telephone network that would go on for long.
func talking(t *testing.T) (carrier *baresip, server, client *process) {
	t.Helper()
	carrier = carrierBaresip(t)
	w := newWorld(t)
	server, _ = w.serve(t, "server")
	w.apply(t, trunkSite(carrier.address))
	alice := w.enroll(t, "alice")
	client = start(t, "call", nil, tandem, "call", "+12025550100", "--dir", alice, "--json", "--for", "50s")
	carrier.wait(t, "CALL_ESTABLISHED")
	return carrier, server, client
}

// ends waits for the client's report of a call that was cut off.
func (p *process) ends(t *testing.T, cause string) {
	t.Helper()
	var r callReport
	p.next(t, &r)
	<-p.done
	if status := p.cmd.ProcessState.ExitCode(); r.Ended != cause || !r.Answered || status != 1 || !strings.Contains(r.Error, cause) {
		t.Errorf("report %+v, exit status %d; want a call cut off by %q, status 1", r, status, cause)
	}
}

// said reports whether a text came on standard error.
func (p *process) said(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(p.output.String(), text)
}

// The server dies without a word: the client does not listen to silence.
func TestClientNoticesADeadServer(t *testing.T) {
	_, server, client := talking(t)
	server.kill()
	client.ends(t, "network out of order")
}

// The first SIGTERM lets the call go on, the second ends it for both sides and on record.
func TestClientIsHungUpAtTheSecondSignal(t *testing.T) {
	carrier, server, client := talking(t)
	_ = server.cmd.Process.Signal(syscall.SIGTERM)
	until(t, "the server to begin stopping", func() bool { return server.said("stopping: no new calls") })
	if len(carrier.params("CALL_CLOSED")) > 0 {
		t.Error("the call did not outlive the first signal")
	}
	_ = server.cmd.Process.Signal(syscall.SIGTERM)
	client.ends(t, "temporary failure")
	carrier.wait(t, "CALL_CLOSED")
	<-server.done
	if status := server.cmd.ProcessState.ExitCode(); status != 0 || !server.said("call ended") {
		t.Errorf("the server ended with status %d, a call's end in its log: %v; want 0 and the end", status, server.said("call ended"))
	}
}

// Nobody takes up the telephone: --for bounds the ringing, and an interrupt ends it without a fuss.
func TestClientGivesUpRinging(t *testing.T) {
	w := newWorld(t)
	w.serve(t, "server")
	w.apply(t, trunkSite(carrierIP))
	alice := w.enroll(t, "alice")
	_, listen := w.phone(t, w.enroll(t, "bob"), "127.0.0.1:0")
	soft := startBaresip(t, "softphone", baresipConfig{ip: softphoneIP, hz: clientTone, account: softphoneAccount("bob", listen)})
	soft.waitRegistered(t)

	_, errs, status := run(t, nil, tandem, "call", "bob", "--dir", alice, "--for", "1s")
	if said := string(errs); status != 1 || strings.Count(said, "bob: ringing") != 1 || !strings.Contains(said, "call bob: did not answer in the time given by --for\n") {
		t.Errorf("a call that rings too long: exit status %d\n%s", status, errs)
	}
	client := start(t, "call", nil, tandem, "call", "bob", "--dir", alice)
	until(t, "bob to ring", func() bool { return client.said("bob: ringing") })
	_ = client.cmd.Process.Signal(os.Interrupt)
	<-client.done
	if status := client.cmd.ProcessState.ExitCode(); status != 1 || !client.said("\ncancelled\n") || client.said("tandem:") {
		t.Errorf("a call that was called off: exit status %d", status)
	}
}
