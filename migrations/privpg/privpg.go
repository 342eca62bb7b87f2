// Package privpg runs a private Postgres cluster from the server binaries installed on the machine.
//
// The cluster lives in a directory of its own and is reachable only through a Unix socket that belongs to the
// process's user (to the user postgres, when the process is root, because Postgres refuses to run as root). It
// ends with the process that started it, even if that is killed, and it starts again after any kind of death:
// a file lock says that nobody else runs it, and what a dead server left behind is cleared.
//
// The directory holds: data (the cluster), lock, log (the server's, rotated at a start), socket (where the
// socket is, when the directory's name is too long to hold it).
package privpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoBinaries says that no Postgres server is installed; its text says what to do.
var ErrNoBinaries = errors.New("no Postgres server is installed: install the package postgresql, or set TANDEM_DATABASE_URL to a database")

// ErrInUse says that another process runs the cluster.
var ErrInUse = errors.New("the private Postgres of this directory is in use by another process")

// Config says how to run a cluster.
type Config struct {
	Dir      string       // where everything is kept; made when missing
	Settings []string     // server settings, "name=value"
	InitArgs []string     // further arguments of initdb, used once
	Binaries []string     // patterns of directories with initdb and postgres; nil: Debian's places and PATH
	Logger   *slog.Logger // nil: none
}

// A Server is a running cluster. It has one superuser, tandem, and the database postgres.
type Server struct {
	socket string // the directory of the socket
	own    bool   // socket is a temporary directory of ours
	dir    string
	lock   *os.File
	proc   *process
	stop   sync.Once
}

// user is the cluster's superuser.
const user = "tandem"

// Start makes the cluster if there is none, starts it and returns when it takes connections.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s, err := start(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("start private Postgres in %s: %w", cfg.Dir, err)
	}
	return s, nil
}

func start(ctx context.Context, cfg Config) (_ *Server, err error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{dir: dir}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	run, err := newRunner(dir, cfg.Binaries)
	if err != nil {
		return nil, err
	}
	if s.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	if err := clearStale(ctx, filepath.Join(dir, "data"), cfg.Logger); err != nil {
		return nil, err
	}
	if err := run.initialize(ctx, cfg.InitArgs); err != nil {
		return nil, err
	}
	if s.socket, s.own, err = socketDir(dir, run.cred); err != nil {
		return nil, err
	}
	if s.proc, err = run.serve(s.socket, cfg.Settings); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	cfg.Logger.Info("private Postgres started", "dir", dir, "pid", s.proc.cmd.Process.Pid)
	return s, nil
}

// DSN gives the connection string of a database of the cluster.
func (s *Server) DSN(database string) string {
	return dsn(s.socket, database)
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.proc.cmd.Process.Pid }

// Done is closed when the server has exited, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.proc.done }

// Stop shuts the cluster down: open transactions are rolled back, what was committed is on disk. It returns when
// the server has exited. Again is harmless.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.proc.shutdown(30 * time.Second)
		s.release()
	})
}

// release gives back what a server holds besides its process.
func (s *Server) release() {
	if s.own {
		_ = os.RemoveAll(s.socket)
		_ = os.Remove(filepath.Join(s.dir, "socket"))
	}
	if s.lock != nil {
		_ = s.lock.Close() // and with it the lock
	}
}

// await returns when the server takes connections.
func (s *Server) await(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := pgx.Connect(ctx, s.DSN("postgres")); err == nil {
			return c.Close(ctx)
		}
		select {
		case <-s.proc.done:
			return fmt.Errorf("the server exited: %s", lastLines(filepath.Join(s.dir, "log")))
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// lockDir takes the lock that says: this process runs the cluster of dir. It ends with the process.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, ErrInUse
	}
	return f, nil
}
