package sipua

import (
	"sync"
	"time"
)

// memory remembers things for a while: 64·T1, the longest that a message of the past may still arrive. It is
// bounded; when full, the oldest half is forgotten.
type memory[K comparable, V any] struct {
	mu   sync.Mutex
	m    map[K]remembered[V]
	max  int
	last time.Time
	keep time.Duration
}

type remembered[V any] struct {
	v  V
	at time.Time
}

func newMemory[K comparable, V any](keep time.Duration, limit int) *memory[K, V] {
	return &memory[K, V]{m: map[K]remembered[V]{}, max: limit, keep: keep}
}

func (m *memory[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if now.Sub(m.last) > time.Second || len(m.m) >= m.max {
		m.sweep(now)
	}
	m.m[k] = remembered[V]{v, now}
}

func (m *memory[K, V]) sweep(now time.Time) {
	m.last = now
	horizon := m.keep
	for {
		for k, e := range m.m {
			if now.Sub(e.at) >= horizon {
				delete(m.m, k)
			}
		}
		if len(m.m) < m.max {
			return
		}
		horizon /= 2
	}
}

func (m *memory[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.m[k]
	if !ok || time.Since(e.at) > m.keep {
		var none V
		return none, false
	}
	return e.v, true
}
