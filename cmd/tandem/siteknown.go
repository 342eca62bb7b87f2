package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/attendant"
	"tandem/attendant/attendantpg"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/route"
	"tandem/web/account"
)

// stores are where a site is kept.
type stores struct {
	accounts  *account.Store
	directory *gatewaypg.Store
	menus     *attendantpg.Store
}

func openStores(pool *pgxpool.Pool, cfg Config) (stores, error) {
	settings := account.DefaultConfig()
	settings.Domain = cfg.Overlay.Name
	accounts, err := account.New(pool, settings)
	return stores{accounts, gatewaypg.New(pool), attendantpg.New(pool)}, err
}

// known is what the database holds already. The zero value is a database that could not be read: nothing is known to be
// missing from it.
type known struct {
	read    bool
	users   map[string]account.User // by address
	trunks  map[string]gatewaypg.Trunk
	routes  map[routeKey]route.Outbound
	numbers map[route.E164]route.Number
	menus   map[string]attendant.Menu
}

type routeKey struct{ prefix, trunk string }

// readKnown reads all of it. Passwords of trunks are there as far as the trunks are in use.
func (s stores) readKnown(ctx context.Context) (known, error) {
	users, err1 := s.accounts.ListUsers(ctx)
	trunks, err2 := s.directory.Trunks(ctx)
	setup, err3 := s.directory.Setup(ctx)
	routes, err4 := s.directory.Routes(ctx)
	numbers, err5 := s.directory.Numbers(ctx)
	menus, err6 := s.menus.List(ctx)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "42P01" { // undefined table
			return known{}, errors.New("there is no tandem in this database yet: start tandem serve first")
		}
		return known{}, fmt.Errorf("read what there is: %s", reason(err))
	}
	k := known{
		read: true, users: by(users, func(u account.User) string { return u.AoR }),
		trunks:  by(trunks, func(t gatewaypg.Trunk) string { return t.Name }),
		routes:  by(routes, func(r route.Outbound) routeKey { return routeKey{r.Prefix, r.Trunk} }),
		numbers: by(numbers, func(n route.Number) route.E164 { return n.E164 }), menus: map[string]attendant.Menu{},
	}
	for _, t := range setup.Trunks {
		v := k.trunks[t.Name]
		v.Password = t.Password
		k.trunks[t.Name] = v
	}
	for _, m := range menus {
		k.menus[m.Menu.Name] = m.Menu
	}
	return k, nil
}

func by[K comparable, V any](list []V, key func(V) K) map[K]V {
	m := make(map[K]V, len(list))
	for _, v := range list {
		m[key(v)] = v
	}
	return m
}
