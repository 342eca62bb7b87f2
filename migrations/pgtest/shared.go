package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations"
	"tandem/migrations/privpg"
)

// shared is the server of this test binary. It is made once, by the first test that wants a database.
var shared = sync.OnceValues(func() (*server, error) {
	if dsn := os.Getenv("TANDEM_TEST_DATABASE_URL"); dsn != "" {
		return external(dsn)
	}
	return private()
})

// private starts a cluster for this process.
func private() (*server, error) {
	dir, err := os.MkdirTemp("", "tandem-pgtest-")
	if err != nil {
		return nil, err
	}
	alive, err := removeAfterUs(dir)
	if err != nil {
		return nil, err
	}
	pg, err := privpg.Start(context.Background(), privpg.Config{
		Dir:      dir,
		InitArgs: []string{"--no-sync", "--wal-segsize=4"},
		Settings: []string{"fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=300",
			"shared_buffers=64MB", "max_wal_size=64MB", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0"},
	})
	if err != nil {
		return nil, err
	}
	s := &server{dsn: pg.DSN, admin: pg.DSN("postgres"), template: "template_tandem", alive: alive}
	if err := s.exec("CREATE DATABASE " + s.template); err != nil {
		return nil, err
	}
	if err := migrate(s.dsn(s.template)); err != nil {
		return nil, err
	}
	return s, s.chooseStrategy(context.Background())
}

// chooseStrategy has files copied and not logged where the server can: without fsync that is half the work.
func (s *server) chooseStrategy(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var can bool
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int >= 150000").Scan(&can); err != nil {
		return err
	}
	if can {
		s.strategy = " STRATEGY FILE_COPY"
	}
	return nil
}

// external uses a server that somebody else runs. The template is kept there under a name that follows from the
// migrations, so that only the first of all test binaries migrates.
func external(dsn string) (*server, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("TANDEM_TEST_DATABASE_URL is not a URL such as postgres://user@host/database")
	}
	hash, err := hashFiles(migrations.FS())
	if err != nil {
		return nil, err
	}
	s := &server{admin: dsn, template: "template_tandem_" + hash, dsn: func(name string) string {
		c := *u
		c.Path = "/" + name
		return c.String()
	}}
	return s, s.makeTemplate(context.Background())
}

// makeTemplate makes and migrates the template unless another process has done so; an advisory lock decides.
// The template is made under another name and renamed, so that a half-made one is never copied.
func (s *server) makeTemplate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // and with it the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(7201745032)"); err != nil {
		return err
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", s.template).Scan(&there); err != nil || there {
		return err
	}
	raw := s.template + "_new"
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + raw + " WITH (FORCE)", "CREATE DATABASE " + raw} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	if err := migrate(s.dsn(raw)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+raw+" RENAME TO "+s.template)
	return err
}

func migrate(dsn string) error {
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	return migrations.Up(context.Background(), pool)
}

func hashFiles(files fs.FS) (string, error) {
	h := sha256.New()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = io.WriteString(h, filepath.Base(name)+strings.Repeat("\x00", 1))
		_, _ = h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
