package web_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations/pgtest"
	"tandem/web"
	"tandem/web/account"
)

// A database that was never there: sign-in says so, and that it is nobody's fault.
func TestSignInWithoutDatabase(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere, err := pgxpool.New(t.Context(), "postgres://tandem@"+l.Addr().String()+"/tandem?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nowhere.Close)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(nowhere, account.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Pool, c.Accounts = nowhere, accounts })
	s.browser(t).do("POST", "/api/session", in{"address": "root", "password": password}).
		want(http.StatusServiceUnavailable).says("The database does not answer. Try again in a moment.")
}

// A database that goes away under connections that were good: whatever way that shows, it is 503, not 500.
func TestSignInWhenDatabaseGoes(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	accounts, err := account.New(pool, account.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Pool, c.Accounts = pool, accounts })
	signIn := in{"address": "root", "password": password}
	s.browser(t).do("POST", "/api/session", signIn).want(http.StatusUnauthorized)
	name := pool.Config().ConnConfig.Database
	if _, err := s.pool.Exec(t.Context(), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the first may meet a connection that was lost, the last a connection that cannot be made
		s.browser(t).do("POST", "/api/session", signIn).want(http.StatusServiceUnavailable).says("does not answer")
	}
}
