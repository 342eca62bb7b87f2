package privpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tandem/migrations/privpg"
)

// childDir names the directory of a child process that runs a cluster until it is killed.
const childDir = "TANDEM_TEST_PRIVPG_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		s, err := privpg.Start(context.Background(), config(dir))
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("running", s.PID())
		select {} // until killed
	}
	os.Exit(m.Run())
}

func config(dir string) privpg.Config {
	return privpg.Config{Dir: dir, InitArgs: []string{"--no-sync"}, Settings: []string{"fsync=off", "shared_buffers=16MB"}}
}

// newDir is a directory that the user postgres can reach, as t.TempDir is not.
func newDir(t testing.TB) string {
	t.Helper()
	base, err := os.MkdirTemp("", "privpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if err := os.Chmod(base, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(base, "cluster")
}

func start(t testing.TB, dir string) *privpg.Server {
	t.Helper()
	s, err := privpg.Start(context.Background(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func query(t testing.TB, s *privpg.Server, sql string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(context.Background(), sql).Scan(&answer); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// TestLivesOfACluster is one cluster through every kind of end; what was committed is there after each.
func TestLivesOfACluster(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "half"), 0o700); err != nil { // killed while it was made
		t.Fatal(err)
	}
	s := start(t, dir)
	query(t, s, `CREATE TABLE kept AS SELECT 'still here' AS v`)
	still := func(after string) {
		t.Helper()
		if got := query(t, s, `SELECT v FROM kept`); got != "still here" {
			t.Errorf("after %s: %q", after, got)
		}
	}
	if _, err := privpg.Start(context.Background(), config(dir)); !errors.Is(err, privpg.ErrInUse) {
		t.Errorf("a second server in the directory: %v, want ErrInUse", err)
	}
	still("an attempt to start another")

	s.Stop()
	s.Stop() // harmless
	s = start(t, dir)
	still("Stop")

	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	s.Stop()
	s = start(t, dir)
	still("the server was killed")

	s.Stop()
	innocent := sleeper(t)
	stale := fmt.Sprintf("%d\n%s\n%d\n5432\n%s\n\n", innocent, filepath.Join(dir, "data"), time.Now().Unix(), dir)
	if err := os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	s = start(t, dir)
	still("a lock file that names an innocent process")
	if err := syscall.Kill(innocent, 0); err != nil {
		t.Errorf("the innocent process: %v", err)
	}
	s.Stop()

	orphan := killedParent(t, dir)
	s = start(t, dir) // at once: it waits for the orphan
	still("the parent was killed")
	if s.PID() == orphan {
		t.Error("the orphan runs on")
	}
}

// sleeper is a process of the cluster's user that is no Postgres.
func sleeper(t testing.TB) int {
	t.Helper()
	c := exec.Command("sleep", "600")
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() })
	return c.Process.Pid
}

// killedParent runs the cluster in a child process, kills that, and gives the server's process id.
func killedParent(t testing.TB, dir string) int {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "running ") {
		t.Fatalf("the child says %q, %v", line, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "running ")))
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	return pid
}

func TestDirectoryWithALongName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), strings.Repeat("long-", 20), "it's")
	if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o711); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	if got := query(t, s, `SELECT 'reached'`); got != "reached" {
		t.Errorf("got %q", got)
	}
	socket, err := os.ReadFile(filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if _, err := os.Stat(string(socket)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's directory %s is left behind: %v", socket, err)
	}
}

func TestNoBinaries(t *testing.T) {
	t.Parallel()
	_, err := privpg.Start(context.Background(), privpg.Config{Dir: newDir(t), Binaries: []string{t.TempDir()}})
	if !errors.Is(err, privpg.ErrNoBinaries) || !strings.Contains(err.Error(), "install the package postgresql") {
		t.Errorf("without binaries: %v; want what to install", err)
	}
}

func TestClusterOfAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := privpg.Start(context.Background(), config(dir)); err == nil || !strings.Contains(err.Error(), "postgresql-9") {
		t.Errorf("a cluster of Postgres 9: %v; want which package it needs", err)
	}
}

func TestServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	cfg := config(newDir(t))
	cfg.Settings = []string{"no_such_setting=1"}
	if _, err := privpg.Start(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("error %v; want the server's own words", err)
	}
}
