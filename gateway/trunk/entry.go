package trunk

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"tandem/gateway/sipua"
)

const (
	attemptWait    = 10 * time.Second // one registration, with its challenge
	unregisterWait = 2 * time.Second
	pingEvery      = 25 * time.Second // NATs forget UDP after 30 s
	resolveEvery   = time.Minute      // the addresses of a host by name may change
)

// entry is one running trunk.
type entry struct {
	cfg  Trunk
	set  *Set
	log  *slog.Logger
	ctx  context.Context
	stop context.CancelFunc
	done chan struct{} // closed when it has unregistered and stopped
	once sync.Once
	told chan struct{} // closed after the first attempt to register or resolve

	mu       sync.Mutex
	addrs    []netip.Addr
	until    time.Time
	routes   []string
	down     bool // probes go unanswered
	lastErr  string
	lastTime time.Time
}

// startEntry starts a trunk. old is the one it replaces, stopped; its unregistering comes first.
func startEntry(s *Set, t Trunk, old *entry) *entry {
	e := &entry{cfg: t, set: s, log: s.log.With("trunk", t.Name), done: make(chan struct{}), told: make(chan struct{})}
	e.ctx, e.stop = context.WithCancel(context.Background())
	if a, err := netip.ParseAddr(t.Host); err == nil {
		e.addrs = []netip.Addr{a.Unmap()}
	}
	go func() {
		defer close(e.done)
		if old != nil {
			<-old.done
		}
		e.run()
	}()
	return e
}

func (e *entry) stopped() bool { return e.ctx.Err() != nil }

func (e *entry) run() {
	if e.cfg.Mode == Register {
		e.stayRegistered()
		return
	}
	misses := 0
	for {
		err := e.resolve()
		if err == nil && e.cfg.Probe > 0 {
			err = e.probe()
		}
		if misses++; err == nil {
			misses = 0
		}
		e.note(err, misses > 1) // one lost answer is not yet a dead carrier
		wait := resolveEvery
		if e.cfg.Probe > 0 {
			wait = e.cfg.Probe
		}
		if !e.sleep(jitter(wait)) {
			return
		}
	}
}

// sleep returns false when the trunk is stopped.
func (e *entry) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.ctx.Done():
		return false
	}
}

// jitter spreads d over 90 to 110 %.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

func (e *entry) resolve() error {
	ctx, cancel := context.WithTimeout(e.ctx, attemptWait)
	defer cancel()
	addrs, err := sipua.Lookup(ctx, e.cfg.hop())
	if err != nil {
		return err // the last good addresses stay
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.addrs = e.addrs[:0:0]
	for _, a := range addrs {
		e.addrs = append(e.addrs, a.Addr())
	}
	return nil
}

// probe asks whether the carrier is there. Any answer but 408 and 503 says yes.
func (e *entry) probe() error {
	ctx, cancel := context.WithTimeout(e.ctx, attemptWait)
	defer cancel()
	status, err := e.set.ua.Options(ctx, "sip:"+e.cfg.hostPort(), e.cfg.hop())
	if err == nil && (status == 408 || status == 503) {
		err = &sipua.StatusError{Code: status}
	}
	return err
}

// note records how the last attempt went.
func (e *entry) note(err error, down bool) {
	e.mu.Lock()
	was := e.lastErr
	e.down = down
	if err == nil {
		e.lastErr = ""
	} else {
		e.lastErr, e.lastTime = plain(e.cfg, err), time.Now()
	}
	now := e.lastErr
	e.mu.Unlock()
	e.once.Do(func() { close(e.told) })
	switch { // a failure that repeats is logged once
	case now != "" && now != was && e.ctx.Err() == nil:
		e.log.Warn("trunk has a problem", "problem", now, "err", err)
	case now == "" && was != "":
		e.log.Info("trunk is well again")
	}
}

func (e *entry) state() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	st := State{Name: e.cfg.Name, Mode: e.cfg.Mode, Up: e.up(), LastError: e.lastErr, LastErrorAt: e.lastTime}
	if e.until.After(time.Now()) {
		st.RegisteredUntil = e.until
	}
	return st
}

// up says whether a call may be tried; e.mu is held.
func (e *entry) up() bool {
	if e.cfg.Mode == Register {
		return e.until.After(time.Now())
	}
	return !e.down && len(e.addrs) > 0
}

// ready waits for the first attempt to register and says whether a call can be tried.
func (e *entry) ready(ctx context.Context) error {
	select {
	case <-e.told:
	case <-ctx.Done():
	case <-e.ctx.Done():
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.up() {
		return nil
	}
	if e.lastErr == "" {
		return fmt.Errorf("trunk %q: %w", e.cfg.Name, ErrDown)
	}
	return fmt.Errorf("trunk %q: %w: %s", e.cfg.Name, ErrDown, e.lastErr)
}
