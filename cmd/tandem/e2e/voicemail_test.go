package e2e

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tandem/gateway/codec/measure"
)

const password = "correct horse battery"

// carrierEvent is what tandem carrier --json prints.
type carrierEvent struct {
	Event string
	Text  string
	To    string
	Heard *struct {
		Seconds   float64
		Frequency float64 `json:"frequency_hz"`
	}
}

// tandemCarrier is our small carrier, which can be told to call in.
func tandemCarrier(t *testing.T) (p *process, address string) {
	t.Helper()
	p = start(t, "carrier", nil, tandem, "carrier", "--json", "--listen", carrierIP+":0", "--password", "secret")
	return p, event(t, p, "listening").Text
}

func event(t *testing.T, p *process, kind string) carrierEvent {
	t.Helper()
	for {
		var e carrierEvent
		p.next(t, &e)
		if e.Event == "failed" && kind != "failed" {
			t.Fatalf("the carrier's call failed: %+v", e)
		}
		if e.Event == kind {
			return e
		}
	}
}

// registeredSite is a site whose trunk registers.
func registeredSite(trunk string) string {
	return site(`{name: carrier, host: "` + trunk + `", user: tandem, password: secret, number: "+12025550110"}`)
}

func TestMessageFromTheTelephoneNetworkToTheBrowser(t *testing.T) {
	carrier, address := tandemCarrier(t)
	w := newWorld(t)
	_, at := w.serve(t, "server")
	w.apply(t, registeredSite(address))
	event(t, carrier, "registered")

	// Bob is away: no phone of his is on the overlay. The caller hears the greeting out, then says a tone of 5 s.
	const said = 5 * time.Second
	tone := filepath.Join(w.dir, "message.wav")
	writeTone(t, tone, clientTone, said)
	if _, err := carrier.in.Write([]byte("call +12025550112 from +12025550123 play " + tone + " after beep for 600ms\n")); err != nil {
		t.Fatal(err)
	}
	ended := event(t, carrier, "ended")
	if ended.Heard.Seconds < said.Seconds()+3 {
		t.Errorf("the caller heard %.1f s: no greeting before the beep", ended.Heard.Seconds)
	}
	w.messageFrom(t, "bob@localhost", "+12025550123")

	got := w.browse(t, at.Portal, "bob@localhost")
	if got.Messages != 1 {
		t.Errorf("the browser shows %d messages, want 1", got.Messages)
	}
	if got.CurrentTimeAfterPlay <= 0 || math.Abs(got.CurrentTimeAfterSeek-got.Duration/2) > 1.5 {
		t.Errorf("the browser played to %.2f s, and after seeking to the middle of %.2f s stood at %.2f s",
			got.CurrentTimeAfterPlay, got.Duration, got.CurrentTimeAfterSeek)
	}
	audio := readWAV(t, filepath.Join(w.dir, "message.wav.browser", "message.wav"))
	heard := measure.Analyze(audio)
	hears(t, "the browser", heard, clientTone, said-50*time.Millisecond)
	if over := heard.Audible - said; over > 50*time.Millisecond {
		t.Errorf("the browser fetched %v of tone, want %v within 50 ms", heard.Audible, said)
	}
}

// messageFrom waits for a message of a caller, number or AoR, in the database itself.
func (w *world) messageFrom(t *testing.T, owner, caller string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	until(t, "the message in Postgres", func() bool {
		var n int
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM messages
			WHERE mailbox = $1 AND $2 IN (caller_number, caller_aor) AND state = 'new'`, owner, caller).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
}

// browsed is what the browser saw.
type browsed struct {
	Messages             int     `json:"messages"`
	Caller               string  `json:"caller"`
	Duration             float64 `json:"duration"`
	CurrentTimeAfterPlay float64 `json:"currentTimeAfterPlay"`
	CurrentTimeAfterSeek float64 `json:"currentTimeAfterSeek"`
}

// browse lets headless Chromium sign in and play the first message; what it fetched is in message.wav.browser.
func (w *world) browse(t *testing.T, portal, user string) browsed {
	t.Helper()
	dir := filepath.Join(w.dir, "message.wav.browser")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../../web/ui/e2e/voicemail.mjs")
	if err != nil {
		t.Fatal(err)
	}
	out := must(t, []string{"BASE_URL=" + portal, "USER=" + user, "PASSWORD=" + password, "OUT_DIR=" + dir}, "node", script)
	var b browsed
	if err := json.Unmarshal(out, &b); err != nil {
		t.Fatalf("the browser said %q: %v", out, err)
	}
	return b
}
