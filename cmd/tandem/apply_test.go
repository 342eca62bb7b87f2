package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations/pgtest"
)

// All of a file is applied or nothing: neither a problem at its end nor invitations that cannot be made leave half of it.
func TestApplyAllOrNothing(t *testing.T) {
	url := pgtest.URL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := configFlag{file("tandem.yaml", "database: {url: "+strconv.Quote(url)+"}")}
	bad := file("bad.yaml", "users: [{address: alice}]\ntrunks: [{name: c, host: h}]\nroutes: [{prefix: '+', trunk: nope}]")
	good := file("good.yaml", "trunks: [{name: c, host: h}]\nusers: [{address: alice}]")
	for _, c := range []struct {
		cmd  applyCmd
		want string
	}{
		{applyCmd{configFlag: config, File: bad}, `there is no trunk "nope"`},
		{applyCmd{configFlag: config, File: bad, DryRun: true}, `there is no trunk "nope"`},
		{applyCmd{configFlag: config, File: good}, "no overlay in this database yet"},
		{applyCmd{configFlag: config, File: good, DryRun: true}, "no overlay in this database yet"},
	} {
		if err := c.cmd.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.cmd, err, c.want)
		}
		var n int
		if err := pool.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM trunks)").Scan(&n); err != nil || n != 0 {
			t.Fatalf("%+v: %d things were written, %v", c.cmd, n, err)
		}
	}
}
