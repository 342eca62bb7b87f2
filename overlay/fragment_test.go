package overlay_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"tandem/overlay"
	"tandem/overlay/overlaytest"
)

// fragmented is an overlay of three peers and a client that all send pieces of at most 700 bytes.
func fragmented(t *testing.T, change func(*overlaytest.Network)) (w *overlaytest.Network, peers []*overlay.Node, client *overlay.Node) {
	w = overlaytest.New(t, nil)
	change(w)
	small := func(c *overlay.Config) { c.MaxFragment = 700 }
	first := w.Start(func(c *overlay.Config) { small(c); c.First = true })
	w.WaitJoined(first)
	w.AddBootstrap(first)
	peers = []*overlay.Node{first, w.Start(small), w.Start(small)}
	w.WaitJoined(peers...)
	w.WaitRing(peers...)
	client = w.Start(func(c *overlay.Config) { small(c); c.Client, c.Identity = true, w.Identity("alice@"+overlaytest.Name) })
	w.WaitJoined(client)
	return w, peers, client
}

// Joining, storing and fetching work when every message is in pieces, and another decoder reads the pieces.
//
// RELOAD: FRG-1 FRG-2
func TestEverythingInFragments(t *testing.T) {
	dir := t.TempDir()
	keys := &lockedFile{path: filepath.Join(dir, "keys.log")}
	host := fmt.Sprintf("127.84.%d.%d", rand.IntN(250)+1, rand.IntN(250)+1)
	capture := startCapture(t, filepath.Join(dir, "fragments.pcapng"), "tcp and host "+host)

	w, peers, client := fragmented(t, func(w *overlaytest.Network) { w.Host, w.KeyLog = host, keys })
	data := record(t, w.Context(), client)
	nodes := append(peers, client)
	decode := []string{"-r", capture.file, "-o", "tls.keylog_file:" + keys.path}
	unused := rsaKey(t, dir)
	for _, n := range nodes {
		if got, err := fetched(w.Context(), n, client.User()); err != nil || !bytes.Equal(got, data) {
			t.Errorf("fetch by %v: got %x, %v, want %x", n.NodeID(), got, err, data)
		}
		_, port, err := net.SplitHostPort(w.Status(n).Address)
		if err != nil {
			t.Fatal(err)
		}
		decode = append(decode, "-o", fmt.Sprintf("uat:ssl_keys:%q,%q,%q,%q,%q", host, port, "reload-framing", unused, ""))
	}
	for _, n := range nodes {
		_ = n.Close()
	}
	capture.stop(t, host)

	if bad := tshark(t, append(decode, "-Y", "_ws.malformed || reload.fragment.error || reload.fragment.overlap.conflict", "-V")); bad != "" {
		t.Errorf("Wireshark finds malformed:\n%.6000s", bad)
	}
	later := tshark(t, append(decode, "-Y", "reload.forwarding.fragment.offset > 0", "-T", "fields", "-e", "frame.number"))
	whole := tshark(t, append(decode, "-Y", "reload.reassembled.length", "-T", "fields", "-e", "reload.message.code"))
	t.Logf("Wireshark sees %d later pieces and puts together %d messages", len(strings.Fields(later)), len(strings.Fields(whole)))
	if len(strings.Fields(later)) < 20 || len(strings.Fields(whole)) < 20 {
		t.Errorf("Wireshark sees the later pieces %s\nand puts together the messages %s", later, whole)
	}
}
