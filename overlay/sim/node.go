package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// A Node is a Core with its surroundings.
type Node struct {
	Core  *peer.Core
	ID    wire.NodeID
	User  string
	Alive bool

	// OnAppAttach answers AppAttach requests. Nil: Error_Not_Found.
	OnAppAttach func(from peer.Signer, req *wire.AppAttachReq) (*wire.AppAttachAns, error)

	// OnDocument is told of configuration documents. Nil: they are refused.
	OnDocument func(raw []byte) error

	// Bootstrap are the addresses tried, in turn. Empty: that of some node, which may be dead, a client or still joining.
	Bootstrap []netip.AddrPort

	// Changes counts Changed actions.
	Changes int

	// Conduct is how the node behaves towards others; its own core knows nothing of it.
	Conduct Conduct

	w         *World
	skew      time.Duration   // of its clock
	side      int             // of a split
	asked     wire.ResourceID // by the last FetchReq, for liars
	leaving   bool
	inRing    bool
	addr      netip.AddrPort
	links     map[peer.LinkID]*link
	wake      time.Time // when the next Timeout is planned
	turn      int       // of bootstrap addresses
	lastAsked wire.TransactionID
}

// link is one end of a link.
type link struct {
	id      peer.LinkID
	other   *Node
	otherID peer.LinkID
	delay   time.Duration
	silent  bool // nothing comes through: it will be given up
}

// Add adds a node that starts now. The first one must be given First in change; change may be nil.
func (w *World) Add(change func(*peer.Config)) *Node {
	return w.AddAs(chordless(w.rng), fmt.Sprintf("user%d@sim", len(w.nodes)), change)
}

// AddAs adds a node with a Node-ID and a user name of the caller's choice: as one that comes back after a crash.
func (w *World) AddAs(id wire.NodeID, user string, change func(*peer.Config)) *Node {
	i := len(w.nodes)
	n := &Node{
		ID: id, User: user, Alive: true, w: w, links: map[peer.LinkID]*link{},
		addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 6084),
	}
	if w.Skew > 0 {
		n.skew = time.Duration(w.rng.Int64N(int64(2*w.Skew))) - w.Skew
	}
	cfg := peer.Config{
		Self: n.signer(), Overlay: wire.OverlayID("sim"), Settings: w.Settings, HoldDown: w.HoldDown, Logger: w.Logger,
		Rand:       rand.New(rand.NewPCG(w.rng.Uint64(), w.rng.Uint64())),
		Candidates: []wire.IceCandidate{{Addr: n.addr, Link: wire.LinkTLSTCPFHNoICE, Type: wire.CandidateHost, Foundation: []byte("1")}},
	}
	if change != nil {
		change(&cfg)
	}
	w.nodes, w.live = append(w.nodes, n), append(w.live, n)
	w.byAddr[n.addr], w.byID[id] = n, n
	n.Core = peer.New(cfg, n.clock())
	n.flush()
	return n
}

// Addr is the address at which the node accepts links.
func (n *Node) Addr() netip.AddrPort { return n.addr }

func chordless(rng *rand.Rand) (id wire.NodeID) {
	for i := range id {
		id[i] = byte(rng.Uint32())
	}
	return id
}

// clock is the time as the node knows it.
func (n *Node) clock() time.Time { return n.w.now.Add(n.skew) }

// end takes the node out of the world.
func (n *Node) end() {
	n.Alive = false
	if i := slices.Index(n.w.live, n); i >= 0 {
		n.w.live = slices.Delete(n.w.live, i, i+1)
	}
	n.note()
}

// Kill ends the node's process without a word. Others find out by their links.
func (n *Node) Kill() {
	if !n.Alive {
		return
	}
	n.end()
	for _, l := range n.sortedLinks() {
		n.cut(l)
	}
}

// Leave ends the node politely: it takes its time.
func (n *Node) Leave() {
	n.leaving = true
	n.note()
	n.Core.Leave(n.clock(), func(time.Time) { n.w.After(0, n.Kill) })
	n.flush()
}

// CutLinks cuts all links of the node, which stays alive.
func (n *Node) CutLinks() {
	for _, l := range n.sortedLinks() {
		n.cut(l)
		n.Core.LinkDown(n.clock(), l.id)
	}
	n.flush()
}

func (n *Node) sortedLinks() (ls []*link) {
	for _, l := range n.links {
		ls = append(ls, l)
	}
	slices.SortFunc(ls, func(a, b *link) int { return int(a.id) - int(b.id) })
	return ls
}

// cut takes a link away here; the other end hears of it after the link's delay.
func (n *Node) cut(l *link) {
	delete(n.links, l.id)
	n.w.After(l.delay, func() {
		if l.other.Alive && l.other.links[l.otherID] != nil {
			delete(l.other.links, l.otherID)
			l.other.Core.LinkDown(l.other.clock(), l.otherID)
			l.other.flush()
		}
	})
}

// Do sends a request.
func (n *Node) Do(r peer.Request, done peer.Done) {
	n.Core.Do(n.clock(), r, done)
	n.flush()
}

// Update applies new settings.
func (n *Node) Update(s peer.Settings) {
	n.Core.SetSettings(n.clock(), s)
	n.flush()
}

// flush performs what the core asks for and plans its next timeout.
func (n *Node) flush() {
	for out := n.Core.Outbox(); len(out) > 0; out = n.Core.Outbox() {
		for _, a := range out {
			n.perform(a)
		}
	}
	if at := n.Core.Deadline(); n.wake.IsZero() || at.Before(n.wake) {
		n.wake = at
		n.w.After(max(0, at.Sub(n.clock())), n.timeout)
	}
}

func (n *Node) timeout() {
	if !n.Alive || n.clock().Before(n.wake) {
		return
	}
	n.wake = time.Time{}
	n.Core.Timeout(n.clock())
	n.flush()
}

func (n *Node) perform(a peer.Action) {
	switch a := a.(type) {
	case *peer.Send:
		n.send(a)
	case *peer.Verify:
		n.w.After(n.w.Verification, func() { n.verified(a) })
	case *peer.Dial:
		n.dial(a)
	case *peer.Bootstrap:
		n.bootstrap()
	case *peer.Close:
		if l := n.links[a.Link]; l != nil {
			n.cut(l)
		}
	case *peer.AppAttach:
		n.appAttach(a)
	case *peer.Document:
		n.document(a)
	case *peer.Changed:
		n.Changes++
		n.note()
	}
}

func (n *Node) appAttach(a *peer.AppAttach) {
	if n.OnAppAttach == nil {
		n.Core.Reply(n.clock(), a.ID, nil, wire.ErrorNotFound)
		return
	}
	ans, err := n.OnAppAttach(a.From, a.Request)
	n.Core.Reply(n.clock(), a.ID, ans, err)
}

func (n *Node) document(a *peer.Document) {
	if n.OnDocument == nil {
		n.Core.Reply(n.clock(), a.ID, nil, wire.ErrorForbidden)
		return
	}
	n.Core.Reply(n.clock(), a.ID, &wire.ConfigUpdateAns{}, n.OnDocument(a.Raw))
}

// send puts a message on a link.
func (n *Node) send(s *peer.Send) {
	l := n.links[s.Link]
	if l == nil {
		return
	}
	m := &wire.Message{Header: s.Header, Contents: s.Contents}
	switch {
	case s.Forward != nil:
		m.Contents, m.Security = s.Forward.Contents, s.Forward.Security
	default:
		m.Security = n.sign(m, s.Certificates)
		n.lastAsked = s.Header.TransactionID
	}
	if m = n.Conduct.distort(n, m, s.Forward != nil); m == nil {
		return
	}
	n.w.Messages++
	n.w.Bytes += int64(size(m))
	if n.w.Tap != nil {
		n.w.Tap(m)
	}
	if n.w.Loss > 0 && n.w.rng.Float64() < n.w.Loss {
		return
	}
	if _, watched := n.w.hops[m.Header.TransactionID]; watched && m.Code().IsRequest() {
		n.w.hops[m.Header.TransactionID]++
	}
	if !n.reaches(l.other) {
		n.giveUp(l, silence)
		return
	}
	n.w.After(l.delay, func() {
		switch {
		case !n.reaches(l.other):
		case l.other.links[l.otherID] == nil: // given up there
			n.giveUp(l, l.delay)
		default:
			l.other.Core.Receive(l.other.clock(), l.otherID, m)
			l.other.flush()
		}
	})
}

// dial connects to the node at the first candidate. A handshake takes three times the link's delay.
func (n *Node) dial(a *peer.Dial) {
	var to *Node
	if len(a.Candidates) > 0 {
		to = n.w.byAddr[a.Candidates[0].Addr]
	}
	delay := n.w.latency()
	n.w.After(3*delay, func() {
		switch {
		case !n.Alive:
		case to == nil || !n.reaches(to) || to.ID != a.Node || to == n:
			n.Core.DialFailed(n.clock(), a.Node)
			n.flush()
		default:
			n.connect(to, delay, false)
		}
	})
}

// bootstrap tries one bootstrap address: the next of those given, else mostly that of a live node.
func (n *Node) bootstrap() {
	to := n.bootstrapNode()
	delay := n.w.latency()
	n.w.After(3*delay, func() {
		switch {
		case !n.Alive:
		case to == nil || !n.reaches(to) || to == n:
			n.Core.BootstrapFailed(n.clock())
			n.flush()
		default:
			n.connect(to, delay, true)
		}
	})
}

func (n *Node) bootstrapNode() *Node {
	if len(n.Bootstrap) > 0 {
		n.turn++
		return n.w.byAddr[n.Bootstrap[n.turn%len(n.Bootstrap)]]
	}
	among := n.w.live
	if n.w.rng.IntN(4) == 0 {
		among = n.w.nodes
	}
	return among[n.w.rng.IntN(len(among))]
}

// connect makes a link from n to another node.
func (n *Node) connect(to *Node, delay time.Duration, bootstrap bool) {
	n.w.links += 2
	here, there := n.w.links-1, n.w.links
	n.links[here] = &link{id: here, other: to, otherID: there, delay: delay}
	to.links[there] = &link{id: there, other: n, otherID: here, delay: delay}
	to.Core.LinkUp(to.clock(), peer.Link{ID: there, Node: n.ID})
	to.flush()
	switch {
	case n.links[here] != nil:
	case bootstrap: // refused
		n.Core.BootstrapFailed(n.clock())
		n.flush()
		return
	default:
		n.Core.DialFailed(n.clock(), to.ID)
		n.flush()
		return
	}
	n.Core.LinkUp(n.clock(), peer.Link{ID: here, Node: to.ID, Bootstrap: bootstrap})
	n.flush()
}
