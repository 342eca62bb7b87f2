package media

import (
	"context"
	"time"

	"tandem/gateway/call"
)

// Bridge relays between a and b, audio and telephone-events, until Unbridge or Close of either. Whatever is being
// played to one of them ends with ErrBridged. Both may still be negotiating: what cannot be sent yet is dropped.
// It fails with ErrClosed, and with ErrBridged if one of them already has another partner; bridging the same two
// again does nothing.
func Bridge(a, b *Session) error {
	defer lockBoth(a, b)()
	if a.closed() || b.closed() || a == b {
		return ErrClosed
	}
	if a.peer.Load() == b && b.peer.Load() == a {
		return nil
	}
	if a.peer.Load() != nil || b.peer.Load() != nil {
		return ErrBridged
	}
	for _, s := range []*Session{a, b} {
		if s.stopPlay != nil {
			close(s.stopPlay)
			s.stopPlay = nil
		}
	}
	a.become(b)
	b.become(a)
	return nil
}

// become makes p the partner whose packets come here; a.mu is held.
func (s *Session) become(p *Session) {
	s.tx.mu.Lock()
	defer s.tx.mu.Unlock()
	s.tx.relay = relay{}
	s.peer.Store(p) // inside, so that the voice cannot say one word more
}

// Unbridge separates s from its partner, if it has one.
func (s *Session) Unbridge() {
	p := s.peer.Load()
	if p == nil {
		return
	}
	defer lockBoth(s, p)()
	if s.peer.Load() == p {
		s.peer.Store(nil)
		p.peer.Store(nil)
		s.rouse()
		p.rouse()
	}
}

// lockBoth locks two sessions in the order of their SDP identifiers, which are random and so never equal.
func lockBoth(a, b *Session) (unlock func()) {
	if a == b {
		a.mu.Lock()
		return a.mu.Unlock
	}
	if b.sdpID < a.sdpID {
		a, b = b, a
	}
	a.mu.Lock()
	b.mu.Lock()
	return func() { b.mu.Unlock(); a.mu.Unlock() }
}

// redial dials a digit to the partner that could not be relayed as it came. The queue is bounded: more digits than a
// person can press are dropped.
func (s *Session) redial(key byte) {
	select {
	case s.forward <- key:
	default:
		return
	}
	s.forwarding.Do(func() {
		s.engine.wg.Add(1)
		go s.redialer()
	})
}

func (s *Session) redialer() {
	defer s.engine.wg.Done()
	defer s.survive()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		select {
		case <-s.done:
			return
		case key := <-s.forward:
			if p := s.peer.Load(); p != nil {
				_ = p.SendDigits(ctx, string(key)) // a partner that is gone needs none
			}
		}
	}
}

// A pacer wakes at fixed distances from its start, so that lateness never adds up.
type pacer struct {
	timer *time.Timer
	next  time.Time
	step  time.Duration

	skipped bool // the last wait was so late that time was left out
}

func newPacer(step time.Duration) *pacer {
	return &pacer{timer: time.NewTimer(0), next: time.Now(), step: step}
}

func samplesTime(n int) time.Duration { return time.Duration(n) * time.Second / call.SampleRate }

// wait returns at the next step: nil, or the error that ends the work. stop may be nil.
func (p *pacer) wait(ctx context.Context, s *Session, stop <-chan struct{}) error {
	p.timer.Reset(time.Until(p.next))
	p.next = p.next.Add(p.step)
	if p.skipped = time.Since(p.next) > time.Second; p.skipped { // the process was stopped: nobody wants a second at once
		p.next = time.Now()
	}
	select {
	case <-p.timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-stop:
		return ErrBridged
	case <-s.done:
		return ErrClosed
	}
}

func (p *pacer) close() { p.timer.Stop() }

// turn waits for the token of an activity that only one may do at a time.
func (s *Session) turn(ctx context.Context, token chan struct{}) error {
	select {
	case token <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.done:
		return ErrClosed
	}
	if s.closed() {
		<-token
		return ErrClosed
	}
	return nil
}
