package account

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"tandem/web/account/internal/db"
)

// CreateUser makes an account: ErrExists if the address is taken, *InvalidError if a field cannot be.
func (s *Store) CreateUser(ctx context.Context, n NewUser) (User, error) {
	row, err := s.prepare(ctx, n)
	if err != nil {
		return User{}, err
	}
	u, err := s.q.InsertUser(ctx, row)
	return user(u), plain("create user", err)
}

// ByAoR finds a user by address, in any spelling of case: ErrNotFound if there is none.
func (s *Store) ByAoR(ctx context.Context, aor string) (User, error) {
	u, err := s.q.UserByAoR(ctx, canonical(aor))
	return user(u), plain("find user", err)
}

// ByID finds a user: ErrNotFound if there is none.
func (s *Store) ByID(ctx context.Context, id uuid.UUID) (User, error) {
	u, err := s.q.UserByID(ctx, id)
	return user(u), plain("find user", err)
}

// ListUsers returns all users by name.
func (s *Store) ListUsers(ctx context.Context) ([]User, error) {
	rows, err := s.q.Users(ctx)
	users := make([]User, len(rows))
	for i, row := range rows {
		users[i] = user(row)
	}
	return users, plain("list users", err)
}

// UpdateUser changes what c names.
func (s *Store) UpdateUser(ctx context.Context, id uuid.UUID, c Change) (User, error) {
	if err := c.check(); err != nil {
		return User{}, err
	}
	p := db.UpdateUserParams{ID: id, Name: c.Name, MayCallOut: c.MayCallOut, Language: c.Language, Timezone: c.TimeZone}
	if c.CallerNumber != nil {
		p.SetCallerNumber, p.CallerNumber = true, optional(*c.CallerNumber)
	}
	if c.RingFor != nil {
		ms := int32(c.RingFor.Milliseconds())
		p.RingMs = &ms
	}
	u, err := s.q.UpdateUser(ctx, p)
	return user(u), plain("update user", err)
}

// DisableUser ends the user's sessions, invitations and right to call, and puts the user's devices on the
// list of RevokedNodes. The last administrator stays: ErrLastAdmin.
func (s *Store) DisableUser(ctx context.Context, id uuid.UUID) (User, error) {
	var u db.User
	err := s.inTx(ctx, func(q *db.Queries) error {
		if err := q.LockAdministrators(ctx); err != nil {
			return err
		}
		others, err := q.OtherAdministrators(ctx, id)
		if err != nil {
			return err
		}
		if u, err = q.DisableUser(ctx, id); err != nil {
			return err
		}
		if u.Role == string(RoleAdministrator) && others == 0 {
			return ErrLastAdmin
		}
		return q.RevokeInvitationsOfUser(ctx, id)
	})
	return user(u), plain("disable user", err)
}

// EnableUser undoes DisableUser; invitations stay revoked.
func (s *Store) EnableUser(ctx context.Context, id uuid.UUID) (User, error) {
	u, err := s.q.EnableUser(ctx, id)
	return user(u), plain("enable user", err)
}

// NumberOf is the number shown to the telephone network when the user calls out; empty: none of the user's own.
func (s *Store) NumberOf(ctx context.Context, aor string) (string, error) {
	u, err := s.ByAoR(ctx, aor)
	return u.CallerNumber, err
}

// MayCallOut tells whether the user may call the telephone network. Unknown and disabled users may not.
func (s *Store) MayCallOut(ctx context.Context, aor string) (bool, error) {
	u, err := s.ByAoR(ctx, aor)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && u.MayCallOut && !u.Disabled(), err
}

// RingFor is how long a call for the user rings.
func (s *Store) RingFor(ctx context.Context, aor string) (time.Duration, error) {
	u, err := s.ByAoR(ctx, aor)
	return u.RingFor, err
}

// prepare checks n and makes it a row.
func (s *Store) prepare(ctx context.Context, n NewUser) (db.InsertUserParams, error) {
	n, err := n.complete(s.cfg.Domain)
	if err != nil {
		return db.InsertUserParams{}, err
	}
	var hash *string
	if n.Password != "" {
		if hash, err = s.hash(ctx, n.AoR, n.Password); err != nil {
			return db.InsertUserParams{}, err
		}
	}
	return db.InsertUserParams{
		ID: uuid.Must(uuid.NewV7()), Aor: n.AoR, Name: n.Name, Role: string(n.Role), PasswordHash: hash,
		MayCallOut: n.MayCallOut, CallerNumber: optional(n.CallerNumber), RingMs: int32(n.RingFor.Milliseconds()),
		Language: n.Language, Timezone: n.TimeZone,
	}, nil
}

func user(u db.User) User {
	return User{
		ID: u.ID, AoR: u.Aor, Name: u.Name, Role: Role(u.Role), HasPassword: u.PasswordHash != nil,
		SessionEpoch: int(u.SessionEpoch), MayCallOut: u.MayCallOut, CallerNumber: value(u.CallerNumber),
		RingFor: time.Duration(u.RingMs) * time.Millisecond, Language: u.Language, TimeZone: u.Timezone,
		CreatedAt: u.CreatedAt, DisabledAt: value(u.DisabledAt),
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
