package sipusage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"tandem/overlay"
	"tandem/overlay/wire"
)

// Limits on redirection from AoR to AoR (RFC 7904 8.2.1: loops and amplification).
const (
	maxRedirections = 5  // one after the other
	maxLookups      = 10 // altogether
	maxContacts     = 10
)

// Locate returns the nodes where aor is registered, the latest registration first, following redirections to other
// AoRs (RFC 7904 4.2) within limits. A GRUU leads to its node without a lookup. At least one contact, or an error that
// wraps ErrNotRegistered.
func Locate(ctx context.Context, o Overlay, aor string) ([]Contact, error) {
	if c, ok := parseGRUU(aor); ok {
		return []Contact{c}, nil
	}
	start, err := ParseAoR(aor)
	if err != nil {
		return nil, err
	}
	s := search{o: o, visited: make(map[string]bool), nodes: make(map[wire.NodeID]bool)}
	err = s.follow(ctx, start, maxRedirections)
	if len(s.found) > 0 {
		return s.found, nil
	}
	if err == nil {
		err = ErrNotRegistered
	}
	return nil, fmt.Errorf("locate %s: %w", start, err)
}

// A search resolves one AoR.
type search struct {
	o       Overlay
	visited map[string]bool // AoRs looked up
	nodes   map[wire.NodeID]bool
	found   []Contact
}

// follow looks one AoR up, and those it leads to, as long as depth allows.
func (s *search) follow(ctx context.Context, aor string, depth int) error {
	if s.visited[aor] || len(s.visited) >= maxLookups {
		return nil
	}
	s.visited[aor] = true
	values, err := s.o.Fetch(ctx, wire.HashResource([]byte(aor)), wire.KindSIPRegistration)
	if err != nil {
		return err
	}
	slices.SortFunc(values, func(a, b overlay.Value) int {
		return cmp.Or(b.StorageTime.Compare(a.StorageTime), cmp.Compare(a.Key, b.Key))
	})
	var errs []error
	for _, v := range values {
		errs = append(errs, s.take(ctx, aor, v, depth))
	}
	return errors.Join(errs...)
}

// take reads one registration. Storing peers hold values to the access control policy but are not to be trusted: only
// the owner of an AoR may say where it leads.
func (s *search) take(ctx context.Context, aor string, v overlay.Value, depth int) error {
	var r wire.SIPRegistration
	owner, err := ParseAoR(v.Signer.User)
	if !v.Exists || err != nil || owner != aor || v.Key != wire.NodeKey(v.Signer.NodeID) || r.UnmarshalBinary(v.Data) != nil {
		return nil
	}
	switch r.Type {
	case wire.SIPRegistrationRoute:
		s.add(contact(aor, r.Route, r.ContactPrefs))
	case wire.SIPRegistrationURI:
		return s.redirect(ctx, r.URI, depth)
	}
	return nil
}

func (s *search) redirect(ctx context.Context, uri string, depth int) error {
	if c, ok := parseGRUU(uri); ok {
		s.add(c, true)
		return nil
	}
	next, err := ParseAoR(uri)
	if err != nil || depth == 0 {
		return nil
	}
	return s.follow(ctx, next, depth-1)
}

// add takes each node once.
func (s *search) add(c Contact, ok bool) {
	if !ok || s.nodes[c.NodeID] || len(s.found) >= maxContacts {
		return
	}
	s.nodes[c.NodeID] = true
	s.found = append(s.found, c)
}
