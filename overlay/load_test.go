package overlay_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/overlaytest"
	"tandem/overlay/sipusage"
)

// durations are measured one by one, for their percentiles.
type durations []time.Duration

// report says the median, the 99th percentile and the longest, in milliseconds.
func (d durations) report(b *testing.B, what string) {
	slices.Sort(d)
	for _, p := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}} {
		i := min(int(p.at*float64(len(d))), len(d)-1)
		b.ReportMetric(float64(d[i].Microseconds())/1000, what+"-"+p.name+"-ms")
	}
}

// BenchmarkThirtyTwoPeers is a ring of 32 peers on loopback, with TLS and signatures, on the cores of this machine: how
// long a peer takes to join it until it is responsible for its range; how long a Fetch takes; and how long it takes from
// an address to the first byte of SIP that came back: lookup, AppAttach, handshake, and there and back.
func BenchmarkThirtyTwoPeers(b *testing.B) {
	w := overlaytest.New(b, nil)
	quiet := func(c *overlay.Config) { c.Logger = slog.New(slog.DiscardHandler) }
	first := w.Start(func(c *overlay.Config) { quiet(c); c.First = true })
	w.WaitJoined(first)
	w.AddBootstrap(first)
	peers := []*overlay.Node{first}
	var joins durations
	for len(peers) < 32 {
		begin := time.Now()
		p := w.Start(quiet)
		w.WaitJoined(p)
		joins = append(joins, time.Since(begin))
		peers = append(peers, p)
	}
	w.WaitRing(peers...)
	b.Run("join", func(b *testing.B) {
		for b.Loop() { // it was measured while the ring grew
		}
		b.ReportMetric(0, "ns/op")
		joins.report(b, "join")
	})
	ctx := w.Context()
	stored := make([][]byte, len(peers))
	for i, p := range peers {
		stored[i] = record(b, ctx, p)
	}
	b.Run("fetch", func(b *testing.B) {
		var took durations
		for b.Loop() {
			i := rand.IntN(len(peers))
			begin := time.Now()
			got, err := fetched(ctx, peers[rand.IntN(len(peers))], peers[i].User())
			took = append(took, time.Since(begin))
			if err != nil || !bytes.Equal(got, stored[i]) {
				b.Fatalf("fetch: %q, %v", got, err)
			}
		}
		took.report(b, "fetch")
	})
	var clients []*overlay.Node
	for i := range 4 {
		c := w.Start(func(c *overlay.Config) {
			quiet(c)
			c.Client, c.Identity = true, w.Identity(fmt.Sprintf("phone%d@%s", i, overlaytest.Name))
		})
		w.WaitJoined(c)
		sendBack(c)
		publication, err := sipusage.Register(ctx, c, c.User(), slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		<-publication.Ready()
		clients = append(clients, c)
	}
	b.Run("call", func(b *testing.B) {
		var took durations
		for b.Loop() {
			i := rand.IntN(len(clients))
			begin := time.Now()
			firstByte(b, w, clients[i], clients[(i+1)%len(clients)].User())
			took = append(took, time.Since(begin))
		}
		took.report(b, "call")
	})
}

// sendBack serves SIPS connections by sending back what comes.
func sendBack(n *overlay.Node) {
	n.HandleApp(overlay.AppSIPS, func(ctx context.Context, conn *tls.Conn, _ cert.Peer) {
		defer func() { _ = conn.Close() }()
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		_, _ = io.Copy(conn, conn)
	})
}

// firstByte finds a user, connects to its node, and exchanges a byte.
func firstByte(b *testing.B, w *overlaytest.Network, from *overlay.Node, aor string) {
	b.Helper()
	contacts, err := sipusage.Locate(w.Context(), from, aor)
	if err != nil {
		b.Fatal(err)
	}
	conn, _, err := sipusage.Connect(w.Context(), from, contacts[0])
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte{'I'}); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
}
