package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// A process is a tandem of our own binary that the demo runs beside itself.
type process struct {
	name  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan []byte // of standard output; closed at its end
	log   string      // file of standard error
	done  chan struct{}
	err   error // of Wait, after done
}

// startProcess runs tandem with args in an environment. What it says on standard error goes into dir/NAME.log.
func startProcess(dir, name string, env []string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the own program: %w", err)
	}
	p := &process{name: name, lines: make(chan []byte, 256), log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	p.cmd = exec.Command(self, args...)
	p.cmd.Env, p.cmd.Stderr = env, log
	// A group of its own: an interrupt at the terminal is ours to pass on. It must not outlive us either.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the parent-death signal is sent when the thread that forked ends
		started <- p.cmd.Start()
		p.read(out)
		p.err = p.cmd.Wait()
		_ = log.Close()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

func (p *process) read(out io.Reader) {
	defer close(p.lines)
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		p.lines <- append([]byte(nil), scan.Bytes()...)
	}
}

// next decodes the next line of standard output.
func (p *process) next(ctx context.Context, v any) error {
	select {
	case line, ok := <-p.lines:
		if !ok {
			<-p.done
			return p.failure()
		}
		if err := json.Unmarshal(line, v); err != nil {
			return fmt.Errorf("%s said %q: %w", p.name, line, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for %s: %w", p.name, context.Cause(ctx))
	}
}

// failure says why the process ended, in its own last words.
func (p *process) failure() error {
	raw, _ := os.ReadFile(p.log)
	if len(raw) > 2000 {
		raw = raw[len(raw)-2000:]
	}
	return fmt.Errorf("%s ended (%w): %s", p.name, errors.Join(p.err, errEnded), raw)
}

var errEnded = errors.New("process over")

// stop ends the process politely, then not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	go func() {
		for range p.lines { // nobody reads any more; it must not block on us
		}
	}()
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}
