// Package routetest is a small overlay network in one process, for tests of call routing: nodes that register
// addresses and services, and real TCP connections between them. It proves nothing about identities: each node is
// believed to be who the test says.
package routetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"tandem/gateway/route"
)

// Network is the overlay. The zero value is empty and ready.
type Network struct {
	mu       sync.Mutex
	nodes    map[string]*Node
	people   map[string][]string // Node-IDs by AoR
	services map[string][]string // Node-IDs by namespace, the best first
	keys     map[string][]string // search keys asked for, by namespace
	open     []net.Conn          // our end of every connection
}

// Node is one member. It is a route.Overlay as that member sees it.
type Node struct {
	net    *Network
	id     string
	user   string
	accept func(net.Conn, route.Peer) error
}

var _ route.Overlay = (*Node)(nil)

// Join adds a member with a Node-ID and its certificate's user. It takes no connections before Accept.
func (n *Network) Join(id, user string) *Node {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.nodes == nil {
		n.nodes, n.people = make(map[string]*Node), make(map[string][]string)
		n.services, n.keys = make(map[string][]string), make(map[string][]string)
	}
	node := &Node{net: n, id: id, user: user}
	n.nodes[id] = node
	return node
}

// Accept says who takes connections to this node.
func (d *Node) Accept(serve func(net.Conn, route.Peer) error) {
	d.net.mu.Lock()
	defer d.net.mu.Unlock()
	d.accept = serve
}

// Leave makes a node unreachable. What is registered of it stays, as in an overlay that has not noticed yet.
func (d *Node) Leave() { d.Accept(nil) }

// Register says that the node's user is here.
func (d *Node) Register() {
	d.net.mu.Lock()
	defer d.net.mu.Unlock()
	d.net.people[d.user] = append(d.net.people[d.user], d.id)
}

// Offer registers a service at this node, after those that offered it before.
func (d *Node) Offer(namespace string) {
	d.net.mu.Lock()
	defer d.net.mu.Unlock()
	d.net.services[namespace] = append(d.net.services[namespace], d.id)
}

// Connects is how many connections were opened so far.
func (n *Network) Connects() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.open)
}

// Cut closes every connection.
func (n *Network) Cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.open {
		_ = c.Close()
	}
}

// Keys are the search keys with which a service was looked up.
func (n *Network) Keys(namespace string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.keys[namespace])
}

// Locate finds the nodes of an AoR.
func (d *Node) Locate(_ context.Context, aor string) ([]route.Contact, error) {
	d.net.mu.Lock()
	defer d.net.mu.Unlock()
	if len(d.net.people[aor]) == 0 {
		return nil, route.ErrNotRegistered
	}
	return contacts(d.net.people[aor]), nil
}

// Services finds the providers of a service.
func (d *Node) Services(_ context.Context, name string, key []byte) ([]route.Contact, error) {
	d.net.mu.Lock()
	defer d.net.mu.Unlock()
	d.net.keys[name] = append(d.net.keys[name], string(key))
	if len(d.net.services[name]) == 0 {
		return nil, route.ErrNoService
	}
	return contacts(d.net.services[name]), nil
}

func contacts(ids []string) []route.Contact {
	var cs []route.Contact
	for _, id := range ids {
		cs = append(cs, route.Contact{Node: id})
	}
	return cs
}

// errGone: the node does not answer.
var errGone = errors.New("node does not answer")

// Connect opens a TCP connection to a node.
func (d *Node) Connect(ctx context.Context, c route.Contact) (net.Conn, route.Peer, error) {
	d.net.mu.Lock()
	far, ok := d.net.nodes[c.Node]
	var accept func(net.Conn, route.Peer) error
	if ok {
		accept = far.accept
	}
	d.net.mu.Unlock()
	if accept == nil {
		return nil, route.Peer{}, fmt.Errorf("node %s: %w", c.Node, errGone)
	}
	ours, theirs, err := pair(ctx)
	if err != nil {
		return nil, route.Peer{}, err
	}
	if err := accept(theirs, route.Peer{Node: d.id, User: d.user}); err != nil {
		return nil, route.Peer{}, errors.Join(err, ours.Close())
	}
	d.net.mu.Lock()
	d.net.open = append(d.net.open, ours)
	d.net.mu.Unlock()
	return ours, route.Peer{Node: far.id, User: far.user}, nil
}

// pair is the two ends of a new TCP connection on loopback.
func pair(ctx context.Context) (ours, theirs net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	var d net.Dialer
	ours, err = d.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	theirs, err = l.Accept()
	if err != nil {
		return nil, nil, errors.Join(err, ours.Close())
	}
	return ours, theirs, nil
}
