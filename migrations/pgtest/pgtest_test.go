package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations/pgtest"
)

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	var tests sync.WaitGroup
	for range 8 {
		pool := pgtest.New(t)
		tests.Go(func() {
			tag, err := pool.Exec(context.Background(), `INSERT INTO sessions (token, data, expiry) VALUES ('same', '', now())`)
			if err != nil || tag.RowsAffected() != 1 {
				t.Errorf("insert into an empty table: %v", err)
			}
		})
	}
	tests.Wait()
}

func TestDatabaseIsDropped(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("user", func(t *testing.T) {
		pool := pgtest.New(t)
		if err := pool.QueryRow(context.Background(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
	})
	var there bool
	err := pgtest.New(t).QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
	if err != nil || there {
		t.Errorf("database %s is there after its test: %v, %v", name, there, err)
	}
}

// TestKilledBinary stands for a test binary that is killed when childMode is set, and else kills one.
func TestKilledBinary(t *testing.T) {
	t.Parallel()
	const childMode = "TANDEM_TEST_PGTEST_CHILD"
	if os.Getenv(childMode) != "" {
		var dir string
		if err := pgtest.New(t).QueryRow(context.Background(), `SHOW data_directory`).Scan(&dir); err != nil {
			t.Fatal(err)
		}
		fmt.Println("\ndirectory", dir)
		select {} // until killed
	}
	if os.Getenv("TANDEM_TEST_DATABASE_URL") != "" {
		t.Skip("nothing is private on TANDEM_TEST_DATABASE_URL")
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledBinary$")
	child.Env = append(os.Environ(), childMode+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		dir, _ = strings.CutPrefix(lines.Text(), "directory ")
		if !strings.HasPrefix(dir, "/") {
			dir = ""
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if dir == "" {
		t.Fatal("the child did not say where its cluster is")
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for { // until it is gone, or go test loses patience
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		<-tick.C
	}
}

func TestOnAServerOfSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Getenv("TANDEM_TEST_DATABASE_URL") != "" {
		t.Skip("every test does that now")
	}
	var socket string
	pool := pgtest.New(t)
	if err := pool.QueryRow(context.Background(), `SHOW unix_socket_directories`).Scan(&socket); err != nil {
		t.Fatal(err)
	}
	url := "postgres:///postgres?user=tandem&host=" + socket
	var runs sync.WaitGroup
	for range 2 {
		runs.Go(func() {
			child := exec.Command(os.Args[0], "-test.run=^TestDatabases")
			child.Env = append(os.Environ(), "TANDEM_TEST_DATABASE_URL="+url)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("on %s: %v\n%s", url, err, out)
			}
		})
	}
	runs.Wait()
	admin, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	rows, _ := admin.Query(context.Background(), `SELECT datname FROM pg_database WHERE datname LIKE 'template_tandem_%'`)
	if names, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(names) != 1 {
		t.Errorf("templates %v, %v; want one for both runs", names, err)
	}
}
