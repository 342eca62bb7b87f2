package sipua

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"

	"github.com/emiago/sipgo/sip"
)

var errNoDial = errors.New("sipua: connections are opened by the user agent, never by what a message says")

// sipgoSetup sets the process-wide variables of sipgo that we depend on, before anything of it runs: datagrams up to
// what UDP carries (it refuses to send more than 1300 bytes, responses too), and no logging of whole packets.
var sipgoSetup = sync.OnceFunc(func() {
	sip.UDPMTUSize = 65507
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
})

// newLayers makes sipgo's transport and transaction layers. arrive sees every message in the order it came off its
// connection, before the transaction layer starts a goroutine for it. Nothing in them resolves a name or dials.
func newLayers(arrive func(sip.Message), stray func(*sip.Response)) (*sip.TransportLayer, *sip.TransactionLayer) {
	sipgoSetup()
	noDial := func(net.Addr) net.Dialer {
		return net.Dialer{Control: func(string, string, syscall.RawConn) error { return errNoDial }}
	}
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errNoDial
	}}
	tp := sip.NewTransportLayer(resolver, sip.NewParser(), nil, sip.WithTransportLayerTransports(sip.TransportsConfig{
		TCP: &sip.TransportTCP{DialerCreate: noDial},
		TLS: &sip.TransportTLS{TransportTCP: &sip.TransportTCP{DialerCreate: noDial}},
	}))
	tp.OnMessage(arrive)
	tx := sip.NewTransactionLayer(tp, sip.WithTransactionLayerTerminateOnConnClose(),
		sip.WithTransactionLayerUnhandledResponseHandler(stray))
	return tp, tx
}
