package overlay

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// publishRetry is how long after a failure a publication is tried again; doubled up to publishRetryMax.
	publishRetry    = time.Second
	publishRetryMax = 30 * time.Second

	// removeTimeout bounds the removal at the end: a node that stops does not wait long for others.
	removeTimeout = 5 * time.Second
)

// Published is a piece of soft state that a usage keeps in the overlay: a registration, say.
type Published struct {
	What     string        // for the log
	Lifetime time.Duration // how long it stands without refresh

	// Changed returns a channel that is closed when it should be published anew, as Node.PathChanged does.
	Changed func() <-chan struct{}

	Publish func(ctx context.Context) error // stores it
	Remove  func(ctx context.Context) error // stores that it is gone
}

// A Publication keeps something published until its context ends.
type Publication struct {
	p     Published
	log   *slog.Logger
	ready chan struct{}
	done  chan struct{}

	mu  sync.Mutex
	err error
}

// Publish starts keeping p published until ctx ends, and then removes it. It refreshes when 90 % of the lifetime
// have passed and when p.Changed says so, and retries failures after 1 s, then 2, 4, up to 30 s.
func Publish(ctx context.Context, p Published, log *slog.Logger) *Publication {
	pub := &Publication{p: p, log: log, ready: make(chan struct{}), done: make(chan struct{})}
	go pub.run(ctx)
	return pub
}

// Ready is closed once it has been published for the first time.
func (p *Publication) Ready() <-chan struct{} { return p.ready }

// Err is the failure of the last attempt, nil if it stands.
func (p *Publication) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Wait returns when, after ctx has ended, the publication is removed or that was given up.
func (p *Publication) Wait() { <-p.done }

func (p *Publication) run(ctx context.Context) {
	defer close(p.done)
	tries := 0
	for {
		changed := p.p.Changed() // before Publish, so that no change is missed
		err := p.publish(ctx, tries)
		pause := p.p.Lifetime * 9 / 10
		if err != nil {
			pause = min(publishRetry<<min(tries, 10), publishRetryMax)
			tries++
		} else {
			tries = 0
		}
		if !wait(ctx, changed, pause) {
			p.remove(context.WithoutCancel(ctx))
			return
		}
	}
}

func (p *Publication) publish(ctx context.Context, tries int) error {
	err := p.p.Publish(ctx)
	if ctx.Err() != nil {
		return err
	}
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
	switch {
	case err == nil && tries > 0:
		p.log.Info("published again", "what", p.p.What, "tries", tries+1)
	case err != nil && tries == 0:
		p.log.Warn("cannot publish; trying again", "what", p.p.What, "err", err)
	}
	if err == nil {
		select {
		case <-p.ready:
		default:
			close(p.ready)
		}
	}
	return err
}

func (p *Publication) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	if err := p.p.Remove(ctx); err != nil {
		p.log.Info("not removed; it will expire", "what", p.p.What, "err", err)
	}
}

// wait returns true after d or when changed closes, false when ctx ends.
func wait(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-t.C:
	}
	return true
}
