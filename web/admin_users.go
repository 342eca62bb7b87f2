package web

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"tandem/web/account"
)

// User is an account as an administrator sees it.
type User struct {
	ID            uuid.UUID `json:"id" format:"uuid"`
	Address       string    `json:"address"`
	Name          string    `json:"name"`
	Administrator bool      `json:"administrator"`
	CanSignIn     bool      `json:"can_sign_in" doc:"Has a password"`
	MayCallOut    bool      `json:"may_call_out" doc:"May call the telephone network"`
	CallerNumber  string    `json:"caller_number" doc:"Shown to the telephone network; empty: the trunk's"`
	RingSeconds   int       `json:"ring_seconds" doc:"How long a call rings before the fallback takes it"`
	CreatedAt     time.Time `json:"created_at"`
	Disabled      bool      `json:"disabled"`
}

func asUser(u account.User) User {
	return User{
		ID: u.ID, Address: u.AoR, Name: u.Name, Administrator: u.IsAdministrator(), CanSignIn: u.HasPassword,
		MayCallOut: u.MayCallOut, CallerNumber: u.CallerNumber, RingSeconds: int(u.RingFor.Seconds()),
		CreatedAt: u.CreatedAt, Disabled: u.Disabled(),
	}
}

type usersOut struct {
	Body struct {
		Users []User `json:"users" nullable:"false"`
	}
}

func (p *Portal) listUsers(ctx context.Context, _ *struct{}) (*usersOut, error) {
	users, err := p.cfg.Accounts.ListUsers(ctx)
	out := &usersOut{}
	out.Body.Users = each(users, asUser)
	return out, err
}

type createUserIn struct {
	Body struct {
		Address       string `json:"address" maxLength:"320" doc:"Without @domain: in the overlay's"`
		Name          string `json:"name,omitempty" maxLength:"100"`
		Password      string `json:"password,omitempty" maxLength:"1024" doc:"Left out: the user cannot sign in until invited to"`
		Administrator bool   `json:"administrator,omitempty"`
		MayCallOut    bool   `json:"may_call_out,omitempty"`
		CallerNumber  string `json:"caller_number,omitempty" maxLength:"16"`
	}
}

type userOut struct{ Body User }

func (p *Portal) createUser(ctx context.Context, in *createUserIn) (*userOut, error) {
	role := account.RoleUser
	if in.Body.Administrator {
		role = account.RoleAdministrator
	}
	u, err := p.cfg.Accounts.CreateUser(ctx, account.NewUser{
		AoR: in.Body.Address, Name: in.Body.Name, Role: role, Password: in.Body.Password,
		MayCallOut: in.Body.MayCallOut, CallerNumber: in.Body.CallerNumber,
	})
	if err != nil {
		return nil, err
	}
	p.log.InfoContext(ctx, "user created", "aor", u.AoR, "by", me(ctx).AoR)
	return &userOut{asUser(u)}, nil
}

type changeUserIn struct {
	ByID
	Body struct {
		Name         *string `json:"name,omitempty" maxLength:"100"`
		MayCallOut   *bool   `json:"may_call_out,omitempty"`
		CallerNumber *string `json:"caller_number,omitempty" maxLength:"16" doc:"Empty: none"`
		RingSeconds  *int    `json:"ring_seconds,omitempty" minimum:"1" maximum:"180"`
		Disabled     *bool   `json:"disabled,omitempty" doc:"Ends sessions, invitations and the right to call"`
	}
}

func (p *Portal) changeUser(ctx context.Context, in *changeUserIn) (*userOut, error) {
	c := account.Change{Name: in.Body.Name, MayCallOut: in.Body.MayCallOut, CallerNumber: in.Body.CallerNumber}
	if in.Body.RingSeconds != nil {
		ring := time.Duration(*in.Body.RingSeconds) * time.Second
		c.RingFor = &ring
	}
	u, err := p.cfg.Accounts.UpdateUser(ctx, in.ID, c)
	if err == nil && in.Body.Disabled != nil {
		u, err = p.switchUser(ctx, in.ID, *in.Body.Disabled)
	}
	if err != nil {
		return nil, err
	}
	p.log.InfoContext(ctx, "user changed", "aor", u.AoR, "by", me(ctx).AoR, "disabled", u.Disabled(), "may_call_out", u.MayCallOut)
	return &userOut{asUser(u)}, nil
}

func (p *Portal) switchUser(ctx context.Context, id uuid.UUID, off bool) (account.User, error) {
	if off {
		return p.cfg.Accounts.DisableUser(ctx, id)
	}
	return p.cfg.Accounts.EnableUser(ctx, id)
}

type setPasswordIn struct {
	ByID
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

// setPassword ends the user's sessions; an administrator's own goes on.
func (p *Portal) setPassword(ctx context.Context, in *setPasswordIn) (*userOut, error) {
	u, err := p.cfg.Accounts.SetPassword(ctx, in.ID, in.Body.Password)
	if err != nil {
		return nil, err
	}
	p.log.InfoContext(ctx, "password set", "aor", u.AoR, "by", me(ctx).AoR)
	if u.ID == me(ctx).ID {
		err = p.begin(ctx, u)
	}
	return &userOut{asUser(u)}, err
}

// Device is a node with a certificate.
type Device struct {
	ID        uuid.UUID  `json:"id" format:"uuid"`
	NodeID    string     `json:"node_id" doc:"In hex"`
	IssuedAt  time.Time  `json:"issued_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

func asDevice(d account.Device) Device {
	return Device{
		ID: d.ID, NodeID: hex.EncodeToString(d.NodeID[:]), IssuedAt: d.IssuedAt,
		ExpiresAt: d.ExpiresAt, RevokedAt: known(d.RevokedAt),
	}
}

type devicesOut struct {
	Body struct {
		Devices []Device `json:"devices" nullable:"false"`
	}
}

func (p *Portal) devices(ctx context.Context, in *ByID) (*devicesOut, error) {
	devices, err := p.cfg.Accounts.Devices(ctx, in.ID)
	out := &devicesOut{}
	out.Body.Devices = each(devices, asDevice)
	return out, err
}

func (p *Portal) ownDevices(ctx context.Context, _ *struct{}) (*devicesOut, error) {
	return p.devices(ctx, &ByID{me(ctx).ID})
}

type deviceIn struct {
	ByID
	Device uuid.UUID `path:"device" format:"uuid"`
}

func (p *Portal) revokeDevice(ctx context.Context, in *deviceIn) (*struct{}, error) {
	err := p.cfg.Accounts.RevokeDevice(ctx, in.ID, in.Device)
	if err == nil {
		p.log.InfoContext(ctx, "device revoked", "device", in.Device, "by", me(ctx).AoR)
	}
	return nil, err
}

// each maps a list; what is empty is [] in JSON, not null.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// known is nil for a time that has not come.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
