package e2e

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/gateway/codec/measure"
)

// callReport is what tandem call --json prints.
type callReport struct {
	Answered bool            `json:"answered"`
	Heard    *measure.Report `json:"heard"`
	Digits   string          `json:"digits"`
	Ended    string          `json:"ended"`
	Error    string          `json:"error"`
}

// callTo runs tandem call.
func callTo(t *testing.T, dir, to string, args ...string) callReport {
	t.Helper()
	out, errs, status := run(t, nil, tandem, append([]string{"call", to, "--dir", dir, "--json"}, args...)...)
	var r callReport
	if err := json.Unmarshal(out, &r); err != nil || status != 0 {
		t.Fatalf("tandem call %s: exit status %d\n%s%s", to, status, out, errs)
	}
	return r
}

// The tones of the two sides.
const (
	clientTone  = 1004.0
	carrierTone = 1333.0
)

const allDigits = "0123456789*#"

// hears checks what somebody heard: the right tone, as loud as it was said, without a gap.
func hears(t *testing.T, who string, r measure.Report, hz float64, length time.Duration) {
	t.Helper()
	if math.Abs(r.Frequency-hz) > hz/100 {
		t.Errorf("%s heard %.1f Hz, want %.0f within 1 %%", who, r.Frequency, hz)
	}
	if math.Abs(r.Level-toneLevel) > 1 {
		t.Errorf("%s heard it at %.2f dBm0, want %d within 1 dB", who, r.Level, toneLevel)
	}
	if r.Gap > 40*time.Millisecond {
		t.Errorf("%s heard a gap of %v, want at most 40 ms", who, r.Gap)
	}
	if r.Audible < length {
		t.Errorf("%s heard %v of sound, want %v", who, r.Audible, length)
	}
}

// carrierBaresip is a carrier: it takes PCMA only, answers every call with a tone, and listens.
func carrierBaresip(t *testing.T) *baresip {
	t.Helper()
	return startBaresip(t, "carrier", baresipConfig{
		ip: carrierIP, hz: carrierTone,
		account: "<sip:+12025550100@" + carrierIP + ">;regint=0;answermode=auto;audio_codecs=PCMA",
	})
}

func TestClientCallsTheTelephoneNetwork(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	w.serve(t, "server")
	w.apply(t, trunkSite(carrier.address))
	alice := w.enroll(t, "alice")

	tone := filepath.Join(w.dir, "tone.wav")
	writeTone(t, tone, clientTone, 20*time.Second)
	r := callTo(t, alice, "+12025550100", "--play", tone, "--for", "11s")
	hears(t, "the client", *r.Heard, carrierTone, 10*time.Second)
	carrier.wait(t, "CALL_CLOSED")
	hears(t, "the carrier", measure.Analyze(carrier.heard(t)), clientTone, 10*time.Second)
}

func TestDigitsBothWays(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	w.serve(t, "server")
	w.apply(t, trunkSite(carrier.address))
	alice := w.enroll(t, "alice")

	sent := make(chan struct{})
	go func() {
		defer close(sent)
		carrier.wait(t, "CALL_RTPESTAB")
		pace := time.NewTicker(300 * time.Millisecond) // of a finger on the keys
		defer pace.Stop()
		for _, d := range allDigits {
			<-pace.C
			carrier.command(t, "sndcode", string(d))
		}
	}()
	r := callTo(t, alice, "(202) 555-0100", "--digits", allDigits, "--for", "9s")
	<-sent
	if r.Digits != allDigits {
		t.Errorf("the client heard digits %q, want %q", r.Digits, allDigits)
	}
	if got := strings.Join(carrier.params("CALL_DTMF_START"), ""); got != allDigits {
		t.Errorf("the carrier heard digits %q, want %q", got, allDigits)
	}
}

// softphoneAccount is the account of a softphone that registers at a user's overlay phone and offers PCMU only.
func softphoneAccount(user, phone string) string {
	return "<sip:" + user + "@localhost>;outbound=\"sip:" + phone + "\";auth_pass=any;regint=60;audio_codecs=PCMU"
}

func TestSoftphoneCallsTheTelephoneNetwork(t *testing.T) {
	carrier := carrierBaresip(t)
	w := newWorld(t)
	w.serve(t, "server")
	w.apply(t, trunkSite(carrier.address))
	_, listen := w.phone(t, w.enroll(t, "alice"), "127.0.0.1:0")
	soft := startBaresip(t, "softphone", baresipConfig{ip: softphoneIP, hz: clientTone, account: softphoneAccount("alice", listen)})
	soft.waitRegistered(t)
	soft.command(t, "dial", "sip:+12025550100@localhost")
	soft.wait(t, "CALL_ESTABLISHED")
	carrier.wait(t, "CALL_ESTABLISHED")
	time.AfterFunc(11*time.Second, func() { soft.command(t, "hangup", "") })
	carrier.wait(t, "CALL_CLOSED")
	hears(t, "the softphone", measure.Analyze(soft.heard(t)), carrierTone, 10*time.Second)
	hears(t, "the carrier", measure.Analyze(carrier.heard(t)), clientTone, 10*time.Second)
}
