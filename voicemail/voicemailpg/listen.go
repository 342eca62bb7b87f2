package voicemailpg

import (
	"context"
	"sync"
	"time"
)

// subscribers are those who want to know of changes, by owner.
type subscribers struct {
	mu      sync.Mutex
	byOwner map[string]map[chan struct{}]struct{}
}

// Subscribe tells of changes to the owner's messages, wherever they are made, while Run runs.
func (s *Store) Subscribe(owner string) (changes <-chan struct{}, cancel func()) {
	return s.subs.add(owner)
}

func (s *subscribers) add(owner string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1) // full: a change is already on its way
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byOwner == nil {
		s.byOwner = map[string]map[chan struct{}]struct{}{}
	}
	if s.byOwner[owner] == nil {
		s.byOwner[owner] = map[chan struct{}]struct{}{}
	}
	s.byOwner[owner][ch] = struct{}{}
	return ch, func() { s.remove(owner, ch) }
}

func (s *subscribers) remove(owner string, ch chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byOwner[owner], ch)
	if len(s.byOwner[owner]) == 0 {
		delete(s.byOwner, owner)
	}
}

func (s *subscribers) tell(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.byOwner[owner] {
		wake(ch)
	}
}

// tellAll is for when changes may have been missed.
func (s *subscribers) tellAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, chans := range s.byOwner {
		for ch := range chans {
			wake(ch)
		}
	}
}

func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Run listens for changes on a connection of its own until ctx ends. When the connection is lost it makes another
// and tells every subscriber, because changes may have been missed.
func (s *Store) Run(ctx context.Context) error {
	for {
		err := s.listen(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.log.Warn("voicemail notifications interrupted", "err", err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

func (s *Store) listen(ctx context.Context) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	c := conn.Hijack() // it listens: it must not go back
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN voicemail"); err != nil {
		return err
	}
	s.subs.tellAll()
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		s.subs.tell(n.Payload)
	}
}
