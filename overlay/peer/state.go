package peer

import (
	"slices"

	"tandem/overlay/wire"
)

// A State is what a core says of itself.
type State struct {
	Phase        Phase
	Predecessors []wire.NodeID // nearest first
	Successors   []wire.NodeID // nearest first
	Fingers      []wire.NodeID // ascending
	Connected    []wire.NodeID // every node with a link, ascending
	Stored       int           // values kept, replicas included
	Requests     int           // requests waiting for an answer
}

// State is a snapshot for people and dashboards.
func (c *Core) State() State {
	return State{
		Phase:        c.phase,
		Predecessors: c.top.Predecessors(),
		Successors:   c.top.Successors(),
		Fingers:      c.top.Fingers(),
		Connected:    slices.Clone(c.conns.order),
		Stored:       c.data.Len(),
		Requests:     len(c.requests),
	}
}

// Phase is where this node stands in its life.
func (c *Core) Phase() Phase { return c.phase }

// Responsible reports whether this node is the one responsible for a resource, as it sees the ring.
func (c *Core) Responsible(r wire.ResourceID) bool { return c.responsible(r) }

// A Phase is where a node stands in its life.
type Phase uint8

// The phases.
const (
	Bootstrapping Phase = iota + 1 // looking for a way into the overlay
	Joining                        // a peer on its way into the ring
	Joined                         // a peer in the ring
	Attached                       // a client with a link to a peer
	Left
)

// String is the phase in a word.
func (p Phase) String() string {
	return [...]string{"unknown", "bootstrapping", "joining", "joined", "attached", "left"}[min(p, Left)]
}
