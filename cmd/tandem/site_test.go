package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/migrations/pgtest"
	"tandem/web/account"
)

// documented is the site file of the documentation.
func documented(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## A site file\n\n```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/configuration.md has no site file")
	}
	return text
}

// A siteWorld is a database that sites are applied to.
type siteWorld struct {
	stores
	cfg Config
}

func newSiteWorld(t *testing.T) siteWorld {
	t.Helper()
	w := siteWorld{cfg: DefaultConfig()}
	var err error
	if w.stores, err = openStores(pgtest.New(t), w.cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w siteWorld) plan(t *testing.T, text string) (plan, []error) {
	t.Helper()
	s, problems := parseSite([]byte(text))
	k, err := w.readKnown(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, more := s.plan(w.cfg, k)
	return p, append(problems, more...)
}

// apply applies a file that has no problems.
func (w siteWorld) apply(t *testing.T, text string, invite bool) applied {
	t.Helper()
	p, problems := w.plan(t, text)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", errors.Join(problems...))
	}
	link := func(_ context.Context, aor, secret string) (string, error) { return aor + " " + secret, nil }
	done, err := p.apply(t.Context(), w.stores, link, invite)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestDocumentedSiteFile(t *testing.T) {
	t.Parallel()
	w := newSiteWorld(t)
	done := w.apply(t, documented(t), false)
	if got, want := done.String(), "1 user made; 1 trunk made; 1 route made; 2 numbers made; 1 menu made"; got != want {
		t.Errorf("the first time: %s, want %s", got, want)
	}
	menu, err := w.menus.Menu(t.Context(), "main")
	if err != nil || menu.Options["1"].User != "alice@localhost" || menu.NoInput.Mailbox != "alice@localhost" {
		t.Errorf("the menu is %+v, %v", menu, err)
	}
	if len(done.Invitations) != 1 || done.Invitations["alice@localhost"] == "" {
		t.Errorf("invitations: %v", done.Invitations)
	}
	if again := w.apply(t, documented(t), false); again.String() != "" || len(again.Invitations) != 0 {
		t.Errorf("the second time: %s, invitations %v, want nothing", again, again.Invitations)
	}
}

func TestOnlyTheLastInvitationIsGood(t *testing.T) {
	t.Parallel()
	w := newSiteWorld(t)
	const text = "users: [{address: alice}, {address: bob}]"
	secret := func(a applied) string { _, s, _ := strings.Cut(a.Invitations["alice@localhost"], " "); return s }
	first := secret(w.apply(t, text, false))
	last := secret(w.apply(t, text, true))
	admit := func(secret string) error {
		return w.accounts.Admit(t.Context(), "alice@localhost", secret, testCertificate)
	}
	if err := admit(first); !errors.Is(err, account.ErrRefused) {
		t.Errorf("the first invitation: %v, want ErrRefused", err)
	}
	if err := admit(last); err != nil {
		t.Errorf("the last invitation: %v", err)
	}
	if done := w.apply(t, text, true); secret(done) != "" || len(done.Invitations) != 1 {
		t.Errorf("with a device: %v, want an invitation for bob only", done.Invitations)
	}
}

// testCertificate stands for one that the authority made.
func testCertificate(context.Context) (node [16]byte, der []byte, notAfter time.Time, err error) {
	return [16]byte{1}, []byte("certificate"), time.Now().Add(time.Hour), nil
}

func TestChangesAreCounted(t *testing.T) {
	t.Parallel()
	w := newSiteWorld(t)
	w.apply(t, `
users: [{address: alice, number: "+12025550111"}, {address: bob, ring: 10s}]
trunks: [{name: c, host: "[2001:db8::1]:5070", user: me, password: secret, codecs: [pcma], calls: 4, transport: tcp}]
routes: [{prefix: "+", trunk: c}, {prefix: "+49", trunk: c, priority: 2}]
numbers: [{number: "202 555 0111", to: "user:alice", label: main line}]
menus: [{name: main, prompt: vm-goodbye, no_input: {number: "2025550119"}}]
`, false)
	done := w.apply(t, `
users: [{address: Alice@localhost, name: Alice}, {address: bob}, {address: carol}]
trunks: [{name: c, host: "[2001:db8::1]:5070", user: me, password: other}]
routes: [{prefix: "+49", trunk: c}]
numbers: [{number: "+12025550111", to: "mailbox:alice"}]
menus: [{name: main, prompt: vm-goodbye, no_input: {number: "+12025550119"}, options: {}}]
`, false)
	if got, want := done.String(), "1 user made, 1 changed; 1 trunk changed; 1 route changed; 1 number changed"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	k, err := w.readKnown(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trunk := k.trunks["c"]
	if trunk.Password != "other" || trunk.Transport != "TCP" || trunk.MaxCalls != 4 || len(trunk.Codecs) != 1 || trunk.Port != 5070 {
		t.Errorf("what the file did not name of the trunk is now %+v", trunk)
	}
	if u := k.users["bob@localhost"]; u.RingFor.Seconds() != 10 {
		t.Errorf("bob rings %v", u.RingFor)
	}
	if n := k.numbers["+12025550111"]; n.Label != "main line" {
		t.Errorf("the number is %+v", n)
	}
	if again := w.apply(t, "trunks: [{name: c, host: '[2001:db8::1]:5070', user: me}]", false); again.String() != "" {
		t.Errorf("without its password: %s, want nothing: it has one", again)
	}
}

func TestSiteProblems(t *testing.T) {
	t.Parallel()
	w := newSiteWorld(t)
	w.apply(t, `
users: [{address: known}]
trunks: [{name: known, host: sip.example.org}]
numbers: [{number: "+12025550190", to: "number:+12025550191"}]
menus: [{name: known, prompt: vm-goodbye, no_input: {hangup: true}}]
`, false)
	for text, want := range map[string]string{
		"":                                       "the file is empty",
		"# nothing\n":                            "the file is empty",
		"users: []":                              "the file names nothing: users, trunks, routes, numbers or menus are expected",
		"users: [{mail: alice, address: alice}]": `line 1: there is no key "mail" here`,
		"users: [{address: alice, ring: long}]":  `line 1: "long" is not a length of time such as 25s`,
		"trunks: [{name: c, host: h, password: \"\\0\"}]": `line 1: a text cannot have the character \0`,
		"users: 5": `line 1: "5" is not a list`,
		"users: [{address: alice}]\n---\nusers: []":                                                     "there is more after the end of the first document (a line of ---)",
		"users: [{address: alice@example.org}]":                                                         `users: "alice@example.org": address: must end in @localhost`,
		"users: [{address: alice, ring: 1h}]":                                                           `users: "alice": ring: must be between 1 second and 3 minutes`,
		"users: [{address: alice, password: short}]":                                                    `users: "alice": password: must have at least 10 characters`,
		"users: [{address: alice, number: '911'}]":                                                      `users: "alice": number: "911" is an emergency number`,
		"users: [{address: alice, timezone: Mars}]":                                                     `users: "alice": timezone: must be a time zone, such as Europe/Berlin`,
		"users: [{address: alice}, {address: ALICE@localhost}]":                                         `users: "alice@localhost": is there twice`,
		"trunks: [{name: c, host: h}, {name: c, host: h}]":                                              `trunks: "c": is there twice`,
		"trunks: [{name: c, host: 'sip:me@there'}]":                                                     `trunks: "c": host: "sip:me@there" is not a host name or an address, with or without :port`,
		"trunks: [{name: c, host: 'there:99999'}]":                                                      `trunks: "c": host: "99999" is not a port from 1 to 65535`,
		"trunks: [{name: c}]":                                                                           `trunks: "c": host: is needed`,
		"trunks: [{name: C, host: h}]":                                                                  `trunks: "C": name: must be small letters, digits, dots and hyphens`,
		"trunks: [{name: c, host: h, transport: sctp}]":                                                 `trunks: "c": transport: "sctp" is none of udp, tcp, tls`,
		"trunks: [{name: c, host: h, user: me}]":                                                        `trunks: "c": password: is needed to register as me`,
		"trunks: [{name: c, host: h, codecs: [opus]}]":                                                  `trunks: "c": codecs: "opus" is neither pcmu nor pcma`,
		"trunks: [{name: c, host: h, number: call me}]":                                                 `trunks: "c": number: "call me" is not a telephone number such as +12025550111`,
		"routes: [{prefix: '1', trunk: known}]":                                                         `routes: "1 by known": prefix: "1" is not + and the first digits of an international number`,
		"routes: [{prefix: '+', trunk: nope}]":                                                          `routes: "+ by nope": trunk: there is no trunk "nope", neither in the file nor in the database`,
		"numbers: [{number: '12', to: 'user:known'}]":                                                   `numbers: "12": number: "12" is not a telephone number such as +12025550111`,
		"numbers: [{number: '911', to: 'user:known'}]":                                                  `numbers: "911": number: "911" is an emergency number`,
		"numbers: [{number: '+12025550111', to: 'user:nobody'}]":                                        `numbers: "+12025550111": to: there is no user nobody@localhost, neither in the file nor in the database`,
		"numbers: [{number: '+12025550111', to: 'menu:nope'}]":                                          `numbers: "+12025550111": to: there is no menu "nope", neither in the file nor in the database`,
		"numbers: [{number: '+12025550111', to: 'fax:me'}]":                                             `numbers: "+12025550111": to: "fax:me" is none of user:NAME, menu:NAME, mailbox:NAME, number:+N`,
		"numbers: [{number: '+12025550111', to: 'number:202 555-0111'}]":                                `numbers: "+12025550111": to: leads back to the number itself`,
		"numbers: [{number: '+12025550191', to: 'number:+12025550190'}]":                                `numbers: "+12025550191": to: leads back to the number itself`,
		"numbers: [{number: '+12025550111', to: 'number:911'}]":                                         `numbers: "+12025550111": to: "911" is an emergency number`,
		"numbers: [{number: '+12025550111', to: 'user:known'}, {number: 2025550111, to: 'user:known'}]": `numbers: "2025550111": is there twice`,
		"menus: [{name: m, prompt: vm-goodbye, no_input: {user: nobody}}]":                              `menus: "m": no_input: there is no user nobody@localhost`,
		"menus: [{name: m, prompt: vm-goodbye, options: {'1': {menu: nope}}}]":                          `menus: "m": options 1: there is no menu "nope"`,
		"menus: [{name: m, prompt: vm-goodbye, options: {'1': {number: '911'}}}]":                       `menus: "m": options 1: number: "911" is an emergency number`,
		"users: [{address: a b}, {address: bob, ring: 1h, password: x}]": `users: "a b": address: use a name of small letters, digits, dots and dashes, such as alice
users: "bob": password: must have at least 10 characters
users: "bob": ring: must be between 1 second and 3 minutes`,
		"routes: [{prefix: '+', trunk: known}]":                                 "",
		"numbers: [{number: '+12025550111', to: 'user:known'}]":                 "",
		"menus: [{name: m, prompt: vm-goodbye, options: {'1': {menu: known}}}]": "",
	} {
		_, problems := w.plan(t, text)
		got := ""
		if err := errors.Join(problems...); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

// Without its database a file is checked as far as it goes: what it does not define may be there.
func TestSiteWithoutDatabase(t *testing.T) {
	t.Parallel()
	s, problems := parseSite([]byte("routes: [{prefix: '+', trunk: elsewhere}]\nusers: [{address: alice, ring: 1h}]"))
	_, more := s.plan(DefaultConfig(), known{})
	if problems = append(problems, more...); len(problems) != 1 || !strings.Contains(problems[0].Error(), "ring") {
		t.Errorf("problems: %v, want one of ring", problems)
	}
}
