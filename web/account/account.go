// Package account keeps who uses tandem: people, their passwords, their invitations and their devices.
//
// A user is named by an AoR, "alice@example.org", which is also the name in the certificates of the user's
// devices. An invitation is a one-time secret for one of two purposes: to get a certificate for a device
// (Admit), or to choose a password for the portal (RedeemPassword). Secrets are stored as hashes and shown
// once; unknown, used, revoked and expired ones all answer ErrRefused.
//
// Passwords are argon2id hashes. Authenticate takes as long and says the same whether an account exists or
// not, and slows down guessing; the count of failures is in the database, shared by all server peers.
//
// The package imports nothing of the overlay or of the gateway; cmd/tandem introduces them.
package account

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// What callers branch on.
var (
	ErrNotFound  = errors.New("no such account")
	ErrExists    = errors.New("this address is taken")
	ErrRefused   = errors.New("refused")        // wrong address, password or secret: it does not say which
	ErrSetUp     = errors.New("already set up") // there is an administrator
	ErrLastAdmin = errors.New("the last administrator cannot be disabled")
)

// InvalidError says which field of a request cannot be, in a sentence for people.
type InvalidError struct {
	Field  string // aor, name, password, caller_number, ring, language, timezone
	Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// ThrottledError is the answer to a sign-in after too many wrong ones.
type ThrottledError struct {
	RetryAfter time.Duration
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many wrong passwords, try again in %v", e.RetryAfter.Round(time.Second))
}

// A Role is what a user may do in the portal.
type Role string

// The roles.
const (
	RoleUser          Role = "user"
	RoleAdministrator Role = "administrator"
)

// A User is a person who is known here.
type User struct {
	ID           uuid.UUID
	AoR          string // lower case, without scheme
	Name         string
	Role         Role
	HasPassword  bool          // can sign in to the portal
	SessionEpoch int           // a session begun in an older epoch is over
	MayCallOut   bool          // may call the telephone network
	CallerNumber string        // E.164 with its plus, shown to the telephone network; empty: the trunk's
	RingFor      time.Duration // how long a call for the user rings before the fallback takes it
	Language     string        // BCP 47
	TimeZone     string        // IANA
	CreatedAt    time.Time
	DisabledAt   time.Time // zero: not disabled
}

// Disabled tells whether the account is switched off.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// IsAdministrator tells whether u may see the administrator's pages.
func (u User) IsAdministrator() bool { return u.Role == RoleAdministrator }

// NewUser is what an account begins with. Zero values mean the defaults: role user, no password, 25 s, en, UTC.
type NewUser struct {
	AoR          string // a bare name gets the domain of the Config
	Name         string // empty: the user part of the AoR
	Role         Role
	Password     string // empty: none yet
	MayCallOut   bool
	CallerNumber string
	RingFor      time.Duration
	Language     string
	TimeZone     string
}

// A Change of an account: nil leaves as it is.
type Change struct {
	Name         *string
	MayCallOut   *bool
	CallerNumber *string // empty: none
	RingFor      *time.Duration
	Language     *string
	TimeZone     *string
}

// A Purpose is what an invitation is good for.
type Purpose string

// The purposes.
const (
	ForDevice   Purpose = "device"
	ForPassword Purpose = "password"
)

// An Invitation as an administrator sees it: without its secret.
type Invitation struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	AoR        string
	Purpose    Purpose
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RedeemedAt time.Time // zero: not yet
	RevokedAt  time.Time // zero: not revoked
}

// A Device is a node that holds a certificate of the user.
type Device struct {
	ID          uuid.UUID
	NodeID      [16]byte
	Certificate []byte // DER
	IssuedAt    time.Time
	ExpiresAt   time.Time
	RevokedAt   time.Time // zero: not revoked
}
