package gatewaypg

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tandem/gateway/gatewaypg/internal/db"
	"tandem/gateway/route"
)

// Numbers lists our numbers.
func (s *Store) Numbers(ctx context.Context) ([]route.Number, error) {
	rows, err := s.q.ListNumbers(ctx)
	return each(rows, number), wrap("list numbers", err)
}

// PutNumber assigns a number of ours, or assigns it anew.
func (s *Store) PutNumber(ctx context.Context, n route.Number) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return wrap("put number "+n.E164.Masked(), s.q.PutNumber(ctx, db.PutNumberParams{ID: id, Number: string(n.E164),
		TargetKind: string(n.Target.Kind), Target: n.Target.Value, Label: n.Label}))
}

// DeleteNumber gives a number up; ErrNotFound when it is not ours.
func (s *Store) DeleteNumber(ctx context.Context, n route.E164) error {
	rows, err := s.q.DeleteNumber(ctx, string(n))
	return found("delete number "+n.Masked(), rows, err)
}

// Routes lists the routes to the telephone network.
func (s *Store) Routes(ctx context.Context) ([]route.Outbound, error) {
	rows, err := s.q.ListRoutes(ctx)
	return each(rows, outbound), wrap("list routes", err)
}

// PutRoute adds a route or changes its priority; ErrNotFound when there is no such trunk.
func (s *Store) PutRoute(ctx context.Context, r route.Outbound) error {
	id, err := newID()
	if err != nil {
		return err
	}
	rows, err := s.q.PutRoute(ctx, db.PutRouteParams{ID: id, Prefix: r.Prefix, Priority: int32(r.Priority), Trunk: r.Trunk})
	return found("put route "+r.Prefix+" by "+r.Trunk, rows, err)
}

// DeleteRoute takes a route away; ErrNotFound when there is none.
func (s *Store) DeleteRoute(ctx context.Context, prefix, trunk string) error {
	rows, err := s.q.DeleteRoute(ctx, db.DeleteRouteParams{Prefix: prefix, Trunk: trunk})
	return found("delete route "+prefix+" by "+trunk, rows, err)
}

// Users lists what routing knows of people. They are made elsewhere (web/account).
func (s *Store) Users(ctx context.Context) ([]route.User, error) {
	rows, err := s.q.ListUsers(ctx)
	return each(rows, user), wrap("list users", err)
}

// SetClasses opens exactly these expensive classes to a user; ErrNotFound when there is no such user.
func (s *Store) SetClasses(ctx context.Context, aor string, classes []route.Class) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.CloseClasses(ctx, aor); err != nil {
			return err
		}
		for _, c := range classes {
			rows, err := q.OpenClass(ctx, db.OpenClassParams{Class: string(c), Aor: aor})
			if err := found("open "+string(c), rows, err); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap("set classes of "+aor, err)
}

func number(n db.Number) route.Number {
	return route.Number{E164: route.E164(n.Number), Label: n.Label,
		Target: route.Target{Kind: route.TargetKind(n.TargetKind), Value: n.Target}}
}

func outbound(r db.ListRoutesRow) route.Outbound {
	return route.Outbound{Prefix: r.Prefix, Trunk: r.Trunk, Priority: int(r.Priority)}
}

func user(u db.ListUsersRow) route.User {
	return route.User{AoR: u.Aor, Name: u.Name, MayCallOut: u.MayCallOut, CallerNumber: route.E164(value(u.CallerNumber)),
		RingMS: int(u.RingMs), Disabled: u.Disabled, Classes: each(u.Classes, func(c string) route.Class { return route.Class(c) })}
}

func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}
