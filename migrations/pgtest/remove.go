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

// removeAfterUs leaves a shell behind that removes dir when this process has ended, however it ends: when alive is
// closed, which the caller must not let happen earlier.
func removeAfterUs(dir string) (alive *os.File, err error) {
	r, w, err := os.Pipe() // w is ours alone: close-on-exec
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c := exec.Command("/bin/sh", "-c", script, "sh", dir)
	c.Stdin = r
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal must not end it first
	if err := c.Start(); err != nil {
		return nil, err
	}
	return w, c.Process.Release()
}
