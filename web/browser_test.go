package web_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tandem/web"
	"tandem/web/account"
	"tandem/web/ui"
)

// A real browser signs in, plays, seeks and fetches. It runs where the portal has been built and Debian's
// Chromium is installed; the Go side of all this is tested without.
func TestABrowserHearsAMessage(t *testing.T) {
	s := browserSite(t)
	alice := s.user(t, "alice", account.RoleUser)
	s.deposit(t, alice.AoR, 8000)
	s.deposit(t, alice.AoR, 8*8000)
	out := t.TempDir()
	var seen struct {
		Messages                                             int
		Caller                                               string
		Duration, CurrentTimeAfterPlay, CurrentTimeAfterSeek float64
	}
	if err := json.Unmarshal(s.script(t, "voicemail.mjs", "USER=alice@example.org", "PASSWORD="+password, "OUT_DIR="+out), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.Messages != 2 || seen.Caller != "+1 555 123 0002, Carol" || math.Abs(seen.Duration-8) > 0.01 ||
		seen.CurrentTimeAfterPlay <= 0 || math.Abs(seen.CurrentTimeAfterSeek-4) > 0.2 {
		t.Errorf("the browser saw %+v", seen)
	}
	wav, err := os.ReadFile(filepath.Join(out, "message.wav"))
	if err != nil || len(wav) != 44+2*8*8000 {
		t.Errorf("the browser fetched %d bytes, %v", len(wav), err)
	}
}

// The portal from its first run to a message that arrives while its owner looks, and axe's opinion of every page.
func TestABrowserFromSetupToMessage(t *testing.T) {
	s := browserSite(t)
	secret, err := s.accounts.SetupSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cmd, failure := s.command(t, "portal.mjs", "SECRET="+secret, "PASSWORD="+password)
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if last = lines.Text(); last == "waiting" {
			s.deposit(t, "bob@example.org", 5*8000)
		}
	}
	if err := cmd.Wait(); err != nil || last != "done" {
		t.Errorf("portal.mjs got to %q: %v\n%s", last, err, failure)
	}
}

// browserSite is a site with the built portal, or a skipped test.
func browserSite(t *testing.T) *site {
	t.Helper()
	if !ui.Built(ui.Files()) {
		t.Skip("the portal has not been built: npm run build in web/ui")
	}
	for _, needed := range []string{"ui/node_modules/playwright-core", chromium()} {
		if _, err := os.Stat(needed); err != nil {
			t.Fatal(needed, " is missing: run make test, which installs it")
		}
	}
	return start(t, func(c *web.Config) { c.Files = ui.Files() })
}

func chromium() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

// script runs one of ui/e2e against the site and gives what it prints.
func (s *site) script(t *testing.T, name string, env ...string) []byte {
	t.Helper()
	cmd, failure := s.command(t, name, env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, failure)
	}
	return out
}

// command prepares one of ui/e2e; what it complains of is in the buffer.
func (s *site) command(t *testing.T, name string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd, failure := exec.CommandContext(t.Context(), "node", filepath.Join("ui", "e2e", name)), &bytes.Buffer{}
	cmd.Env, cmd.Stderr = append(append(os.Environ(), "BASE_URL="+s.url), env...), failure
	return cmd, failure
}
