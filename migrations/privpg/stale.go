package privpg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearStale is called with the lock held: no process of ours runs the cluster. A server whose parent was killed
// may still be shutting down; it is waited for. What a killed server left, postmaster.pid, may by now name an
// innocent process, which Postgres would take for a server and refuse to start; it is removed.
func clearStale(ctx context.Context, data string, log *slog.Logger) error {
	name := filepath.Join(data, "postmaster.pid")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for asked := false; ; asked = true {
		pid, ok := readPID(name)
		if !ok {
			return nil
		}
		if !serves(pid, data) {
			log.Warn("clearing the lock of a Postgres that died", "pid", pid)
			return os.Remove(name)
		}
		if !asked {
			log.Info("waiting for an earlier Postgres to end", "pid", pid)
			_ = syscall.Kill(pid, syscall.SIGINT)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier server, process %d, does not end: %w", pid, ctx.Err())
		case <-tick.C:
		}
	}
}

func readPID(name string) (int, bool) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	return pid, err == nil && pid > 1
}

// serves reports whether the process is a Postgres server of that data directory.
func serves(pid int, data string) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	args := strings.Split(string(b), "\x00")
	if filepath.Base(args[0]) != "postgres" {
		return false
	}
	for i, a := range args[:len(args)-1] {
		if a == "-D" && args[i+1] == data {
			return true
		}
	}
	return false
}

// longestDir is the longest directory whose socket fits in 107 bytes as "/.s.PGSQL.5432".
const longestDir = 107 - len("/.s.PGSQL.5432") - len(".lock")

// socketDir gives a directory for the socket: dir, or a temporary one of ours when the name of dir is too long.
func socketDir(dir string, cred *syscall.Credential) (socket string, own bool, err error) {
	note := filepath.Join(dir, "socket")
	if old, err := os.ReadFile(note); err == nil && strings.Contains(string(old), "tandem-pg-") {
		_ = os.RemoveAll(string(old)) // of a run that was killed
		_ = os.Remove(note)
	}
	if len(dir) <= longestDir && !strings.ContainsAny(dir, `,'\`) {
		return dir, false, nil
	}
	if socket, err = os.MkdirTemp("/tmp", "tandem-pg-"); err != nil {
		return "", false, err
	}
	if cred != nil {
		if err := os.Chown(socket, int(cred.Uid), int(cred.Gid)); err != nil {
			return socket, true, err
		}
	}
	return socket, true, os.WriteFile(note, []byte(socket), 0o600)
}
