package overlay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// maxHops bounds the walk of Route. A ring of a million peers needs 20.
const maxHops = 64

// ErrLoop says that the peers on the way to a destination send each other's messages round in a circle, as they may for
// a moment while the ring changes.
var ErrLoop = errors.New("the way goes round in a circle")

// A Hop is a node on the way to a destination, and how long it and the way to it took to answer.
type Hop struct {
	NodeID wire.NodeID
	RTT    time.Duration
}

// Route walks the way that a message of this node would take to a node or a resource: it asks each peer for the next
// one by RouteQuery (6.4.2.4), along the way found so far. The last hop is the destination, or the peer responsible for
// it. After an error the hops so far are returned with it.
//
// For a Node-ID that nobody has there is ErrNotThere: messages to it are dropped (6.1.1).
func (n *Node) Route(ctx context.Context, to wire.Destination) ([]Hop, error) {
	at, err := n.entry()
	if err != nil {
		return nil, err
	}
	var hops []Hop
	var way []wire.Destination
	for len(hops) < maxHops {
		if slices.ContainsFunc(hops, func(h Hop) bool { return h.NodeID == at }) {
			return hops, fmt.Errorf("route to %v: %w at %v", to, ErrLoop, at)
		}
		if at != n.NodeID() {
			way = append(way, wire.ToNode(at))
		}
		next, rtt, err := n.routeQuery(ctx, at, way, to)
		if errors.Is(err, wire.ErrorNotFound) {
			err = fmt.Errorf("%w (%v is where it would be)", ErrNotThere, at)
		}
		if err != nil {
			return append(hops, Hop{at, rtt}), fmt.Errorf("route to %v: %w", to, err)
		}
		hops = append(hops, Hop{at, rtt})
		if next == at {
			return hops, nil
		}
		at = next
	}
	return hops, fmt.Errorf("route to %v: more than %d hops", to, maxHops)
}

// ErrNotThere says that no node of the overlay has a Node-ID.
var ErrNotThere = errors.New("no node has this Node-ID")

// entry is where this node's messages begin: a peer's at itself, a client's at its peer.
func (n *Node) entry() (wire.NodeID, error) {
	path := n.Path()
	if len(path) == 0 {
		return wire.NodeID{}, ErrNotConnected
	}
	return path[0].Node, nil
}

// routeQuery asks the node at the end of way, or this one if there is none.
func (n *Node) routeQuery(ctx context.Context, at wire.NodeID, way []wire.Destination, to wire.Destination) (wire.NodeID, time.Duration, error) {
	if len(way) == 0 {
		way = []wire.Destination{wire.ToNode(at)}
	}
	begin := time.Now()
	r, err := n.request(ctx, peer.Request{Dest: slices.Clone(way), Body: &wire.RouteQueryReq{Destination: to}})
	took := time.Since(begin)
	if err != nil {
		return wire.NodeID{}, took, err
	}
	ans, ok := r.Body.(*wire.RouteQueryAns)
	if !ok {
		return wire.NodeID{}, took, wire.ErrorInvalidMessage
	}
	return ans.Next, took, nil
}

// A PeerInfo is what a peer says of itself.
type PeerInfo struct {
	NodeID    wire.NodeID
	User      string // of its certificate
	RTT       time.Duration
	Share     float64 // of the Resource-IDs, those it is responsible for; 0 to 1
	Resources int     // stored there, replicas included
	Uptime    time.Duration
}

// Probe asks the node or the responsible peer at dest how it is (6.4.2.5).
func (n *Node) Probe(ctx context.Context, dest []wire.Destination) (PeerInfo, error) {
	begin := time.Now()
	r, err := n.request(ctx, peer.Request{Dest: dest, Body: &wire.ProbeReq{
		Requested: []wire.ProbeType{wire.ProbeResponsibleSet, wire.ProbeNumResources, wire.ProbeUptime},
	}})
	if err != nil {
		return PeerInfo{}, fmt.Errorf("probe %v: %w", dest, err)
	}
	p := PeerInfo{NodeID: r.From.NodeID, User: r.From.User, RTT: time.Since(begin)}
	ans, ok := r.Body.(*wire.ProbeAns)
	if !ok {
		return p, nil
	}
	for _, i := range ans.Info {
		switch i.Type {
		case wire.ProbeResponsibleSet:
			p.Share = float64(i.Value) / 1e9
		case wire.ProbeNumResources:
			p.Resources = int(i.Value)
		case wire.ProbeUptime:
			p.Uptime = time.Duration(i.Value) * time.Second
		}
	}
	return p, nil
}
