package overlay

import (
	"context"
	"slices"
	"sync"

	"tandem/overlay/wire"
)

// watched is the node's path and whether it is part of the overlay, for others to wait on.
type watched struct {
	mu     sync.Mutex
	path   []wire.Destination
	joined bool
	next   chan struct{} // closed at the next change
}

// set stores a new state and wakes those who wait if it differs.
func (w *watched) set(path []wire.Destination, joined bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if joined == w.joined && slices.Equal(path, w.path) {
		return
	}
	w.path, w.joined = slices.Clone(path), joined
	if w.next != nil {
		close(w.next)
		w.next = nil
	}
}

// get returns the state and a channel that is closed when it changes.
func (w *watched) get() (path []wire.Destination, joined bool, next <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == nil {
		w.next = make(chan struct{})
	}
	return w.path, w.joined, w.next
}

// Path is the destination list by which others reach this node now: a peer's is itself, a client's is the peer it
// is attached to, then itself (RFC 6940 3.2.1). Nil while not connected.
func (n *Node) Path() []wire.Destination {
	path, joined, _ := n.path.get()
	if !joined {
		return nil
	}
	return slices.Clone(path)
}

// PathChanged returns a channel that is closed when Path has changed.
func (n *Node) PathChanged() <-chan struct{} {
	_, _, next := n.path.get()
	return next
}

// WaitJoined returns nil once the node is part of the overlay: a peer has joined the ring, a client is attached.
func (n *Node) WaitJoined(ctx context.Context) error {
	for {
		_, joined, next := n.path.get()
		if joined {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-n.ctx.Done():
			return ErrClosed
		}
	}
}
