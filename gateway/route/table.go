package route

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Snapshot is everything a Table is made of.
type Snapshot struct {
	Region  string // home region, ISO 3166: how national numbers are read
	Numbers []Number
	Routes  []Outbound
	Users   []User
}

// A Table answers routing questions. It never changes and may be used by any number of goroutines.
type Table struct {
	region  string
	numbers map[E164]Target
	routes  map[string][]Outbound // by prefix, lowest priority first
	users   map[string]User
}

// NewTable indexes a snapshot.
func NewTable(s Snapshot) *Table {
	t := &Table{region: s.Region, numbers: map[E164]Target{}, routes: map[string][]Outbound{}, users: map[string]User{}}
	for _, n := range s.Numbers {
		t.numbers[n.E164] = n.Target
	}
	for _, r := range s.Routes {
		t.routes[r.Prefix] = append(t.routes[r.Prefix], r)
	}
	for _, rs := range t.routes {
		slices.SortStableFunc(rs, func(a, b Outbound) int { return cmp.Compare(a.Priority, b.Priority) })
	}
	for _, u := range s.Users {
		t.users[strings.ToLower(u.AoR)] = u
	}
	return t
}

// Normalize reads a dialed string in the home region.
func (t *Table) Normalize(dialed string) (E164, error) { return Normalize(dialed, t.region) }

// maxChain is how many numbers may lead to another number before a call is given up as a loop.
const maxChain = 4

// Target finds what a number of ours leads to, following numbers that lead to numbers. ErrUnknownNumber when it
// is not ours, or leads round in a circle.
func (t *Table) Target(n E164) (Target, error) {
	for range maxChain {
		target, ok := t.numbers[n]
		if !ok {
			return Target{}, fmt.Errorf("%s: %w", n.Masked(), ErrUnknownNumber)
		}
		if target.Kind != ToNumber {
			return target, nil
		}
		n = E164(target.Value)
	}
	return Target{}, fmt.Errorf("%s leads round in a circle: %w", n.Masked(), ErrUnknownNumber)
}

// Outbound returns the routes of the longest prefix of n that has any, best first; ErrNoRoute when none has.
func (t *Table) Outbound(n E164) ([]Outbound, error) {
	for i := len(n); i > 0; i-- {
		if rs := t.routes[string(n[:i])]; len(rs) > 0 {
			return rs, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", n.Masked(), ErrNoRoute)
}

// User finds a person by AoR.
func (t *Table) User(aor string) (User, bool) {
	u, ok := t.users[strings.ToLower(aor)]
	return u, ok
}

// MayCall says no, with a NotAllowedError, unless this user may call this number: an unknown or disabled user,
// one who may not call out, and an expensive class that was not opened are all refused.
func (t *Table) MayCall(aor string, n E164) error {
	u, ok := t.User(aor)
	if !ok || u.Disabled || !u.MayCallOut {
		return &NotAllowedError{AoR: aor}
	}
	if c := ClassOf(n); c != "" && !slices.Contains(u.Classes, c) {
		return &NotAllowedError{AoR: aor, Class: c}
	}
	return nil
}
