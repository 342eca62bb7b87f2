package privpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A runner starts Postgres programs for one directory as the user that may run them.
type runner struct {
	dir  string
	data string
	bin  string
	cred *syscall.Credential // nil: as ourselves
}

// newRunner prepares dir and finds the binaries that fit its cluster.
func newRunner(dir string, patterns []string) (*runner, error) {
	r := &runner{dir: dir, data: filepath.Join(dir, "data")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if r.bin, err = findBinaries(patterns, clusterVersion(r.data)); err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return r, nil
	}
	if r.cred, err = postgresUser(); err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(r.cred.Uid), int(r.cred.Gid)); err != nil {
		return nil, err
	}
	return r, r.reachable()
}

// postgresUser is whom root hands the cluster to.
func postgresUser() (*syscall.Credential, error) {
	u, err := osuser.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("running as root needs the user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// reachable says in one sentence what the server would otherwise hide in its log.
func (r *runner) reachable() error {
	c := r.command(context.Background(), "postgres", "--version")
	if err := c.Run(); errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the user postgres cannot enter %s: choose a data directory that every user can reach, such as /var/lib/tandem", r.dir)
	} else if err != nil {
		return err
	}
	return nil
}

// command prepares a program in a process group of its own (an interrupt from the terminal is ours to pass on)
// that gets a fast-shutdown signal when the thread that started it ends.
func (r *runner) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(r.bin, name), args...)
	c.Dir = r.dir
	c.Env = []string{"LC_ALL=C.UTF-8", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: r.cred}
	return c
}

// initialize makes the cluster under another name first, so that a half-made one is never taken for whole.
func (r *runner) initialize(ctx context.Context, args []string) error {
	if clusterVersion(r.data) != "" {
		return nil
	}
	made := r.data + ".new"
	if err := os.RemoveAll(made); err != nil {
		return err
	}
	args = append([]string{"-D", made, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"}, args...)
	runtime.LockOSThread() // the death signal is bound to this thread
	defer runtime.UnlockOSThread()
	if out, err := r.command(ctx, "initdb", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return os.Rename(made, r.data)
}

// serve starts the server.
func (r *runner) serve(socket string, settings []string) (*process, error) {
	args := []string{"-D", r.data, "-k", socket, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	log, err := openLog(filepath.Join(r.dir, "log"))
	if err != nil {
		return nil, err
	}
	c := r.command(context.Background(), "postgres", args...)
	c.Stderr = log
	p := &process{cmd: c, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer log.Close()
		runtime.LockOSThread() // the death signal is bound to this thread, so it must live as long as the server
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

// A process is a running server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has exited
}

// shutdown asks for a fast shutdown, after patience for an immediate one, then kills.
func (p *process) shutdown(patience time.Duration) {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = p.cmd.Process.Signal(sig)
		select {
		case <-p.done:
			return
		case <-time.After(patience):
		}
	}
	<-p.done
}

// maxLog is the size at which the log of earlier runs is put aside, in bytes.
const maxLog = 10 << 20

func openLog(name string) (*os.File, error) {
	if st, err := os.Stat(name); err == nil && st.Size() > maxLog {
		if err := os.Rename(name, name+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// lastLines gives the end of the log, for an error message.
func lastLines(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " | ")
}
