package gatewaypg

import (
	"context"
	"time"

	"tandem/gateway"
	"tandem/gateway/gatewaypg/internal/db"
	"tandem/gateway/route"
)

var _ gateway.Directory = (*Store)(nil)

// Setup loads what a gateway routes by, all of the same moment, with the trunks' passwords.
func (s *Store) Setup(ctx context.Context) (gateway.Setup, error) {
	var setup gateway.Setup
	err := s.snapshot(ctx, func(q *db.Queries) error {
		trunks, err := q.ListTrunks(ctx)
		if err != nil {
			return err
		}
		for _, t := range trunks {
			if t.Enabled {
				setup.Trunks = append(setup.Trunks, carrier(t))
			}
		}
		setup.Snapshot, err = snapshot(ctx, q)
		return err
	})
	return setup, wrap("load routing", err)
}

func snapshot(ctx context.Context, q *db.Queries) (route.Snapshot, error) {
	var s route.Snapshot
	numbers, err := q.ListNumbers(ctx)
	if err != nil {
		return s, err
	}
	routes, err := q.ListRoutes(ctx)
	if err != nil {
		return s, err
	}
	users, err := q.ListUsers(ctx)
	s.Numbers, s.Routes, s.Users = each(numbers, number), each(routes, outbound), each(users, user)
	return s, err
}

// Times of Watch: how long until it tries a lost connection again, and how often it tells of a change that nobody
// announced, in case an announcement was lost.
const (
	watchRetry   = 2 * time.Second
	watchRefresh = time.Minute
)

// Watch calls changed after each change of what Setup loads, whoever made it, until ctx ends. A connection that is
// lost is made anew, and changed is called then too.
func (s *Store) Watch(ctx context.Context, changed func()) error {
	for {
		s.listen(ctx, changed)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(watchRetry):
		}
	}
}

// listen waits for announcements until the connection is lost.
func (s *Store) listen(ctx context.Context, changed func()) {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return
	}
	conn := pooled.Hijack() // it listens: it must not go back, nor take the place of one that works
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN routing_changed"); err != nil {
		return
	}
	for {
		changed()
		wait, cancel := context.WithTimeout(ctx, watchRefresh)
		_, err := conn.WaitForNotification(wait)
		lost := err != nil && wait.Err() == nil
		cancel()
		if lost || ctx.Err() != nil {
			return
		}
	}
}
