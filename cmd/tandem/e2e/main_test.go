package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// tandem is the binary under test.
var tandem string

const inside = "TANDEM_E2E_NAMESPACE"

func TestMain(m *testing.M) {
	if os.Getenv(inside) == "" {
		os.Exit(enterNamespace())
	}
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// enterNamespace runs this test binary again where the only network is a loopback of its own. Without root it
// becomes root of a user namespace first.
func enterNamespace() int {
	dir, err := os.MkdirTemp("", "tandem-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "tandem")
	// The portal first, for a checkout where nobody has built it: make does nothing when it is there.
	for _, args := range [][]string{{"make", "-s", "-C", "../../..", "web/ui/dist/index.html"}, {"go", "build", "-o", binary, "tandem/cmd/tandem"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "e2e: %v: %v\n%s", args, err, out)
			return 1
		}
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"="+binary)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Run(); err != nil {
		if cmd.ProcessState == nil {
			fmt.Fprintln(os.Stderr, "e2e: make a network namespace:", err)
		}
		return 1
	}
	return 0
}

// The addresses of the namespace besides 127.0.0.1: baresip does not speak on loopback addresses.
const (
	carrierIP   = "192.0.2.10"
	softphoneIP = "192.0.2.11"
)

func buildAndRun(m *testing.M) (int, error) {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"}, {"addr", "add", carrierIP + "/32", "dev", "lo"}, {"addr", "add", softphoneIP + "/32", "dev", "lo"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return 1, fmt.Errorf("ip %v: %w: %s", args, err, out)
		}
	}
	tandem = os.Getenv(inside)
	return m.Run(), nil
}
