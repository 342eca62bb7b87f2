package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// absent is a pool on a database that refuses every connection.
func absent(t *testing.T) *pgxpool.Pool {
	t.Helper()
	settings, err := pgxpool.ParseConfig("postgres://tandem@127.0.0.1:5999/tandem?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	settings.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: errRefusedHere}
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

type constError string

func (e constError) Error() string { return string(e) }

const errRefusedHere = constError("connection refused")

func TestMissingDatabaseIsSaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := absent(t)
		defer pool.Close()
		var said bytes.Buffer
		log := slog.New(slog.NewTextHandler(&said, nil))
		begin := time.Now()
		err := awaitDatabase(t.Context(), pool, log)
		const want = "the database at 127.0.0.1:5999 does not answer: connection refused; start it, or correct TANDEM_DATABASE_URL"
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if waited := time.Since(begin); waited != databaseWait {
			t.Errorf("gave up after %v, want %v", waited, databaseWait)
		}
		if n := strings.Count(said.String(), "waiting for the database at 127.0.0.1:5999"); n != 1 {
			t.Errorf("said %d times that it waits:\n%s", n, &said)
		}
	})
}
