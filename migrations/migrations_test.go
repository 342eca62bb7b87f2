package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"tandem/migrations"
	"tandem/migrations/pgtest"
)

func TestUpAgainAndAtOnceIsHarmless(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return migrations.Up(context.Background(), pool) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	var tables int
	err := pool.QueryRow(context.Background(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('users', 'devices')`).Scan(&tables)
	if err != nil || tables != 2 {
		t.Errorf("tables users and devices: found %d of 2, %v", tables, err)
	}
}

func TestUpFromNothingByTwoProcesses(t *testing.T) {
	t.Parallel()
	pool, ctx := pgtest.New(t), context.Background()
	if _, err := pool.Exec(ctx, `DROP SCHEMA public CASCADE`); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for range 2 {
		g.Go(func() error { return migrations.Up(ctx, pool) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	rows, _ := pool.Query(ctx, `SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY 1`)
	applied, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(applied) == 0 || applied[0] != 1 {
		t.Errorf("applied %v, %v; want each migration once, from 1", applied, err)
	}
	for i := 1; i < len(applied); i++ {
		if applied[i] == applied[i-1] {
			t.Errorf("migration %d was applied twice", applied[i])
		}
	}
}
