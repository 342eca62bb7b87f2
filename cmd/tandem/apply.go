package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/attendant"
	"tandem/attendant/attendantpg"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/route"
	"tandem/overlay/enroll/enrollpg"
	"tandem/web/account"
)

type applyCmd struct {
	configFlag
	File   string `short:"f" required:"" type:"existingfile" placeholder:"SITE.yaml" help:"What to set up; - reads standard input."`
	DryRun bool   `name:"dry-run" help:"Check the file and change nothing."`
	Invite bool   `help:"Make an invitation for every user of the file without a device, not only for new users."`
	JSON   bool   `name:"json" help:"Print what was done as JSON."`
}

// applied says what tandem apply did.
type applied struct {
	Users       int               `json:"users"`
	Trunks      int               `json:"trunks"`
	Numbers     int               `json:"numbers"`
	Routes      int               `json:"routes"`
	Menus       int               `json:"menus"`
	Invitations map[string]string `json:"invitations,omitempty"` // links for users without a device, by address
}

func (c applyCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	s, err := readSite(c.File)
	if err != nil {
		return err
	}
	r, err := s.resolve(cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.DryRun {
		fmt.Println("The file is good.")
		return nil
	}
	pool, err := joinDatabase(ctx, cfg, newLogger(cfg.Log))
	if err != nil {
		return err
	}
	defer pool.Close()
	done, err := s.apply(ctx, pool, cfg, r, c.Invite)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(os.Stdout, done)
	}
	fmt.Printf("Set up %d users, %d trunks, %d numbers, %d routes, %d menus.\n", done.Users, done.Trunks, done.Numbers, done.Routes, done.Menus)
	for aor, link := range done.Invitations {
		fmt.Printf("\n%s has no device yet; on the user's machine:\n  tandem enroll '%s'\n", aor, link)
	}
	return nil
}

func (s Site) apply(ctx context.Context, pool *pgxpool.Pool, cfg Config, r resolved, invite bool) (applied, error) {
	done := applied{Trunks: len(r.trunks), Numbers: len(r.numbers), Routes: len(r.routes), Menus: len(s.Menus), Users: len(s.Users)}
	var err error
	if done.Invitations, err = s.applyUsers(ctx, pool, cfg, invite); err != nil {
		return done, err
	}
	directory := gatewaypg.New(pool)
	for _, t := range r.trunks {
		if err := directory.PutTrunk(ctx, t); err != nil {
			return done, err
		}
	}
	for _, o := range r.routes {
		if err := directory.PutRoute(ctx, o); err != nil {
			return done, fmt.Errorf("route %s to %s: %w", o.Prefix, o.Trunk, err)
		}
	}
	for _, n := range r.numbers {
		if err := directory.PutNumber(ctx, n); err != nil {
			return done, err
		}
	}
	menus := attendantpg.New(pool)
	for _, m := range s.Menus {
		if err := putMenu(ctx, menus, m); err != nil {
			return done, fmt.Errorf("menu %s: %w", m.Name, err)
		}
	}
	return done, nil
}

// applyUsers makes or changes the users, and an invitation for each who is new; with invite for each without a device.
func (s Site) applyUsers(ctx context.Context, pool *pgxpool.Pool, cfg Config, invite bool) (map[string]string, error) {
	settings := account.DefaultConfig()
	settings.Domain = cfg.Overlay.Name
	accounts, err := account.New(pool, settings)
	if err != nil {
		return nil, err
	}
	invitations := map[string]string{}
	for _, u := range s.Users {
		user, made, err := putUser(ctx, accounts, u, cfg)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", u.Address, err)
		}
		devices, err := accounts.Devices(ctx, user.ID)
		if err != nil {
			return nil, err
		}
		if user.Disabled() || len(devices) > 0 || !made && !invite {
			continue
		}
		_, secret, err := accounts.Invite(ctx, user.ID, account.ForDevice, 0)
		if err != nil {
			return nil, err
		}
		link, err := invitationLink(ctx, enrollpg.New(pool), user.AoR, secret)
		if err != nil {
			return nil, err
		}
		invitations[user.AoR] = link
	}
	return invitations, nil
}

// putUser makes the user, or changes the one there is.
func putUser(ctx context.Context, accounts *account.Store, u SiteUser, cfg Config) (user account.User, made bool, err error) {
	number := ""
	if u.Number != "" {
		n, err := route.Normalize(u.Number, cfg.Region)
		if err != nil {
			return account.User{}, false, err
		}
		number = string(n)
	}
	aor := inDomain(u.Address, cfg.Overlay.Name)
	known, err := accounts.ByAoR(ctx, aor)
	if errors.Is(err, account.ErrNotFound) {
		role := account.RoleUser
		if u.Administrator {
			role = account.RoleAdministrator
		}
		user, err = accounts.CreateUser(ctx, account.NewUser{
			AoR: aor, Name: orElse(u.Name, strings.SplitN(aor, "@", 2)[0]), Role: role, Password: u.Password, MayCallOut: u.CallsOut,
			CallerNumber: number, RingFor: u.Ring, Language: u.Language, TimeZone: u.TimeZone,
		})
		return user, true, err
	} else if err != nil {
		return account.User{}, false, err
	}
	change := account.Change{MayCallOut: &u.CallsOut, CallerNumber: &number}
	if u.Name != "" {
		change.Name = &u.Name
	}
	if u.Ring != 0 {
		change.RingFor = &u.Ring
	}
	if u.Language != "" {
		change.Language = &u.Language
	}
	if u.TimeZone != "" {
		change.TimeZone = &u.TimeZone
	}
	user, err = accounts.UpdateUser(ctx, known.ID, change)
	return user, false, err
}

// putMenu makes m the current version of its menu, unless it is already.
func putMenu(ctx context.Context, menus *attendantpg.Store, m attendant.Menu) error {
	current, err := menus.Menu(ctx, m.Name)
	if err == nil && reflect.DeepEqual(current, m) {
		return nil
	} else if err != nil && !errors.Is(err, attendant.ErrNotFound) {
		return err
	}
	_, err = menus.Save(ctx, m, "tandem apply", -1)
	return err
}

// applyTrunk writes the one trunk of the configuration, if there is one, with a route for every number.
func (s *site) applyTrunk(ctx context.Context) error {
	t := s.cfg.Trunk
	if t.Host == "" {
		return nil
	}
	v, err := SiteTrunk{Name: "default", Host: t.Host, Transport: t.Transport, User: t.User, Password: t.Password}.trunk(s.cfg.Region)
	if err != nil {
		return err
	}
	if err := s.directory.PutTrunk(ctx, v); err != nil {
		return err
	}
	return s.directory.PutRoute(ctx, route.Outbound{Prefix: "+", Trunk: "default"})
}
