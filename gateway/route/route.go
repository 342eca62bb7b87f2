// Package route decides where a call goes. It turns what somebody dialed into an E.164 number (Normalize), a
// number of ours (DID) into a Target, a number of the telephone network into trunks by longest prefix, and says
// no to callers who may not call out.
//
// A Table is an immutable snapshot of what the administrator set up: the gateway swaps it whole, so a change
// never touches a call that is up. The package also declares, as Overlay, what call routing needs of the
// peer-to-peer network; it opens no socket and speaks no SIP itself.
//
// Laws: E.164 and RFC 3966 for numbers, RFC 4458 for retargeting to voicemail, RFC 7374 for the service names.
package route

import (
	"errors"
	"fmt"
)

// What routing refuses. Errors of this package wrap one of these.
var (
	ErrNotANumber    = errors.New("not a telephone number")
	ErrEmergency     = errors.New("emergency numbers cannot be called through this gateway")
	ErrUnknownNumber = errors.New("number not assigned")
	ErrNoRoute       = errors.New("no route to that number")
	ErrNotAllowed    = errors.New("not allowed to call that number")
	ErrNotRegistered = errors.New("not registered")
	ErrNoService     = errors.New("no provider of that service")
)

// TargetKind says what a number of ours leads to.
type TargetKind string

// The kinds of target.
const (
	ToUser    TargetKind = "user"    // Value is the user's AoR: ring their phones, then their mailbox
	ToMenu    TargetKind = "menu"    // Value is the menu's name
	ToMailbox TargetKind = "mailbox" // Value is the AoR whose mailbox takes a message at once
	ToNumber  TargetKind = "number"  // Value is another number of ours
)

// A Target is where a call for one of our numbers goes.
type Target struct {
	Kind  TargetKind
	Value string
}

func (t Target) String() string { return string(t.Kind) + ":" + t.Value }

// A Number is one number of ours (DID).
type Number struct {
	E164   E164
	Target Target
	Label  string // for people; may be empty
}

// An Outbound route sends numbers that begin with Prefix to a trunk.
type Outbound struct {
	Prefix   string // "+", "+1", "+4420": E.164 digits after a plus; "+" alone matches every number
	Trunk    string // the trunk's name
	Priority int    // among routes of the same prefix the lowest goes first
}

// A User is what routing knows of a person.
type User struct {
	AoR          string // lower case, user@overlay
	Name         string
	MayCallOut   bool    // may call the telephone network at all
	Classes      []Class // expensive classes that are open to this user nevertheless
	CallerNumber E164    // shown to the telephone network; empty: the trunk's own number
	RingMS       int     // how long their phones ring; 0 means DefaultRingMS
	Disabled     bool
}

// DefaultRingMS is how long a user's phones ring, in milliseconds, when nothing else is said.
const DefaultRingMS = 25_000

// NotAllowedError says which rule kept a user from calling a number. It is ErrNotAllowed.
type NotAllowedError struct {
	AoR   string
	Class Class // the class that is closed to the user; empty when they may not call out at all
}

func (e *NotAllowedError) Error() string {
	if e.Class == "" {
		return fmt.Sprintf("%s may not call the telephone network", e.AoR)
	}
	return fmt.Sprintf("%s may not call %s numbers", e.AoR, e.Class)
}

// Is makes it ErrNotAllowed.
func (e *NotAllowedError) Is(target error) bool { return target == ErrNotAllowed }
