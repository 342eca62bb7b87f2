package attach_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"tandem/gateway/attach"
	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/route/routetest"
	"tandem/gateway/sipua"
)

// A connection over which an INVITE got no response is closed, every time, so that the next call opens another.
func TestSilentConnectionIsBuried(t *testing.T) {
	t.Parallel()
	engine, err := media.NewEngine(media.Config{Listen: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	ua, err := sipua.Start(sipua.Config{Side: call.Overlay, Domain: "example.net", NoAnswerYet: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer ua.Close(context.Background())
	var overlay routetest.Network
	closed := make(chan struct{})
	overlay.Join("b1", "bob@example.net").Accept(func(c net.Conn, _ route.Peer) error {
		go func() {
			_, _ = io.Copy(io.Discard, c) // hears and says nothing
			_ = c.Close()
			closed <- struct{}{}
		}()
		return nil
	})
	peers := attach.New(ua, overlay.Join("a1", "alice@example.net"), engine)
	for range 12 {
		leg, err := peers.Invite(t.Context(), route.Contact{Node: "b1"}, nil,
			sipua.InviteConfig{URI: "sips:bob@example.net", From: sipua.Address{URI: "sips:alice@example.net"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := leg.WaitAnswer(t.Context()); err == nil {
			t.Fatal("nobody answered, and the call is up")
		}
		<-closed
	}
	if n := overlay.Connects(); n != 12 {
		t.Errorf("%d connections for 12 calls over silent ones", n)
	}
}
