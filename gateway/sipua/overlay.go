package sipua

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"tandem/gateway/call"
)

// maxNodeStreams bounds the connections of one node. One is the rule; a few arise when both sides connect at once, or
// when one side has not noticed yet that the other has started anew.
const maxNodeStreams = 8

// Serve takes over an authenticated connection to an overlay peer and returns when requests can be sent over it.
// The connection lives until either side closes it or the UA ends; its loss ends what waits on it at once. If there
// is one to that node already, the older is kept for what runs on it and new requests take the newer. A node that has
// maxNodeStreams loses its oldest. Only for an overlay UA.
func (u *UA) Serve(conn net.Conn, p Peer) error {
	if u.cfg.Side != call.Overlay {
		_ = conn.Close()
		return errors.New("sipua: only an overlay user agent takes connections")
	}
	p.Node = strings.ToLower(p.Node)
	s := newStream(conn, TLS, u.log.With("node_id", p.Node))
	// The stand-in of this connection, not of the node: two connections to one node must both stay reachable.
	s.peer, s.remote = p, standIn(2, streamCount.Add(1))
	u.mu.Lock()
	var oldest *stream
	if all := u.nodes[p.Node]; len(all) >= maxNodeStreams {
		oldest = all[0]
		u.nodes[p.Node] = all[1:]
	}
	u.nodes[p.Node] = append(u.nodes[p.Node], s)
	u.mu.Unlock()
	if oldest != nil {
		s.log.Info("node has too many connections, closing its oldest")
		_ = oldest.Close()
	}
	u.wg.Go(func() { // however it ends
		select {
		case <-s.gone:
		case <-u.ctx.Done():
		}
		u.dropNode(s)
	})
	if err := u.adopt(u.ctx, s); err != nil {
		return fmt.Errorf("serve node %s: %w", p.Node, err)
	}
	return nil
}

func (u *UA) dropNode(s *stream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := slices.DeleteFunc(u.nodes[s.peer.Node], func(o *stream) bool { return o == s })
	if len(left) == 0 {
		delete(u.nodes, s.peer.Node)
		return
	}
	u.nodes[s.peer.Node] = left
}

// nodeStream is the newest live connection to a node, nil if there is none.
func (u *UA) nodeStream(node string) *stream {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range slices.Backward(u.nodes[strings.ToLower(node)]) {
		if s.alive() && s.isPooled() {
			return s
		}
	}
	return nil
}

func (s *stream) isPooled() bool {
	select {
	case <-s.pooled:
		return true
	default:
		return false
	}
}

// Reach says whether a connection to the node is up.
func (u *UA) Reach(node string) bool { return u.nodeStream(node) != nil }

// Disconnect closes the connections to a node.
func (u *UA) Disconnect(node string) {
	u.mu.Lock()
	streams := slices.Clone(u.nodes[strings.ToLower(node)])
	u.mu.Unlock()
	for _, s := range streams {
		_ = s.Close()
	}
}

// peerOf is who sent a request on an overlay UA: the connection's certificate, never a header.
func (u *UA) peerOf(source string) Peer {
	if s := u.stream(TLS, source); s != nil {
		return s.peer
	}
	return Peer{}
}
