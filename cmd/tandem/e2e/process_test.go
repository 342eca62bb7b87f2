package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests: it is for hangs, not for speed.
const patience = 60 * time.Second

// A process is a program that runs for one test. Its standard error is shown when the test fails.
type process struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan []byte
	done   chan struct{}
	mu     sync.Mutex
	output bytes.Buffer // standard error
}

// start runs a program until the test ends.
func start(t *testing.T, name string, env []string, program string, args ...string) *process {
	t.Helper()
	p := &process{name: name, lines: make(chan []byte, 1024), done: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stderr = p
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		defer close(p.done)
		scan := bufio.NewScanner(out)
		for scan.Scan() {
			select {
			case p.lines <- append([]byte(nil), scan.Bytes()...):
			default: // nobody reads this program's lines
			}
		}
		close(p.lines)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("%s said:\n%s", name, p.output.String())
		}
	})
	return p
}

// Write takes standard error.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// stop ends the process as an operator would.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// kill ends it as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// next decodes the next line of standard output.
func (p *process) next(t *testing.T, v any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case line, ok := <-p.lines:
		if !ok {
			t.Fatalf("%s ended", p.name)
		}
		if err := json.Unmarshal(line, v); err != nil {
			t.Fatalf("%s said %q: %v", p.name, line, err)
		}
	case <-ctx.Done():
		t.Fatalf("%s said nothing", p.name)
	}
}

// run runs a program to its end and returns what it printed and its exit status.
func run(t *testing.T, env []string, program string, args ...string) (stdout, stderr []byte, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", program, err)
	}
	return out.Bytes(), errs.Bytes(), cmd.ProcessState.ExitCode()
}

// must runs a program that has to succeed.
func must(t *testing.T, env []string, program string, args ...string) []byte {
	t.Helper()
	out, errs, status := run(t, env, program, args...)
	if status != 0 {
		t.Fatalf("%s %v: exit status %d\n%s%s", filepath.Base(program), args, status, out, errs)
	}
	return out
}

// until repeats try until it is true.
func until(t *testing.T, what string, try func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !try() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
