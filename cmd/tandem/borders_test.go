package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// packages lists the packages of this module with all they depend on, their tests left out.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Deps", "tandem/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := map[string][]string{}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return deps
		} else if err != nil {
			t.Fatal(err)
		}
		deps[p.ImportPath] = p.Deps
	}
}

// below says whether path is dir or in it.
func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// A border names what a part of the tree must not depend on, not even by way of others.
var borders = []struct {
	part, why string
	never     []string
	but       []string
}{
	{"tandem/overlay", "the overlay does not know what is built on it", []string{"tandem/gateway", "tandem/voicemail", "tandem/attendant", "tandem/web", "tandem/cmd"}, nil},
	{"tandem/gateway", "the gateway sees the overlay through gateway/route only", []string{"tandem/overlay", "tandem/voicemail", "tandem/attendant", "tandem/web", "tandem/cmd"}, nil},
	{"tandem/voicemail", "voicemail talks to call.Leg and speaks with prompt", []string{"tandem/overlay", "tandem/gateway", "tandem/attendant", "tandem/web", "tandem/cmd"},
		[]string{"tandem/gateway/call", "tandem/gateway/prompt", "tandem/gateway/codec"}},
	{"tandem/attendant", "the attendant talks to call.Leg and speaks with prompt", []string{"tandem/overlay", "tandem/gateway", "tandem/voicemail", "tandem/web", "tandem/cmd"},
		[]string{"tandem/gateway/call", "tandem/gateway/prompt", "tandem/gateway/codec"}},
	{"tandem/web", "the portal shows what the stores hold", []string{"tandem/overlay", "tandem/cmd"}, nil},
	{"tandem/gateway/call", "the vocabulary of a call knows no SIP and no RTP", []string{"github.com", "tandem/gateway/sipua", "tandem/gateway/media"}, nil},
	{"tandem/cmd/tandem/carrier", "the demo's telephone network shares nothing with the gateway", []string{"tandem/gateway", "tandem/overlay"}, nil},
	{"tandem/overlay/wire", pure, impure, nil},
	{"tandem/overlay/chord", pure, impure, nil},
	{"tandem/overlay/store", pure, impure, nil},
	{"tandem/overlay/peer", pure, impure, nil},
}

const pure = "a pure state machine: no socket, lock or file of its own"

var impure = []string{"net/http", "crypto/tls", "tandem/overlay/link", "tandem/overlay/cert"}

func TestBorders(t *testing.T) {
	all := packages(t)
	for _, b := range borders {
		seen := false
		for path, deps := range all {
			if !below(path, b.part) {
				continue
			}
			seen = true
			for _, dep := range deps {
				if slices.ContainsFunc(b.but, func(ok string) bool { return below(dep, ok) }) || below(dep, b.part) {
					continue
				}
				if slices.ContainsFunc(b.never, func(no string) bool { return below(dep, no) }) {
					t.Errorf("%s depends on %s: %s", path, dep, b.why)
				}
			}
		}
		if !seen {
			t.Errorf("border of %s: there is no such package", b.part)
		}
	}
}

// The pure packages start no goroutine, take no lock and read no clock, so that a simulation is repeatable.
func TestPurePackagesImport(t *testing.T) {
	for _, pkg := range []string{"wire", "chord", "store", "peer"} {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "tandem/overlay/"+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for imported := range strings.Lines(string(out)) {
			switch strings.TrimSpace(imported) {
			case "net", "os", "sync", "sync/atomic", "crypto/rand", "syscall":
				t.Errorf("overlay/%s imports %s: it must stay pure", pkg, strings.TrimSpace(imported))
			}
		}
	}
}

// Only main may import everything; nothing imports main's package tree but itself and its tests.
func TestNothingImportsCommands(t *testing.T) {
	for path, deps := range packages(t) {
		if below(path, "tandem/cmd") {
			continue
		}
		for _, dep := range deps {
			if below(dep, "tandem/cmd") {
				t.Errorf("%s depends on %s", path, dep)
			}
		}
	}
}
