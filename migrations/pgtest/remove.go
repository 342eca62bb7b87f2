package pgtest

import (
	"os"
	"os/exec"
	"syscall"
)

// script waits until its standard input ends, which is when the test binary does, then until the server has
// gone, and removes the directory.
const script = `
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) || pid=
n=0
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.1; done
rm -rf -- "$1"
`

// removeAfterUs leaves a shell behind that removes dir when this process has ended, however it ends.
func removeAfterUs(dir string) error {
	r, w, err := os.Pipe() // w is ours alone (close-on-exec) and never closed
	if err != nil {
		return err
	}
	defer r.Close()
	hold = w
	c := exec.Command("/bin/sh", "-c", script, "sh", dir)
	c.Stdin = r
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal must not end it first
	if err := c.Start(); err != nil {
		return err
	}
	return c.Process.Release()
}

// hold keeps the pipe from the garbage collector.
var hold *os.File
