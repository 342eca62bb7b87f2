package overlay

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"

	"tandem/overlay/cert"
	"tandem/overlay/config"
)

// Config says what a Node is and where it listens.
type Config struct {
	// Identity is the node's certificate, key and chain. Required.
	Identity *cert.Identity

	// Document is the overlay's configuration document. Required.
	Document *config.Document

	// Listen is the TCP address for RELOAD links, "host:port". Empty means ":0". A client listens too: the
	// requester of an Attach is the passive side (RFC 6940 6.5.1.13).
	Listen string

	// ListenSIP is the TCP address on which application connections arrive that this node asked for by AppAttach
	// (RFC 7904 5.1). Empty means ":0".
	ListenSIP string

	// Advertise is the host, an IP address, that other nodes are told to connect to. Empty: the local address of
	// the first bootstrap connection, else that of the listener, else 127.0.0.1.
	Advertise string

	// Client attaches without ever joining: nothing is routed through this node or stored at it (3.2.1).
	Client bool

	// First founds a new overlay when no bootstrap peer answers at once. Two first peers are two overlays until
	// they find each other, so it is set on one node only (11.5 step 1).
	First bool

	// Bootstrap are addresses "host:port" to try besides the document's bootstrap-nodes.
	Bootstrap []string

	// MaxFragment is the largest piece, in bytes, in which this node sends messages; longer ones are divided and put
	// together by their destination (6.7). Zero: whole, as links over TCP carry any length.
	MaxFragment int

	// Logger is required.
	Logger *slog.Logger

	// OnDocument, if set, is given the bytes of every newer configuration document that came by ConfigUpdate and
	// was verified and applied, to be kept for the next start. It must not block for long.
	OnDocument func(raw []byte)

	// OnPeers, if set, is given the addresses of about ten peers seen lately, whenever they change, to be kept
	// and given as Bootstrap at the next start (11.4). It must not block for long.
	OnPeers func(addresses []string)

	// KeyLog, if set, receives the secrets of all TLS connections in NSS format. For tests: it undoes the
	// encryption.
	KeyLog io.Writer
}

// An AppHandler serves one connection that another node opened by AppAttach. It closes conn when done with it;
// ctx ends when the Node closes.
type AppHandler func(ctx context.Context, conn *tls.Conn, from cert.Peer)
