// Package voicemailpg keeps mailboxes in Postgres (migrations/0003_voicemail.sql).
//
// Every query of an owner's things has the owner in its WHERE. Changes reach other processes by LISTEN/NOTIFY on the
// channel voicemail; Run listens for them on behalf of all subscribers.
package voicemailpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/call"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg/internal/db"
)

// A Store is a voicemail.Store.
type Store struct {
	pool *pgxpool.Pool
	q    *db.Queries
	log  *slog.Logger
	subs subscribers
}

var _ voicemail.Store = (*Store)(nil)

// New makes a Store on a migrated database. A nil logger logs nothing. Subscriptions need Run.
func New(pool *pgxpool.Pool, log *slog.Logger) *Store {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{pool: pool, q: db.New(pool), log: log}
}

// found turns the outcome of a query into an error: nothing found is voicemail.ErrNotFound.
func found(operation string, rows int64, err error) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && rows == 0:
		return fmt.Errorf("%s: %w", operation, voicemail.ErrNotFound)
	case err != nil:
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

var codecNames = map[call.Codec]string{call.PCMU: "pcmu", call.PCMA: "pcma"}

func codecOf(name string) call.Codec {
	if name == "pcma" {
		return call.PCMA
	}
	return call.PCMU
}

func milliseconds(ms int32) time.Duration { return time.Duration(ms) * time.Millisecond }

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func inTx(ctx context.Context, s *Store, do func(q *db.Queries) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(s.q.WithTx(tx)) })
}
