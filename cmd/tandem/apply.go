package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"tandem/overlay/enroll/enrollpg"
	"tandem/web/account"
)

type applyCmd struct {
	configFlag
	File   string `short:"f" required:"" type:"existingfile" placeholder:"SITE.yaml" help:"What to set up; - reads standard input."`
	DryRun bool   `name:"dry-run" help:"Say what would be done and change nothing."`
	Invite bool   `help:"Make an invitation for every user of the file without a device, not only for new users."`
	JSON   bool   `name:"json" help:"Print what was done as JSON."`
}

// applied says what tandem apply did.
type applied struct {
	Users       tally             `json:"users"`
	Trunks      tally             `json:"trunks"`
	Routes      tally             `json:"routes"`
	Numbers     tally             `json:"numbers"`
	Menus       tally             `json:"menus"`
	Invitations map[string]string `json:"invitations,omitempty"` // links for users without a device, by address
}

// A tally counts what was done to one kind of things.
type tally struct {
	Made    int `json:"made"`
	Changed int `json:"changed"`
}

// shortWait is how long the database is waited for when nothing will be written to it.
const shortWait = 3 * time.Second

func (c applyCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	s, problems, err := readSite(c.File)
	if err != nil {
		return err
	}
	_, early := s.plan(cfg, known{})
	db, away := c.open(ctx, cfg, c.DryRun || len(problems)+len(early) > 0)
	if db != nil {
		defer db.close()
	}
	p, more := s.plan(cfg, db.knowledge())
	problems = append(problems, more...)
	switch {
	case len(problems) > 0:
		if s.empty() {
			away = nil // there are no names to check
		}
		return errors.Join(badSite(c.File, problems), unread(away))
	case away != nil && !c.DryRun:
		return away
	}
	if db != nil && (len(p.fresh) > 0 || c.Invite) {
		if _, err := db.link(ctx, "", ""); err != nil { // nothing is written when invitations cannot be made
			return err
		}
	}
	if c.DryRun {
		return c.report(p.tally(), away)
	}
	done, err := p.apply(ctx, db.stores, db.link, c.Invite)
	if err != nil {
		return err
	}
	return c.report(done, nil)
}

// A siteDB is the database of a site, and what was in it at first.
type siteDB struct {
	stores
	known known
	link  linker
	close func()
}

func (d *siteDB) knowledge() known {
	if d == nil {
		return known{}
	}
	return d.known
}

// A linker makes an invitation's link.
type linker func(ctx context.Context, aor, secret string) (string, error)

// open opens the database and reads it. In a hurry it does not wait long for it.
func (c applyCmd) open(ctx context.Context, cfg Config, hurry bool) (*siteDB, error) {
	wait := ctx
	if hurry {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, shortWait)
		defer cancel()
	}
	pool, err := joinDatabase(wait, cfg, newLogger(cfg.Log))
	if err != nil {
		return nil, err
	}
	d := &siteDB{close: pool.Close, link: func(ctx context.Context, aor, secret string) (string, error) {
		return invitationLink(ctx, enrollpg.New(pool), aor, secret)
	}}
	if d.stores, err = openStores(pool, cfg); err == nil {
		d.known, err = d.readKnown(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// badSite is all that is wrong with a file, a line each.
func badSite(file string, problems []error) error {
	if file == "-" {
		file = "standard input"
	}
	if len(problems) == 1 {
		return fmt.Errorf("%s: %w", file, problems[0])
	}
	return fmt.Errorf("%s has %d problems:\n%w", file, len(problems), errors.Join(problems...))
}

func unread(away error) error {
	if away == nil {
		return nil
	}
	return fmt.Errorf("the database could not be read, so names that are not in the file were not checked: %w", away)
}

// apply writes the plan, then makes invitations for new users; with invite for each without a device.
func (p plan) apply(ctx context.Context, to stores, link linker, invite bool) (applied, error) {
	for _, s := range p.steps {
		if err := s.do(ctx, to); err != nil {
			return applied{}, fmt.Errorf("%w; apply the file again to finish it", err)
		}
	}
	whom := p.fresh
	if invite {
		whom = p.users
	}
	done := p.tally()
	done.Invitations = map[string]string{}
	for _, aor := range whom {
		secret, err := invitationFor(ctx, to.accounts, aor)
		if err == nil && secret != "" {
			done.Invitations[aor], err = link(ctx, aor, secret)
		}
		if err != nil {
			return applied{}, fmt.Errorf("invite %s: %w; all of the file is applied: apply it again with --invite", aor, err)
		}
	}
	return done, nil
}

// invitationFor gives the secret of a new invitation, which replaces older ones; none for who has a device, or may not.
func invitationFor(ctx context.Context, accounts *account.Store, aor string) (string, error) {
	u, err := accounts.ByAoR(ctx, aor)
	if err != nil || u.Disabled() {
		return "", err
	}
	devices, err := accounts.Devices(ctx, u.ID)
	inUse := func(d account.Device) bool { return d.RevokedAt.IsZero() && time.Now().Before(d.ExpiresAt) }
	if err != nil || slices.ContainsFunc(devices, inUse) {
		return "", err
	}
	_, secret, err := accounts.InviteAnew(ctx, u.ID, account.ForDevice, 0)
	return secret, err
}

// tally counts the steps of a plan.
func (p plan) tally() applied {
	var a applied
	of := map[string]*tally{"user": &a.Users, "trunk": &a.Trunks, "route": &a.Routes, "number": &a.Numbers, "menu": &a.Menus}
	for _, s := range p.steps {
		if t := of[s.kind]; s.made {
			t.Made++
		} else {
			t.Changed++
		}
	}
	return a
}

// report says what was done, or in a dry run would be.
func (c applyCmd) report(done applied, away error) error {
	if away != nil {
		fmt.Fprintln(os.Stderr, "tandem:", unread(away))
	}
	if c.JSON {
		return printJSON(os.Stdout, done)
	}
	switch sentence := done.String(); {
	case away != nil:
		fmt.Println("As far as that goes, the file is good.")
	case sentence == "":
		fmt.Println("Nothing to change: everything is as the file says.")
	case c.DryRun:
		fmt.Printf("The file is good. Applying it would come to: %s.\n", sentence)
	default:
		fmt.Printf("Done: %s.\n", sentence)
	}
	for _, aor := range slices.Sorted(maps.Keys(done.Invitations)) {
		fmt.Printf("\n%s has no device yet; on the user's machine:\n  tandem enroll '%s'\n", aor, done.Invitations[aor])
	}
	return nil
}

// String is like "2 users made, 1 changed; 1 trunk made"; empty when nothing was done.
func (a applied) String() string {
	var parts []string
	for _, k := range []struct {
		name string
		tally
	}{{"user", a.Users}, {"trunk", a.Trunks}, {"route", a.Routes}, {"number", a.Numbers}, {"menu", a.Menus}} {
		switch {
		case k.Made > 0 && k.Changed > 0:
			parts = append(parts, fmt.Sprintf("%s made, %d changed", count(k.Made, k.name), k.Changed))
		case k.Made > 0:
			parts = append(parts, count(k.Made, k.name)+" made")
		case k.Changed > 0:
			parts = append(parts, count(k.Changed, k.name)+" changed")
		}
	}
	return strings.Join(parts, "; ")
}

func count(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return fmt.Sprintf("%d %ss", n, name)
}
