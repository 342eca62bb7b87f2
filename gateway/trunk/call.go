package trunk

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"tandem/gateway/call"
	"tandem/gateway/sipua"
)

// CallOptions are the details of a call out.
type CallOptions struct {
	Media       sipua.Media // required; belongs to the leg once Call returned without error
	Diversion   []sipua.Diversion
	MaxForwards int
	Headers     []sipua.Header
	Info        call.Info // for Leg.Info; Trunk is filled in
}

// Call sends an INVITE for a number through the named trunk; from is who the called party is shown. Errors:
// ErrUnknown, ErrDown, ErrFull, or why the carrier cannot be reached. The call counts against MaxCalls until it ends.
func (s *Set) Call(ctx context.Context, name, number string, from call.Party, o CallOptions) (*sipua.Leg, error) {
	e, err := s.entry(name)
	if err != nil {
		return nil, err
	}
	if err := e.ready(ctx); err != nil {
		return nil, err
	}
	release, err := s.Take(name)
	if err != nil {
		return nil, err
	}
	leg, err := s.ua.Invite(ctx, e.invite(number, from, o))
	if err != nil {
		release()
		return nil, fmt.Errorf("call through trunk %q: %w", name, err)
	}
	context.AfterFunc(leg.Context(), release)
	return leg, nil
}

// invite says how this carrier wants to be called.
func (e *entry) invite(number string, from call.Party, o CallOptions) sipua.InviteConfig {
	t := e.cfg
	e.mu.Lock()
	routes := e.routes
	e.mu.Unlock()
	uri := "sip:" + t.Format.write(number) + "@" + t.hostPort()
	o.Info.Trunk = t.Name
	o.Info.Called = cmp.Or(o.Info.Called, number)
	if o.Info.Caller == (call.Party{}) {
		o.Info.Caller = from
	}
	c := sipua.InviteConfig{
		URI: uri, From: t.from(from), Hop: t.hop(), Route: routes, ContactUser: t.User, Media: o.Media,
		Credentials: t.credentials(), Diversion: o.Diversion, MaxForwards: o.MaxForwards, Headers: o.Headers, Info: o.Info,
	}
	c.Identity = t.identity(from)
	return c
}

// from is what From says: the registered user where there is one, else the caller's number.
func (t Trunk) from(p call.Party) sipua.Address {
	user := t.Format.write(p.Number)
	if t.Mode == Register {
		user = t.User
	}
	if p.Anonymous {
		if t.Mode == Register { // the carrier must still know whose call it is
			return sipua.Address{Name: "Anonymous", URI: sipua.UserURI("sip", user, t.FromDomain)}
		}
		return sipua.Address{Name: "Anonymous", URI: "sip:anonymous@anonymous.invalid"}
	}
	return sipua.Address{Name: p.Name, URI: sipua.UserURI("sip", cmp.Or(user, t.User, "anonymous"), t.FromDomain)}
}

// identity is where the caller's number goes besides.
func (t Trunk) identity(p call.Party) sipua.Identity {
	id := sipua.Identity{Private: p.Anonymous}
	if p.Number == "" || strings.Trim(p.Number, "+0123456789") != "" {
		return id
	}
	uri := sipua.UserURI("sip", t.Format.write(p.Number), t.FromDomain)
	switch t.Identity {
	case Asserted:
		id.Asserted = uri
	case Preferred:
		id.Preferred = uri
	}
	return id
}
