package gatewaypg

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/gatewaypg/internal/db"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// A Trunk is a carrier as an administrator sees it: with everything but its password.
type Trunk struct {
	gateway.Trunk
	Enabled     bool // a disabled trunk carries nothing
	HasPassword bool // set by Trunks
}

// Trunks lists the carriers, without their passwords.
func (s *Store) Trunks(ctx context.Context) ([]Trunk, error) {
	rows, err := s.q.ListTrunks(ctx)
	return each(rows, func(r db.Trunk) Trunk {
		t := Trunk{Trunk: carrier(r), Enabled: r.Enabled, HasPassword: r.Password != ""}
		t.Password = ""
		return t
	}), wrap("list trunks", err)
}

// PutTrunk adds a carrier or changes it. An empty password keeps the one it has, unless the host or the
// account is another: it must not be shown to somebody else.
func (s *Store) PutTrunk(ctx context.Context, t Trunk) error {
	id, err := newID()
	if err != nil {
		return err
	}
	p := parameters(t)
	p.ID = id
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		if p.Password == "" {
			old, err := q.TrunkPassword(ctx, db.TrunkPasswordParams{Name: t.Name, Host: p.Host, Username: p.Username})
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			p.Password = old
		}
		return q.PutTrunk(ctx, p)
	})
	return wrap("put trunk "+t.Name, err)
}

// DeleteTrunk removes a carrier and the routes to it; ErrNotFound when there is none of that name.
func (s *Store) DeleteTrunk(ctx context.Context, name string) error {
	rows, err := s.q.DeleteTrunk(ctx, name)
	return found("delete trunk "+name, rows, err)
}

// Defaults of a trunk that does not say otherwise.
const (
	defaultMaxCalls = 30
	defaultExpires  = time.Hour
)

func parameters(t Trunk) db.PutTrunkParams {
	p := db.PutTrunkParams{Name: t.Name, Host: t.Host, Port: int32(t.Port), Transport: string(t.Transport), Mode: string(t.Mode),
		Username: t.User, AuthUsername: t.AuthUser, Password: string(t.Password), Realm: t.Realm, FromDomain: t.FromDomain,
		Codecs: each(t.Codecs, codecName), Srtp: string(t.SRTP), Sources: t.Sources, CallerNumber: nullable(string(t.CallerNumber)),
		MaxCalls: int32(t.MaxCalls), ExpiresMs: int32(t.Expires.Milliseconds()), Insecure: t.Insecure, Enabled: t.Enabled}
	if p.Transport == "" {
		p.Transport = string(sipua.UDP)
	}
	if p.Mode == "" {
		p.Mode = string(trunk.ByAddress)
	}
	if p.Srtp == "" {
		p.Srtp = string(trunk.SRTPForbidden)
	}
	if len(p.Codecs) == 0 {
		p.Codecs = []string{"PCMU", "PCMA"}
	}
	if p.Sources == nil {
		p.Sources = []netip.Prefix{}
	}
	if p.MaxCalls == 0 {
		p.MaxCalls = defaultMaxCalls
	}
	if p.ExpiresMs == 0 {
		p.ExpiresMs = int32(defaultExpires.Milliseconds())
	}
	return p
}

func carrier(r db.Trunk) gateway.Trunk {
	return gateway.Trunk{CallerNumber: route.E164(value(r.CallerNumber)), Trunk: trunk.Trunk{Name: r.Name, Host: r.Host,
		Port: int(r.Port), Transport: sipua.Transport(r.Transport), Mode: trunk.Mode(r.Mode), User: r.Username,
		AuthUser: r.AuthUsername, Password: sipua.Secret(r.Password), Realm: r.Realm, FromDomain: r.FromDomain,
		Codecs: each(r.Codecs, codec), SRTP: trunk.SRTP(r.Srtp), MaxCalls: int(r.MaxCalls), Sources: r.Sources,
		Expires: time.Duration(r.ExpiresMs) * time.Millisecond, Insecure: r.Insecure}}
}

func codec(name string) call.Codec {
	if name == "PCMA" {
		return call.PCMA
	}
	return call.PCMU
}

func codecName(c call.Codec) string {
	if c == call.PCMA {
		return "PCMA"
	}
	return "PCMU"
}
