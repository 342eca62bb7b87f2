package sipua

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// RegistrarConfig says what a Registrar allows.
type RegistrarConfig struct {
	// Realm of the challenges. Unused without Password.
	Realm string

	// Password of a user; nil asks for none (a registrar on loopback). An unknown user is answered like a wrong
	// password.
	Password func(user string) (Secret, bool)

	// MinExpires and MaxExpires bound a binding's time; shorter ones get 423. Defaults 30 s and 1 h.
	MinExpires, MaxExpires time.Duration

	// MaxContacts of one user, MaxUsers of the registrar. Defaults 5 and 1000.
	MaxContacts, MaxUsers int

	// OnChange is told after the bindings of a user changed, by request or by time. May be nil.
	OnChange func(user string, bindings []Binding)
}

// Binding is one registered contact.
type Binding struct {
	User    string // user part of the address-of-record
	URI     string // the contact, for InviteConfig.URI
	Hop     Hop    // where it registered from, for InviteConfig.Hop
	Agent   string // its User-Agent
	Expires time.Time

	callID string
	seq    uint32
}

// Registrar keeps the contacts of the softphones registered at a local UA (RFC 3261 §10.3).
type Registrar struct {
	cfg   RegistrarConfig
	guard *guardian // nil asks nobody

	mu     sync.Mutex
	users  map[string]*registered
	closed bool
}

type registered struct {
	bindings []Binding
	timer    *time.Timer
}

// NewRegistrar makes an empty one. It ends with its UA.
func NewRegistrar(c RegistrarConfig) *Registrar {
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{{&c.MinExpires, 30 * time.Second}, {&c.MaxExpires, time.Hour}} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	if c.MaxContacts == 0 {
		c.MaxContacts = 5
	}
	if c.MaxUsers == 0 {
		c.MaxUsers = 1000
	}
	r := &Registrar{cfg: c, users: map[string]*registered{}}
	if c.Password != nil {
		r.guard = newGuardian(c.Realm, c.Password)
	}
	return r
}

// Bindings are the live contacts of a user, the newest first. An empty user means every one.
func (r *Registrar) Bindings(user string) []Binding {
	r.mu.Lock()
	defer r.mu.Unlock()
	if user != "" {
		return r.live(user)
	}
	var all []Binding
	for u := range r.users {
		all = append(all, r.live(u)...)
	}
	slices.SortFunc(all, func(a, b Binding) int { return b.Expires.Compare(a.Expires) })
	return all
}

func (r *Registrar) live(user string) []Binding {
	u := r.users[user]
	if u == nil {
		return nil
	}
	now := time.Now()
	return slices.DeleteFunc(slices.Clone(u.bindings), func(b Binding) bool { return !b.Expires.After(now) })
}

// change is one REGISTER's wish for one contact.
type change struct {
	Binding
	lifetime time.Duration // 0 removes
}

// apply makes the changes of one REGISTER, all or none (§10.3 step 7). ok is false when one is out of order or there
// are too many.
func (r *Registrar) apply(user, callID string, seq uint32, changes []change, removeAll bool) (now []Binding, ok bool) {
	r.mu.Lock()
	if r.closed || r.users[user] == nil && len(r.users) >= r.cfg.MaxUsers {
		r.mu.Unlock()
		return nil, false
	}
	bindings := r.live(user)
	for _, b := range bindings {
		touched := removeAll || slices.ContainsFunc(changes, func(c change) bool { return sameContact(c.URI, b.URI) })
		if touched && b.callID == callID && seq <= b.seq {
			r.mu.Unlock()
			return nil, false
		}
	}
	if removeAll {
		bindings = nil
	}
	for _, c := range changes {
		bindings = slices.DeleteFunc(bindings, func(b Binding) bool { return sameContact(b.URI, c.URI) })
		if c.lifetime > 0 {
			c.Expires = time.Now().Add(c.lifetime)
			c.callID, c.seq = callID, seq
			bindings = append([]Binding{c.Binding}, bindings...)
		}
	}
	if len(bindings) > r.cfg.MaxContacts {
		r.mu.Unlock()
		return nil, false
	}
	r.keep(user, bindings)
	r.mu.Unlock()
	if len(changes) > 0 || removeAll {
		r.tell(user, bindings)
	}
	return bindings, true
}

func sameContact(a, b string) bool { return strings.EqualFold(a, b) }

// keep stores a user's bindings and arranges for the first of them to expire.
func (r *Registrar) keep(user string, bindings []Binding) {
	u := r.users[user]
	if u != nil && u.timer != nil {
		u.timer.Stop()
	}
	if len(bindings) == 0 {
		delete(r.users, user)
		return
	}
	u = &registered{bindings: bindings}
	r.users[user] = u
	first := slices.MinFunc(bindings, func(a, b Binding) int { return a.Expires.Compare(b.Expires) })
	u.timer = time.AfterFunc(time.Until(first.Expires)+time.Millisecond, func() { r.expire(user) })
}

func (r *Registrar) expire(user string) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	left := r.live(user)
	r.keep(user, left)
	r.mu.Unlock()
	r.tell(user, left)
}

func (r *Registrar) tell(user string, bindings []Binding) {
	if r.cfg.OnChange != nil {
		r.cfg.OnChange(user, slices.Clone(bindings))
	}
}

func (r *Registrar) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, u := range r.users {
		u.timer.Stop()
	}
}
