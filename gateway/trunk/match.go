package trunk

import (
	"net/netip"
	"slices"

	"tandem/gateway/sipua"
)

// AllowSource says whether an address belongs to any trunk; for sipua.Config. What comes from elsewhere is dropped
// before anything of it is read.
func (s *Set) AllowSource(a netip.Addr) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.entries {
		if e.has(a) {
			return true
		}
	}
	for e := range s.leaving {
		if e.has(a) {
			return true
		}
	}
	return false
}

// Admit matches an INVITE to a trunk by its source address; for sipua.Config. Of several trunks of one carrier it is
// the one whose registered user the Request-URI names, else the first by name.
func (s *Set) Admit(src sipua.Source) (sipua.Admission, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for name, e := range s.entries {
		if !e.has(src.Addr.Addr()) {
			continue
		}
		if e.cfg.Mode == Register && e.cfg.User == src.Request {
			return sipua.Admission{Trunk: name, TrustIdentity: true}, true
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return sipua.Admission{}, false
	}
	return sipua.Admission{Trunk: slices.Min(names), TrustIdentity: true}, true
}

// has says whether an address is the carrier's.
func (e *entry) has(a netip.Addr) bool {
	a = a.Unmap()
	for _, p := range e.cfg.Sources {
		if p.Contains(a) {
			return true
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.addrs, a)
}
