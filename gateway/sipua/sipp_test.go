package sipua

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"tandem/gateway/call"
)

// sipp runs SIPp until it is done; its exit status says whether every call went as its scenario says.
func sipp(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("SIPp is missing: install the package sip-tester, or run make test, which does")
	}
	cmd := exec.Command(path, append([]string{"-i", "127.0.0.1", "-nostdin", "-timeout", "30", "-timeout_error", "-max_socket", "1000"}, args...)...)
	cmd.Dir = t.TempDir()
	return cmd
}

func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return int(addrPort(c.LocalAddr()).Port())
}

func TestSIPpCallsUs(t *testing.T) {
	for _, tt := range []struct {
		tr   Transport
		mode string
	}{{UDP, "u1"}, {TCP, "t1"}, {TCP, "tn"}} {
		t.Run(string(tt.tr)+" "+tt.mode, func(t *testing.T) {
			u := start(t, Config{OnInvite: func(ctx context.Context, l *Leg) {
				l.SetMedia(newPaper("callee"))
				_ = l.Ring(ctx)
				_ = l.Answer(ctx)
				<-ctx.Done()
			}}, tt.tr)
			cmd := sipp(t, "-sn", "uac", "-m", "200", "-r", "200", "-d", "50", "-t", tt.mode, "-s", "+15550100", u.Addr(tt.tr).String())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, tail(out))
			}
			if err := u.waitLegs(soon(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWeCallSIPp(t *testing.T) {
	const n = 100
	port := freePort(t)
	cmd := sipp(t, "-sn", "uas", "-m", strconv.Itoa(n), "-p", strconv.Itoa(port))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	u := start(t, Config{}, UDP)
	hop := Hop{Transport: UDP, Host: "127.0.0.1", Port: port}
	errs, slots := make(chan error, n), make(chan struct{}, 10)
	for range n {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			l, err := u.Invite(context.Background(), InviteConfig{
				URI: fmt.Sprintf("sip:+15550100@127.0.0.1:%d", port), From: Address{URI: "sip:me@here.test"}, Hop: hop, Media: newPaper("x"),
			})
			if err == nil {
				if err = l.WaitAnswer(context.Background()); err == nil {
					l.Hangup(call.NormalClearing)
				}
			}
			errs <- err
		}()
	}
	var all []error
	for range n {
		all = append(all, within(t, "call", errs))
	}
	if err := errors.Join(all...); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-exited:
		if err != nil {
			t.Errorf("SIPp says: %v\n%s", err, tail(out.Bytes()))
		}
	case <-time.After(patience):
		t.Error("SIPp does not think that every call was ended")
	}
}

func tail(b []byte) []byte { return b[max(0, len(b)-3000):] }
