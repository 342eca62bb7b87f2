package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"tandem/attendant"
	"tandem/gateway/prompt"
	"tandem/gateway/route"
	"tandem/web/account"
)

// A plan is what has to be written so that the database is as a Site says. Making it finds every problem, so that
// writing it does not stop half way.
type plan struct {
	steps []step
	users []string // addresses of all in the file
	fresh []string // those that the plan makes
}

// A step makes or changes one thing.
type step struct {
	kind string // user, trunk, …
	made bool
	do   func(ctx context.Context, to stores) error
}

// A planner makes a plan and collects what is wrong.
type planner struct {
	plan
	domain, region string
	known          known
	problems       []error

	// What the file defines, complete with domain and country.
	fileUsers, fileTrunks, fileMenus map[string]bool
	numbers                          map[route.E164]route.Target // of the file, and of the database where the file is silent
}

// plan compares s with the database. All problems are told at once, in the words of the file.
func (s Site) plan(cfg Config, k known) (plan, []error) {
	p := &planner{domain: cfg.Overlay.Name, region: cfg.Region, known: k, numbers: map[route.E164]route.Target{}}
	p.fileUsers = unique(p, "users", s.Users, func(u SiteUser) string { return inDomain(u.Address, p.domain) })
	p.fileTrunks = unique(p, "trunks", s.Trunks, func(t SiteTrunk) string { return t.Name })
	p.fileMenus = unique(p, "menus", s.Menus, func(m attendant.Menu) string { return m.Name })
	unique(p, "routes", s.Routes, func(r SiteRoute) string { return r.Prefix + " by " + r.Trunk })
	for _, u := range s.Users {
		p.user(u)
	}
	for _, t := range s.Trunks {
		p.trunk(t)
	}
	for _, r := range s.Routes {
		p.route(r)
	}
	p.allNumbers(s.Numbers)
	p.allMenus(s.Menus, cfg.Prompts)
	return p.plan, p.problems
}

func (p *planner) wrong(section, name, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s: %q: %s", section, name, fmt.Sprintf(format, args...)))
}

// unique gives the names that a section defines, each of which it may define once.
func unique[T any](p *planner, section string, list []T, name func(T) string) map[string]bool {
	seen := map[string]bool{}
	for _, v := range list {
		n := name(v)
		if n != "" && seen[n] {
			p.wrong(section, n, "is there twice")
		}
		seen[n] = true
	}
	return seen
}

func (p *planner) add(kind string, made bool, do func(ctx context.Context, to stores) error) {
	p.steps = append(p.steps, step{kind, made, do})
}

// number reads a number of the file.
func (p *planner) number(section, name, key, value string) route.E164 {
	if value == "" {
		return ""
	}
	n, err := route.Normalize(value, p.region)
	switch {
	case errors.Is(err, route.ErrEmergency):
		p.wrong(section, name, "%s: %q is an emergency number", key, value)
	case err != nil:
		p.wrong(section, name, "%s: %q is not a telephone number such as +12025550111", key, value)
	}
	return n
}

// keyOf is what the file calls a field of an account.
var keyOf = map[string]string{"aor": "address", "caller_number": "number", "role": "administrator"}

func (p *planner) user(u SiteUser) {
	aor := inDomain(u.Address, p.domain)
	n := account.NewUser{
		AoR: aor, Name: strings.TrimSpace(u.Name), Password: u.Password, MayCallOut: u.CallsOut, RingFor: u.Ring.Truncate(time.Millisecond),
		CallerNumber: string(p.number("users", u.Address, "number", u.Number)), Language: u.Language, TimeZone: u.TimeZone,
	}
	if u.Administrator {
		n.Role = account.RoleAdministrator
	}
	for _, problem := range n.Problems(p.domain) {
		p.wrong("users", u.Address, "%s: %s", orElse(keyOf[problem.Field], problem.Field), problem.Reason)
	}
	p.users = append(p.users, aor)
	before, there := p.known.users[aor]
	if !there {
		p.fresh = append(p.fresh, aor)
		p.add("user", true, func(ctx context.Context, to stores) error {
			_, err := to.accounts.CreateUser(ctx, n)
			return err
		})
		return
	}
	if after := changed(before, n); after != before {
		p.add("user", false, func(ctx context.Context, to stores) error { return update(ctx, to.accounts, after) })
	}
}

// changed is a user as the file wants them; what it does not say stays.
func changed(u account.User, n account.NewUser) account.User {
	u.MayCallOut, u.CallerNumber = n.MayCallOut, n.CallerNumber
	u.Name, u.Language, u.TimeZone = orElse(n.Name, u.Name), orElse(n.Language, u.Language), orElse(n.TimeZone, u.TimeZone)
	if n.RingFor != 0 {
		u.RingFor = n.RingFor
	}
	return u
}

func update(ctx context.Context, accounts *account.Store, u account.User) error {
	_, err := accounts.UpdateUser(ctx, u.ID, account.Change{Name: &u.Name, MayCallOut: &u.MayCallOut, CallerNumber: &u.CallerNumber,
		RingFor: &u.RingFor, Language: &u.Language, TimeZone: &u.TimeZone})
	return err
}

func (p *planner) trunk(t SiteTrunk) {
	before, there := p.known.trunks[t.Name]
	after, problems := t.over(before, p.region)
	for _, problem := range problems {
		p.wrong("trunks", t.Name, "%v", problem)
	}
	// Without a database, it may know the password.
	if p.known.read && t.User != "" && after.Password == "" && !after.HasPassword {
		p.wrong("trunks", t.Name, "password: is needed to register as %s", t.User)
	}
	if !there || !reflect.DeepEqual(before, after) {
		p.add("trunk", !there, func(ctx context.Context, to stores) error { return to.directory.PutTrunk(ctx, after) })
	}
}

func (p *planner) route(r SiteRoute) {
	name := r.Prefix + " by " + r.Trunk
	if !prefix.MatchString(r.Prefix) {
		p.wrong("routes", name, "prefix: %q is not + and the first digits of an international number", r.Prefix)
	}
	if r.Priority < 0 || r.Priority > 1000 {
		p.wrong("routes", name, "priority: %d is not from 0 to 1000", r.Priority)
	}
	if _, there := p.known.trunks[r.Trunk]; !p.has(p.fileTrunks[r.Trunk], there) {
		p.wrong("routes", name, "trunk: there is no trunk %q, neither in the file nor in the database", r.Trunk)
	}
	v := route.Outbound{Prefix: r.Prefix, Trunk: r.Trunk, Priority: r.Priority}
	if before, there := p.known.routes[routeKey{r.Prefix, r.Trunk}]; before != v {
		p.add("route", !there, func(ctx context.Context, to stores) error { return to.directory.PutRoute(ctx, v) })
	}
}

// has tells whether something is there, or may be in a database that could not be read.
func (p *planner) has(inFile, inDatabase bool) bool { return inFile || inDatabase || !p.known.read }

func (p *planner) hasUser(aor string) bool {
	_, there := p.known.users[aor]
	return p.has(p.fileUsers[aor], there)
}

func (p *planner) hasMenu(name string) bool {
	_, there := p.known.menus[name]
	return p.has(p.fileMenus[name], there)
}

func (p *planner) allNumbers(list []SiteNumber) {
	for _, n := range p.known.numbers {
		p.numbers[n.E164] = n.Target
	}
	seen := map[route.E164]bool{}
	for _, n := range list {
		e164 := p.number("numbers", n.Number, "number", n.Number)
		if n.Number == "" {
			p.wrong("numbers", n.Number, "number: is needed")
		}
		target := p.target(n)
		if e164 == "" {
			continue
		}
		if seen[e164] {
			p.wrong("numbers", n.Number, "is there twice")
		}
		seen[e164], p.numbers[e164] = true, target
		before, there := p.known.numbers[e164]
		v := route.Number{E164: e164, Target: target, Label: orElse(n.Label, before.Label)}
		if before != v {
			p.add("number", !there, func(ctx context.Context, to stores) error { return to.directory.PutNumber(ctx, v) })
		}
	}
	for _, n := range list {
		if e164, err := route.Normalize(n.Number, p.region); err == nil && p.circles(e164) {
			p.wrong("numbers", n.Number, "to: leads back to the number itself")
		}
	}
}

// circles tells whether a number leads to itself, over others or not.
func (p *planner) circles(n route.E164) bool {
	at := n
	for range p.numbers {
		t := p.numbers[at]
		if t.Kind != route.ToNumber {
			return false
		}
		if at = route.E164(t.Value); at == n {
			return true
		}
	}
	return false
}

// target reads where a number leads.
func (p *planner) target(n SiteNumber) route.Target {
	kind, value, _ := strings.Cut(n.To, ":")
	t := route.Target{Kind: route.TargetKind(kind), Value: strings.TrimSpace(value)}
	if t.Value == "" {
		t.Kind = ""
	}
	switch t.Kind {
	case route.ToUser, route.ToMailbox:
		t.Value = inDomain(value, p.domain)
		if !p.hasUser(t.Value) {
			p.wrong("numbers", n.Number, "to: there is no user %s, neither in the file nor in the database", t.Value)
		}
	case route.ToMenu:
		if !p.hasMenu(t.Value) {
			p.wrong("numbers", n.Number, "to: there is no menu %q, neither in the file nor in the database", t.Value)
		}
	case route.ToNumber:
		t.Value = string(p.number("numbers", n.Number, "to", t.Value))
	default:
		p.wrong("numbers", n.Number, "to: %q is none of user:NAME, menu:NAME, mailbox:NAME, number:+N", n.To)
	}
	return t
}

func (p *planner) allMenus(menus []attendant.Menu, prompts Prompts) {
	if len(menus) == 0 {
		return
	}
	world, err := p.menuWorld(prompts)
	if err != nil {
		p.problems = append(p.problems, err)
		return
	}
	for _, m := range menus {
		m = p.complete(m)
		for _, problem := range each(m.Validate(world)) {
			p.wrong("menus", m.Name, "%v", problem)
		}
		if document, err := json.Marshal(m); err != nil {
			p.wrong("menus", m.Name, "%v", err)
		} else if _, err := attendant.Parse(document); err != nil { // as it will be read
			p.wrong("menus", m.Name, "%v", err)
		}
		before, there := p.known.menus[m.Name]
		if !there || !sameMenu(before, m) {
			p.add("menu", !there, func(ctx context.Context, to stores) error {
				_, err := to.menus.Save(ctx, m, "tandem apply", -1)
				return err
			})
		}
	}
}

// menuWorld is what menus can say on this machine, and whom they can lead to.
func (p *planner) menuWorld(c Prompts) (attendant.World, error) {
	sounds, err := prompt.Open(c.Directory, nil)
	if err != nil {
		return attendant.World{}, err
	}
	_, err = prompt.FindSynthesizer()
	return attendant.World{
		Sound: sounds.Pack(c.Language).Has, Speech: err == nil, User: p.hasUser, Mailbox: p.hasUser, Menu: p.hasMenu,
	}, nil
}

// complete gives the names of a menu the overlay's domain, and its numbers the country.
func (p *planner) complete(m attendant.Menu) attendant.Menu {
	options := make(map[string]attendant.Target, len(m.Options))
	for _, key := range slices.Sorted(maps.Keys(m.Options)) {
		options[key] = p.completeTarget(m.Name, "options "+key, m.Options[key])
	}
	m.Options = options
	for _, t := range []struct {
		field string
		at    **attendant.Target
	}{{"operator", &m.Operator}, {"no_input", &m.NoInput}, {"invalid", &m.Invalid}} {
		if *t.at != nil {
			v := p.completeTarget(m.Name, t.field, **t.at)
			*t.at = &v
		}
	}
	return m
}

func (p *planner) completeTarget(menu, field string, t attendant.Target) attendant.Target {
	t.User, t.Mailbox = inDomain(t.User, p.domain), inDomain(t.Mailbox, p.domain)
	if t.Number == "" {
		return t
	}
	n := p.number("menus", menu, field+": number", t.Number)
	if n == "" {
		return attendant.Target{Hangup: true} // the number is a problem already: not another one
	}
	t.Number = string(n)
	return t
}

// sameMenu compares menus as they are kept: a list that is empty and one that is not there are the same.
func sameMenu(a, b attendant.Menu) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// each takes joined errors apart.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
