// Package pgtest gives a test an empty, migrated Postgres database of its own.
//
// The first call in a test binary starts a private cluster from the binaries on the machine (see package privpg),
// with durability switched off, and migrates a template once; each call then copies the template and drops the
// copy when the test ends. The cluster goes when the test binary does, also when that is killed.
//
// With TANDEM_TEST_DATABASE_URL set, the databases are made on that server instead, by a user who may create them.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// New gives a pool on an empty database with the newest schema. The database is dropped when the test ends.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), URL(t))
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL gives the connection string of such a database, for a test that wants pools or connections of its own.
func URL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + s.template + s.strategy); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s.dsn(name)
}

// A server is where the databases are made.
type server struct {
	dsn      func(database string) string
	admin    string   // the connection string for making databases
	template string   // the name of the migrated database
	strategy string   // how it is copied
	alive    *os.File // open as long as this process lives: see removeAfterUs
}

// exec runs one statement that cannot be in a transaction.
func (s *server) exec(sql string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
