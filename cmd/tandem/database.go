package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations"
	"tandem/migrations/privpg"
)

// databaseWait is how long a database that is just starting is waited for.
const databaseWait = 30 * time.Second

// A database is a migrated Postgres: the one of the configuration, or a private one of our own.
type database struct {
	*pgxpool.Pool
	private *privpg.Server
}

func openDatabase(ctx context.Context, cfg Config, log *slog.Logger) (*database, error) {
	dsn, db := cfg.Database.URL, &database{}
	if dsn == "" {
		// Postgres runs as another user when we are root: it must be able to walk into its directory.
		if err := os.MkdirAll(cfg.Data, 0o711); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
		private, err := privpg.Start(ctx, privpg.Config{Dir: privateDir(cfg), Logger: log})
		if err != nil {
			return nil, err
		}
		dsn, db.private = private.DSN(privateName), private
	}
	pool, err := connect(ctx, dsn)
	if err == nil {
		db.Pool = pool
		err = migrations.Up(ctx, pool)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// joinDatabase opens the database of a tandem serve that is running, for the commands beside it.
func joinDatabase(ctx context.Context, cfg Config) (*pgxpool.Pool, error) {
	dsn := cfg.Database.URL
	if dsn == "" {
		found, err := privpg.Find(privateDir(cfg), privateName)
		if err != nil {
			return nil, fmt.Errorf("%w: start tandem serve first, or set TANDEM_DATABASE_URL", err)
		}
		dsn = found
	}
	return connect(ctx, dsn)
}

const privateName = "postgres"

func privateDir(cfg Config) string { return filepath.Join(cfg.Data, "postgres") }

// connect waits a while for a server that is still starting.
func connect(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	settings, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("TANDEM_DATABASE_URL is not a Postgres address such as postgres://user:password@host/name")
	}
	// Calls, voicemail, the portal and the listeners share it; pgx would give a small machine four.
	settings.MaxConns = max(settings.MaxConns, 16)
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, databaseWait)
	defer cancel()
	for {
		if err = pool.Ping(ctx); err == nil {
			return pool, nil
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			pool.Close()
			return nil, fmt.Errorf("the database at %s does not answer: start it, or correct TANDEM_DATABASE_URL (%w)",
				settings.ConnConfig.Host, err)
		}
	}
}

// Close closes the pool and stops a private server.
func (d *database) Close() {
	if d.Pool != nil {
		d.Pool.Close()
	}
	if d.private != nil {
		d.private.Stop()
	}
}
