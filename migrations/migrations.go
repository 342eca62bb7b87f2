// Package migrations holds the database schema as numbered, forward-only .sql files and applies them.
//
// A file is named NNNN_subject.sql and starts with "-- +goose Up"; once released it is never edited. Up may run in
// several processes on one database at once: an advisory lock lets one of them work while the others wait.
//
// Package privpg runs a private Postgres cluster; package pgtest gives a test an empty, migrated database.
package migrations

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// FS gives the migration files, by name, in its root.
func FS() fs.FS { return files }

// Up brings the database of pool to the newest schema. It waits up to five minutes for another process that is
// doing so, and returns an error, with the database at the last good version, when a migration fails.
func Up(ctx context.Context, pool *pgxpool.Pool) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // the pool stays open
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
