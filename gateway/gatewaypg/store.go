// Package gatewaypg keeps in Postgres what the gateway routes by (trunks, our numbers, routes out, who may call)
// and the record of every call.
//
// Watch tells a gateway of changes, whoever made them: triggers notify, so no writer has to remember. Trunk
// passwords go in and come out only in Setup, for the gateway itself; Trunks never shows them.
package gatewaypg

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/gatewaypg/internal/db"
)

// What a caller may want to tell apart.
var (
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("not valid") // the database refused it; the error's text says why
)

// Store is the gateway's database. It may be used by any number of goroutines.
type Store struct {
	pool *pgxpool.Pool
	q    *db.Queries
}

// New uses a pool whose database has been migrated.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool, q: db.New(pool)} }

// snapshot runs f on one consistent view of the database.
func (s *Store) snapshot(ctx context.Context, f func(*db.Queries) error) error {
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, opts, func(tx pgx.Tx) error { return f(s.q.WithTx(tx)) })
}

// wrap names the operation, and tells what the schema refused from what failed.
func wrap(operation string, err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg) && len(pg.Code) == 5 && (pg.Code[:2] == "23" || pg.Code[:2] == "22"):
		return fmt.Errorf("%s: %w: %s", operation, ErrInvalid, refusal(pg))
	}
	return fmt.Errorf("%s: %w", operation, err)
}

func refusal(pg *pgconn.PgError) string {
	if pg.ConstraintName != "" {
		return pg.ConstraintName
	}
	return pg.Message
}

// found turns "no row was touched" into ErrNotFound.
func found(operation string, rows int64, err error) error {
	if err == nil && rows == 0 {
		err = ErrNotFound
	}
	return wrap(operation, err)
}

func newID() (uuid.UUID, error) { return uuid.NewV7() }
