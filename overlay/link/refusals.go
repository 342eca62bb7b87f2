package link

import (
	"log/slog"
	"sync"
	"time"
)

const (
	refusalWindow = time.Minute
	maxRefusals   = 256
)

// Refusals logs what was refused, or failed, once for each source and reason, and after a minute how often it came again.
type Refusals struct {
	log *slog.Logger

	mu   sync.Mutex
	seen map[refusal]*refusalCount
}

type refusal struct{ what, source, reason string }

type refusalCount struct {
	since time.Time
	again int
}

// NewRefusals returns an empty Refusals.
func NewRefusals(log *slog.Logger) *Refusals {
	return &Refusals{log: log, seen: make(map[refusal]*refusalCount)}
}

// Note counts one refusal and logs it unless it was logged within the last minute. what is the message in the log.
// With too many different ones at once, new ones are not logged.
func (r *Refusals) Note(what, source, reason string) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	k := refusal{what, source, reason}
	c, ok := r.seen[k]
	if ok && now.Sub(c.since) < refusalWindow {
		c.again++
		return
	}
	if !ok && !r.room(now) {
		return
	}
	attrs := []any{"source", source, "reason", reason}
	if ok && c.again > 0 {
		attrs = append(attrs, "again", c.again)
	}
	r.seen[k] = &refusalCount{since: now}
	r.log.Warn(what, attrs...)
}

// room forgets what is old and says whether there is place for one more.
func (r *Refusals) room(now time.Time) bool {
	if len(r.seen) < maxRefusals {
		return true
	}
	for k, c := range r.seen {
		if now.Sub(c.since) >= refusalWindow {
			delete(r.seen, k)
		}
	}
	return len(r.seen) < maxRefusals
}
