package overlay

import (
	"context"
	"crypto/tls"
	"errors"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

var errNotBuilt = errors.New("not built yet")

// A Node is one running node of an overlay. Its methods may be called from any goroutine.
type Node struct{}

// Start opens the listeners and returns at once; the node then bootstraps and joins on its own and keeps trying
// until Close. WaitJoined says when it is done. ctx bounds the start only.
func Start(ctx context.Context, cfg Config) (*Node, error) { return nil, errNotBuilt }

// WaitJoined returns nil once the node is part of the overlay: a peer has joined the ring, a client is attached.
func (n *Node) WaitJoined(ctx context.Context) error { return errNotBuilt }

// NodeID is this node's Node-ID.
func (n *Node) NodeID() wire.NodeID { return wire.NodeID{} }

// User is the user name (AoR) in this node's certificate.
func (n *Node) User() string { return "" }

// Path is the destination list by which others reach this node now: a peer's is itself, a client's is the peer it
// is attached to, then itself (RFC 6940 3.2.1). Nil while not connected.
func (n *Node) Path() []wire.Destination { return nil }

// PathChanged returns a channel that is closed when Path has changed.
func (n *Node) PathChanged() <-chan struct{} { return nil }

// Branching is the branching factor of ReDiR trees in this overlay (RFC 7374 8).
func (n *Node) Branching() int { return 10 }

// Store stores values of one Kind at a Resource-ID, signed by this node, and returns when the responsible peer has
// them. An error that wraps a wire.ErrorCode is that peer's refusal.
func (n *Node) Store(ctx context.Context, at wire.ResourceID, kind wire.KindID, values ...Value) error {
	return errNotBuilt
}

// Fetch returns the values of a Kind at a Resource-ID that exist and whose signatures hold. With keys, only those
// of a dictionary. None is an empty slice, not an error.
func (n *Node) Fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys ...wire.DictionaryKey) ([]Value, error) {
	return nil, errNotBuilt
}

// AppAttach asks the node that dest ends in for a connection to an application (RFC 6940 6.5.2) and returns it
// when the TLS handshake is done and the other end has proved to be that node. The connection is the caller's.
func (n *Node) AppAttach(ctx context.Context, dest []wire.Destination, application wire.Application) (*tls.Conn, cert.Peer, error) {
	return nil, cert.Peer{}, errNotBuilt
}

// HandleApp lets h serve the connections that others open to an application here; nil stops that. Requests for an
// application without handler are answered Error_Not_Found.
func (n *Node) HandleApp(application wire.Application, h AppHandler) {}

// Ping asks the node or the responsible peer at dest for a sign of life.
func (n *Node) Ping(ctx context.Context, dest []wire.Destination) (Pong, error) {
	return Pong{}, errNotBuilt
}

// Status is a snapshot of this node.
func (n *Node) Status(ctx context.Context) (Status, error) { return Status{}, errNotBuilt }

// SetDocument applies a newer configuration document after verifying it, and passes it on to others.
func (n *Node) SetDocument(ctx context.Context, raw []byte) error { return errNotBuilt }

// Leave hands the stored data over and says goodbye to the neighbors (RFC 6940 6.4.2.2). Close follows.
func (n *Node) Leave(ctx context.Context) error { return errNotBuilt }

// Close ends all connections and returns when every goroutine has ended. More than once is harmless.
func (n *Node) Close() error { return nil }
