package gateway

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"tandem/gateway/sipua"
)

// sources are the addresses that carriers' calls come from or go to. They are listened to until those calls are over,
// also when their trunk has been taken away meanwhile, or the gateway is closing.
type sources struct {
	mu    sync.Mutex
	calls map[netip.Addr]int
}

// linger is how long the last request of a call may be repeated (RFC 3261 §17: 64·T1).
const linger = 32 * time.Second

// hold listens to a leg's far side for as long as there may be something to hear.
func (s *sources) hold(leg *sipua.Leg) {
	addr := leg.Remote().Unmap()
	s.add(addr, 1)
	context.AfterFunc(leg.Context(), func() {
		time.AfterFunc(linger, func() { s.add(addr, -1) })
	})
}

func (s *sources) add(a netip.Addr, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = make(map[netip.Addr]int)
	}
	s.calls[a] += n
	if s.calls[a] <= 0 {
		delete(s.calls, a)
	}
}

func (s *sources) has(a netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[a.Unmap()] > 0
}

// allowSource says whether packets from an address are looked at. Who may call is a question for the trunks alone.
func (g *Gateway) allowSource(a netip.Addr) bool { return g.trunks.AllowSource(a) || g.sources.has(a) }
