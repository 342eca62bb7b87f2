package overlay

import (
	"context"
	"time"

	"tandem/overlay/peer"
)

// foundAfter is how long a first peer that found somebody at start waits to get into the ring by them, before it
// founds the overlay after all: they may have been waiting for it.
const foundAfter = 10 * time.Second

// loop owns n.ring until the node closes.
func (n *Node) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	found := n.foundTimer()
	defer found.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case f := <-n.do:
			f(time.Now())
		case <-timer.C:
			n.core.Timeout(time.Now())
		case <-found.C:
			n.foundLate(time.Now())
		}
		for out := n.core.Outbox(); len(out) > 0; out = n.core.Outbox() {
			for _, a := range out {
				n.perform(a)
			}
		}
		timer.Reset(time.Until(n.core.Deadline()))
	}
}

// call runs f in the loop and waits for it. It must not be called in the loop.
func (n *Node) call(ctx context.Context, f func(now time.Time)) error {
	done := make(chan struct{})
	if err := n.post(ctx, func(now time.Time) { f(now); close(done) }); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-n.ctx.Done():
		return ErrClosed
	}
}

// post has f run in the loop. It must not be called in the loop.
func (n *Node) post(ctx context.Context, f func(now time.Time)) error {
	select {
	case n.do <- f:
		return nil
	case <-n.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tell is post for the node's own goroutines, which end when the node does.
func (n *Node) tell(f func(now time.Time)) { _ = n.post(n.ctx, f) }

func (n *Node) perform(a peer.Action) {
	switch a := a.(type) {
	case *peer.Send:
		n.send(a)
	case *peer.Verify:
		n.verify(a)
	case *peer.Dial:
		n.dial(a)
	case *peer.Bootstrap:
		n.bootstrap()
	case *peer.Close:
		n.closeLink(a)
	case *peer.AppAttach:
		n.answerApp(a)
	case *peer.Document:
		n.takeDocument(a)
	case *peer.Changed:
		n.changed()
	default:
		n.log.Error("unknown action of the overlay core", "action", a)
	}
}

// changed publishes the state that others wait for.
func (n *Node) changed() {
	state := n.core.State()
	n.path.set(n.core.Path(), state.Phase == peer.Joined || state.Phase == peer.Attached)
	n.log.Debug("overlay node changed", "phase", state.Phase, "links", len(n.conns),
		"predecessors", len(state.Predecessors), "successors", len(state.Successors))
	n.peersChanged(state)
}

// foundTimer fires once if a first peer did not found the overlay at start.
func (n *Node) foundTimer() *time.Timer {
	t := time.NewTimer(foundAfter)
	if !n.cfg.First || n.cfg.Client || n.founded {
		t.Stop()
	}
	return t
}

// foundLate founds the overlay if nobody has let this first peer in.
func (n *Node) foundLate(now time.Time) {
	if n.core.State().Phase == peer.Joined {
		return
	}
	n.log.Warn("nobody lets this first peer join; founding the overlay anew")
	n.founded = true
	n.core = n.newCore(now)
	for _, c := range n.linksInOrder() {
		n.core.LinkUp(now, peer.Link{ID: c.id, Node: c.node, NodeIDs: c.names})
	}
	n.changed()
}
