package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// What keeps a call from coming about is said once, in words, and with what the gateway says of it.
func TestCallFailuresAreSentences(t *testing.T) {
	status := func(code int, reason string) error { return &sipua.StatusError{Code: code, Reason: reason} }
	for _, c := range []struct {
		err  error
		want string
	}{
		{status(503, "The Trunk Is Down"), "the call cannot be put through now: the trunk is down (503)"},
		{status(503, "Service Unavailable"), "the call cannot be put through now (503)"},
		{status(403, "Not Allowed To Call Out"), "refused; an administrator may allow it: not allowed to call out (403)"},
		{status(403, "Not Allowed To Call premium Numbers"), "refused; an administrator may allow it: not allowed to call premium numbers (403)"},
		{status(404, ""), "unknown: no such number or address (404)"},
		{status(480, ""), "no answer, or not there (480)"},
		{status(486, "Busy Here"), "busy (486)"},
		{status(408, ""), "no answer in time (408)"},
		{status(502, ""), "the other side failed (502)"},
		{status(499, "\x1b]0;title\x07Odd\u009b2J"), "refused: ]0;titleodd2j (499)"},
		{&sipua.StatusError{Code: 408, Local: true}, "no response: the other side is gone, or cannot be reached"},
		{call.NoAnswer, "no answer"},
		{errRangLong, "did not answer in the time given by --for"},
		{phone.ErrNowhere, "neither a telephone number nor an address of this overlay"},
		{route.ErrNoService, "no server of the overlay offers to take the call: is tandem serve running, and was it set up?"},
		{fmt.Errorf("find bob: %w: not registered", route.ErrNotRegistered), "not there: no phone is registered, and no mailbox takes the call"},
		{fmt.Errorf("0a: %w: refused", b2bua.ErrUnreachable), "the other side cannot be reached: 0a: not reachable: refused"},
	} {
		wrapped := fmt.Errorf("dialing: %w", c.err)
		if errors.Is(c.err, b2bua.ErrUnreachable) {
			wrapped = c.err
		}
		got := explainCall("bob", wrapped)
		if got.Error() != "call bob: "+c.want || !errors.Is(got, c.err) {
			t.Errorf("%v:\n got %q\nwant %q", c.err, got, "call bob: "+c.want)
		}
	}
}

// Mistakes of the command line end with status 2, before anything is loaded or anybody called.
func TestCallCommandLine(t *testing.T) {
	for _, args := range [][]string{{"--for=-3s"}, {"--digits=12e"}, {"--digits=1 2"}, {"--digits=+1"}} {
		if status := run(append([]string{"call", "+12025550100"}, args...)); status != 2 {
			t.Errorf("tandem call %v: exit status %d; want 2", args, status)
		}
	}
	if err := (callCmd{Digits: "0123456789*#ABCD,,1", For: time.Second}).Validate(); err != nil {
		t.Errorf("all keys of a telephone: %v", err)
	}
}

// A recording that cannot be written is found before an identity is looked for.
func TestCallRecordingIsOpenedFirst(t *testing.T) {
	dir := t.TempDir()
	c := callCmd{To: "bob", Dir: filepath.Join(dir, "nobody"), Record: filepath.Join(dir, "none", "x.wav")}
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "open the recording") {
		t.Errorf("an unwritable recording: %v", err)
	}
}

// A call that does not come about leaves the recording as it was: absent, or with what it had.
func TestRecordingOfNothing(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old.wav"), filepath.Join(dir, "fresh.wav")
	if err := os.WriteFile(old, []byte("what was said"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{old, fresh} {
		r, err := openRecording(name)
		if err == nil {
			err = r.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile(old); err != nil || string(raw) != "what was said" {
		t.Errorf("the old recording is %q, %v", raw, err)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty recording was left: %v", err)
	}
	r, err := openRecording(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ear(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(old); err != nil || len(raw) != 44 || string(raw[:4]) != "RIFF" {
		t.Errorf("a recording of nothing heard: %d bytes, %v; want the header of a WAV file", len(raw), err)
	}
}

// One who gives up is told so, and that is all.
func TestCallIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := callCmd{To: "bob", Dir: t.TempDir()}
	if err := c.ended(ctx, fmt.Errorf("call: %w", context.Canceled)); !errors.Is(err, errCancelled) || err.Error() != "cancelled" {
		t.Errorf("a call that was given up: %v", err)
	}
	if err := c.ended(t.Context(), context.Canceled); errors.Is(err, errCancelled) {
		t.Errorf("a call that ended otherwise: %v", err)
	}
}

func TestIdentityIsUsedOnce(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockIdentity(dir)
	want := "the identity in " + dir + " is in use by another tandem (tandem phone?): stop it, or ask for another invitation and enroll it with --dir DIR"
	if err == nil || err.Error() != want {
		t.Errorf("a second tandem: %v; want %s", err, want)
	}
	unlock()
	if unlock, err = lockIdentity(dir); err != nil {
		t.Fatal(err)
	}
	unlock()
}
