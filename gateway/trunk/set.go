package trunk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"tandem/gateway/sipua"
)

// Config of a Set.
type Config struct {
	Logger *slog.Logger // default discards

	// Backoff is the first wait after a failed registration, doubled up to MaxBackoff, with jitter; fifteen times
	// as long when the carrier refuses the credentials, which asking again does not mend. Defaults 2 s, 5 min.
	Backoff, MaxBackoff time.Duration
}

// State is a snapshot of a trunk for display.
type State struct {
	Name            string
	Mode            Mode
	Up              bool      // calls can go out
	RegisteredUntil time.Time // zero when not registered
	Calls           int
	LastError       string // in plain words; empty when all is well
	LastErrorAt     time.Time
}

// Set is all trunks.
type Set struct {
	cfg Config
	log *slog.Logger

	mu      sync.RWMutex
	ua      *sipua.UA
	entries map[string]*entry
	leaving map[*entry]bool // stopped, unregistering: answers to them are still let in
	calls   map[string]int  // outlives a replaced trunk
	closed  bool
}

// NewSet makes an empty Set. Attach gives it its UA.
func NewSet(c Config) *Set {
	c.Backoff, c.MaxBackoff = cmp.Or(c.Backoff, 2*time.Second), cmp.Or(c.MaxBackoff, 5*time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Set{cfg: c, log: c.Logger, entries: map[string]*entry{}, leaving: map[*entry]bool{}, calls: map[string]int{}}
}

// Attach gives the set the UA that it registers and calls with. Once, before Replace.
func (s *Set) Attach(ua *sipua.UA) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ua = ua
}

// Replace makes trunks the set's trunks. Every problem of the list is returned at once, and then nothing changed.
// It does not wait for registrations.
func (s *Set) Replace(ctx context.Context, trunks []Trunk) error {
	wanted, err := check(trunks)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ua == nil {
		return errors.New("replace trunks: the set is closed or has no user agent")
	}
	for name, e := range s.entries {
		if t, stays := wanted[name]; !stays || !reflect.DeepEqual(t, e.cfg) {
			s.leave(e)
			if !stays {
				delete(s.entries, name)
			}
		}
	}
	for name, t := range wanted {
		old := s.entries[name]
		if old != nil && !old.stopped() {
			continue
		}
		s.entries[name] = startEntry(s, t, old)
	}
	return nil
}

// leave stops a trunk; s.mu is held.
func (s *Set) leave(e *entry) {
	s.leaving[e] = true
	e.stop()
	go func() {
		<-e.done
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.leaving, e)
	}()
}

func check(trunks []Trunk) (map[string]Trunk, error) {
	wanted := map[string]Trunk{}
	var errs []error
	for _, t := range trunks {
		t = t.withDefaults()
		errs = append(errs, t.validate())
		if _, twice := wanted[t.Name]; twice {
			errs = append(errs, fmt.Errorf("trunk %q: there are two of this name", t.Name))
		}
		wanted[t.Name] = t
	}
	return wanted, errors.Join(errs...)
}

func (s *Set) entry(name string) (*entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entries[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("trunk %q: %w", name, ErrUnknown)
}

// Get gives the trunk of this name, with its defaults filled in.
func (s *Set) Get(name string) (Trunk, bool) {
	e, err := s.entry(name)
	if err != nil {
		return Trunk{}, false
	}
	return e.cfg, true
}

// Addr gives the address of a trunk's host.
func (s *Set) Addr(ctx context.Context, name string) (netip.Addr, error) {
	e, err := s.entry(name)
	if err != nil {
		return netip.Addr{}, err
	}
	addrs, err := sipua.Lookup(ctx, e.cfg.hop())
	if err != nil {
		return netip.Addr{}, fmt.Errorf("trunk %q: %w", name, err)
	}
	return addrs[0].Addr(), nil
}

// States are all trunks, by name.
func (s *Set) States() []State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	states := make([]State, 0, len(s.entries))
	for name, e := range s.entries {
		st := e.state()
		st.Calls = s.calls[name]
		states = append(states, st)
	}
	slices.SortFunc(states, func(a, b State) int { return cmp.Compare(a.Name, b.Name) })
	return states
}

// Close unregisters every trunk and stops, until ctx ends.
func (s *Set) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for _, e := range s.entries {
		s.leave(e)
	}
	s.entries = map[string]*entry{}
	leaving := slices.Collect(maps.Keys(s.leaving))
	s.mu.Unlock()
	for _, e := range leaving {
		select {
		case <-e.done:
		case <-ctx.Done():
			return fmt.Errorf("close trunks: %w", context.Cause(ctx))
		}
	}
	return nil
}

// Take counts an incoming call against the trunk's MaxCalls; release must be called once, more is harmless. ErrFull.
func (s *Set) Take(name string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[name]
	if e == nil {
		return nil, fmt.Errorf("trunk %q: %w", name, ErrUnknown)
	}
	if e.cfg.MaxCalls > 0 && s.calls[name] >= e.cfg.MaxCalls {
		return nil, fmt.Errorf("trunk %q: %w", name, ErrFull)
	}
	s.calls[name]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls[name]--
	}), nil
}
