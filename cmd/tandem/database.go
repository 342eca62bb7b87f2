package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations"
	"tandem/migrations/privpg"
)

// databaseWait is how long a database that is just starting is waited for, waitSilently how long nothing is said of it.
const (
	databaseWait = 30 * time.Second
	waitSilently = time.Second
)

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
	pool, err := connect(ctx, dsn, log)
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
func joinDatabase(ctx context.Context, cfg Config, log *slog.Logger) (*pgxpool.Pool, error) {
	dsn := cfg.Database.URL
	if dsn == "" {
		found, err := privpg.Find(privateDir(cfg), privateName)
		if err != nil {
			return nil, fmt.Errorf("%w: start tandem serve first, or set TANDEM_DATABASE_URL", err)
		}
		dsn = found
	}
	return connect(ctx, dsn, log)
}

const privateName = "postgres"

func privateDir(cfg Config) string { return filepath.Join(cfg.Data, "postgres") }

// connect waits a while for a server that is still starting, and says so when that takes long.
func connect(ctx context.Context, dsn string, log *slog.Logger) (*pgxpool.Pool, error) {
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
	if err := awaitDatabase(ctx, pool, log); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// awaitDatabase returns when the database answers, or does not for too long.
func awaitDatabase(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	host := hostOf(pool)
	ctx, cancel := context.WithTimeout(ctx, databaseWait)
	defer cancel()
	silence := time.AfterFunc(waitSilently, func() { log.Info("waiting for the database at " + host) })
	defer silence.Stop()
	last := errors.New("no answer")
	for {
		err := pool.Ping(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err // not the end of our own patience
		}
		var pg *pgconn.PgError
		if errors.As(err, &pg) && strings.HasPrefix(pg.Code, "28") {
			return fmt.Errorf("the database at %s does not let us in: %s; correct TANDEM_DATABASE_URL", host, pg.Message)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the database at %s does not answer: %s; start it, or correct TANDEM_DATABASE_URL", host, reason(last))
		}
	}
}

// hostOf is where a database is, for people: HOST:PORT, or the directory of a socket.
func hostOf(pool *pgxpool.Pool) string {
	c := pool.Config().ConnConfig
	if strings.HasPrefix(c.Host, "/") {
		return c.Host
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}

// reason is the innermost cause in a few words; pgx tells it once for each address it tried.
func reason(err error) string {
	var pg *pgconn.PgError
	var name *net.DNSError
	var network *net.OpError
	switch {
	case errors.As(err, &pg):
		return pg.Message
	case errors.As(err, &name):
		return name.Err
	case errors.As(err, &network):
		return network.Err.Error()
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
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
