package overlay

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"sync"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// appTimeout is how long after its agreement the other side of an AppAttach may take to connect.
const appTimeout = 15 * time.Second

// waiters are the AppAttaches of this node whose connections have not come in yet.
type waiters struct {
	mu   sync.Mutex
	list []*waiter // first come, first served
}

type waiter struct {
	node wire.NodeID
	conn chan appConn // holds one
}

type appConn struct {
	conn *tls.Conn
	from cert.Peer
}

func (w *waiters) add(node wire.NodeID) *waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := &waiter{node: node, conn: make(chan appConn, 1)}
	w.list = append(w.list, one)
	return one
}

// take gives a connection to the first who waits for its node.
func (w *waiters) take(c appConn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, one := range w.list {
		if c.from.Is(one.node) {
			w.list = slices.Delete(w.list, i, i+1)
			one.conn <- c
			return true
		}
	}
	return false
}

// remove forgets a waiter; a connection that came meanwhile is closed.
func (w *waiters) remove(one *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.list, one); i >= 0 {
		w.list = slices.Delete(w.list, i, i+1)
		return
	}
	select {
	case c := <-one.conn:
		_ = c.conn.Close()
	default:
	}
}

// AppAttach asks the node that dest ends in for a connection to an application (RFC 6940 6.5.2) and returns it
// when the TLS handshake is done and the other end has proved to be that node. The connection is the caller's.
//
// This node is the passive side: the other one connects to the listener for applications, so a node behind a NAT
// can be reached and its peer must be reachable.
func (n *Node) AppAttach(ctx context.Context, dest []wire.Destination, application wire.Application) (*tls.Conn, cert.Peer, error) {
	fail := func(err error) (*tls.Conn, cert.Peer, error) {
		return nil, cert.Peer{}, fmt.Errorf("AppAttach %d to %v: %w", application, dest, err)
	}
	if len(dest) == 0 || dest[len(dest)-1].Type != wire.DestinationNode {
		return fail(ErrWrongNode)
	}
	w := n.waiters.add(dest[len(dest)-1].Node)
	defer n.waiters.remove(w)
	request := &wire.AppAttachReq{AppAttach: wire.AppAttach{Application: application, Role: wire.RolePassive}}
	if err := n.call(ctx, func(time.Time) { request.Candidates = n.candidates(n.apps) }); err != nil {
		return fail(err)
	}
	if _, err := n.request(ctx, peer.Request{Dest: dest, Body: request}); err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, appTimeout)
	defer cancel()
	select {
	case c := <-w.conn:
		return c.conn, c.from, nil
	case <-n.ctx.Done():
		return fail(ErrClosed)
	case <-ctx.Done():
		return fail(fmt.Errorf("agreed to, but did not connect: %w", context.Cause(ctx)))
	}
}

// acceptApp takes an application connection that this node has asked for, and no other.
func (n *Node) acceptApp(c *tls.Conn) {
	from, err := n.verifier.PeerOf(c.ConnectionState())
	if err == nil && n.waiters.take(appConn{c, from}) {
		return
	}
	_ = c.Close()
	n.refusals.Note("application connection refused", from.NodeID().String(), "nobody asked for it")
}

// handlers are the applications served here.
type handlers struct {
	mu sync.Mutex
	of map[wire.Application]AppHandler
}

func (h *handlers) get(a wire.Application) AppHandler {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of[a]
}

// HandleApp lets h serve the connections that others open to an application here; nil stops that. Requests for an
// application without handler are answered Error_Not_Found.
func (n *Node) HandleApp(application wire.Application, h AppHandler) {
	n.handlers.mu.Lock()
	defer n.handlers.mu.Unlock()
	if n.handlers.of == nil {
		n.handlers.of = make(map[wire.Application]AppHandler)
	}
	n.handlers.of[application] = h
}

// answerApp agrees to an AppAttach and connects: the answerer is the active side (6.5.1.13).
func (n *Node) answerApp(a *peer.AppAttach) {
	now := time.Now()
	h := n.handlers.get(a.Request.Application)
	if h == nil {
		n.core.Reply(now, a.ID, nil, wire.ErrorNotFound)
		return
	}
	if !slices.ContainsFunc(a.Request.Candidates, dialable) {
		n.core.Reply(now, a.ID, nil, &wire.ErrorResponse{Reason: wire.ErrorInvalidMessage, Info: []byte("no usable candidate")})
		return
	}
	started := n.connecting(a.From.NodeID, func() { n.openApp(a, h) })
	if !started {
		n.core.Reply(now, a.ID, nil, &wire.ErrorResponse{Reason: wire.ErrorForbidden, Info: []byte("too busy")})
		return
	}
	n.core.Reply(now, a.ID, &wire.AppAttachAns{AppAttach: wire.AppAttach{
		Application: a.Request.Application, Role: wire.RoleActive, Candidates: n.candidates(n.apps),
	}}, nil)
}

func (n *Node) openApp(a *peer.AppAttach, h AppHandler) {
	conn, addr, err := n.connectNode(a.From.NodeID, a.Request.Candidates)
	if err != nil {
		n.log.Info("no application connection came of an AppAttach", "with", a.From.NodeID, "application", a.Request.Application, "err", err)
		return
	}
	from, err := n.verifier.PeerOf(conn.ConnectionState())
	if err != nil {
		_ = conn.Close()
		return
	}
	n.log.Debug("application connection open", "with", a.From.NodeID, "application", a.Request.Application, "addr", addr)
	n.wg.Go(func() { h(n.ctx, conn, from) })
}
