package attendant_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tandem/attendant"
)

const document = `
name: main
prompt: [vm-enter-num-to-call, {spell: "42"}, {audio: 0190a0a0-0000-7000-8000-000000000001}, {text: hello}]
prompt_again: vm-enter-num-to-call
options:
  "1": {user: alice@example.org}
  2: {menu: hours}
  "*": {repeat: true}
operator: {number: "+15551230000"}
timeout_s: 2.5
retries: 0
no_input: {mailbox: office@example.org}
invalid: {hangup: true}
`

func parsed(t testing.TB, doc string) attendant.Menu {
	t.Helper()
	m, err := attendant.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParse(t *testing.T) {
	t.Parallel()
	zero := 0
	want := attendant.Menu{
		Name: "main",
		Prompt: attendant.Prompt{{Sound: "vm-enter-num-to-call"}, {Spell: "42"},
			{Audio: uuid.MustParse("0190a0a0-0000-7000-8000-000000000001")}, {Text: "hello"}},
		Again: attendant.Prompt{{Sound: "vm-enter-num-to-call"}},
		Options: map[string]attendant.Target{
			"1": {User: "alice@example.org"}, "2": {Menu: "hours"}, "*": {Repeat: true},
		},
		Operator: &attendant.Target{Number: "+15551230000"},
		TimeoutS: 2.5, Retries: &zero,
		NoInput: &attendant.Target{Mailbox: "office@example.org"}, Invalid: &attendant.Target{Hangup: true},
	}
	m := parsed(t, document)
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("YAML (-want +got):\n%s", d)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again attendant.Menu
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if d := cmp.Diff(want, again); d != "" {
		t.Errorf("through JSON (-want +got):\n%s", d)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	rows := map[string]string{
		"misspelt field":          "name: a\npromt: x",
		"misspelt target":         "name: a\noptions: {1: {usr: a@b}}",
		"misspelt piece":          "name: a\nprompt: [{sond: a}]",
		"audio that is no id":     "name: a\nprompt: {audio: five}",
		"two documents":           "name: a\n---\nname: b",
		"nothing":                 "",
		"a list":                  "[1, 2]",
		"not YAML":                "{{{",
		"too long":                "name: a\n#" + strings.Repeat("x", 70000),
		"an alias bomb":           bomb(),
		"a key that stands twice": "name: a\noptions: {1: {hangup: true}, 1: {repeat: true}}",
	}
	for name, doc := range rows {
		if m, err := attendant.Parse([]byte(doc)); err == nil {
			t.Errorf("%s: parsed as %+v, want an error", name, m)
		}
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		s := string(rune('0' + i))
		n := string(rune('1' + i))
		b.WriteString("a" + n + ": &a" + n + " [" + strings.Repeat("*a"+s+", ", 9) + "*a" + s + "]\n")
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(document))
	f.Add([]byte(`{"name":"a","prompt":"x","options":{"1":{"hangup":true}}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		m, err := attendant.Parse(doc)
		if err != nil || m.Validate(attendant.World{Speech: true}) != nil {
			return
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("valid menu %+v: %v", m, err)
		}
		again, err := attendant.Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(m, again); d != "" {
			t.Errorf("changed on the second round:\n%s", d)
		}
	})
}

func TestValidateSaysEverythingAtOnce(t *testing.T) {
	t.Parallel()
	m := parsed(t, `
name: Main Menu
prompt: [no-such-sound, {text: hello}, {}, {sound: a, spell: b}, {audio: 0190a0a0-0000-7000-8000-000000000001}]
options:
  "1": {user: alice}
  "2": {user: nobody@example.org}
  "3": {menu: nowhere}
  "4": {number: "911"}
  "5": {}
  "6": {hangup: true, menu: x}
  "12": {hangup: true}
  "0": {hangup: true}
  "9": {mailbox: nobody@example.org}
operator: {repeat: true}
timeout_s: 0.1
retries: 99
`)
	no := func(string) bool { return false }
	err := m.Validate(attendant.World{Sound: no, User: no, Mailbox: no, Menu: no, Audio: func(uuid.UUID) bool { return false }})
	want, _ := os.ReadFile("testdata/problems.txt")
	if got := err.Error() + "\n"; got != string(want) {
		t.Errorf("problems:\n%swant:\n%s", got, want)
	}
}

func TestValidateAccepts(t *testing.T) {
	t.Parallel()
	if err := parsed(t, document).Validate(attendant.World{Speech: true}); err != nil {
		t.Error(err)
	}
	self := parsed(t, "name: a\nprompt: x\noptions: {1: {menu: a}}")
	if err := self.Validate(attendant.World{Menu: func(string) bool { return false }}); err != nil {
		t.Errorf("a menu that leads to itself before it is stored: %v", err)
	}
	if err := parsed(t, "name: a\nprompt: x").Validate(attendant.World{}); err == nil {
		t.Error("a menu without options and no_input is accepted: it has no way out")
	}
}
