package overlay

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"tandem/overlay/link"
	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

const (
	// maxCached is how many peers are remembered as bootstrap nodes (11.4: about ten).
	maxCached = 10

	// maxHeard bounds the nodes whose listening addresses are remembered while they may become neighbors.
	maxHeard = 1024

	// maxReached bounds the own addresses that are told to others.
	maxReached = 3
)

// addresses knows where this node and others can be reached.
type addresses struct {
	port      uint16
	fixed     netip.Addr // Advertise, or the listener's own address
	reached   []netip.Addr
	bootstrap []string // given and of the document
	next      int      // the bootstrap address to try next
	own       map[string]bool
	cached    []string // of peers, latest first

	mu     sync.Mutex // guards heard, which the lanes write
	heard  map[wire.NodeID]string
	answer map[wire.NodeID]bool // those who answered an Attach, so are peers
}

func newAddresses(cfg Config, listen *net.TCPAddr) *addresses {
	a := &addresses{
		port: uint16(listen.Port), own: make(map[string]bool),
		heard: make(map[wire.NodeID]string), answer: make(map[wire.NodeID]bool),
	}
	if ip, err := netip.ParseAddr(cfg.Advertise); err == nil {
		a.fixed = ip.Unmap()
	} else if ip, ok := netip.AddrFromSlice(listen.IP); ok && !ip.IsUnspecified() {
		a.fixed = ip.Unmap()
	}
	a.bootstrap = slices.Clone(cfg.Bootstrap)
	a.configured(cfg.Document.Bootstrap)
	return a
}

// configured adds the bootstrap nodes of a document.
func (a *addresses) configured(list []string) {
	for _, addr := range list {
		if !slices.Contains(a.bootstrap, addr) {
			a.bootstrap = append(a.bootstrap, addr)
		}
	}
}

// reachedBy notes an address of this node that a connection uses: others may reach it there, too.
func (a *addresses) reachedBy(local net.Addr) {
	ap, err := netip.ParseAddrPort(local.String())
	if err != nil || a.fixed.IsValid() {
		return
	}
	ip := ap.Addr().Unmap().WithZone("")
	if !slices.Contains(a.reached, ip) && len(a.reached) < maxReached {
		a.reached = append(a.reached, ip)
	}
}

// hosts are the addresses at which others reach this node, best first.
func (a *addresses) hosts() []netip.Addr {
	switch {
	case a.fixed.IsValid():
		return []netip.Addr{a.fixed}
	case len(a.reached) > 0:
		return a.reached
	}
	return []netip.Addr{outward()}
}

// outward is an address of this machine, loopback if it has no other.
func outward() netip.Addr {
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().IsGlobalUnicast() {
			return p.Addr()
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// candidates are what an Attach or AppAttach tells of a listener of this node.
func (n *Node) candidates(ln *link.Listener) []wire.IceCandidate {
	var out []wire.IceCandidate
	for i, host := range n.addresses.hosts() {
		out = append(out, wire.IceCandidate{
			Addr:       netip.AddrPortFrom(host, uint16(ln.Addr().Port)),
			Link:       wire.LinkTLSTCPFHNoICE,
			Foundation: []byte(strconv.Itoa(i + 1)),
			Priority:   126<<24 | uint32(65535-i)<<8 | 255, // RFC 5245 4.1.2.1: host, local preference, component 1
			Type:       wire.CandidateHost,
		})
	}
	return out
}

// bootstrapAddresses are all there are, those seen lately after those given, without this node's own.
func (a *addresses) bootstrapAddresses() []string {
	var all []string
	for _, addr := range append(slices.Clone(a.bootstrap), a.cached...) {
		if !a.own[addr] && !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	return all
}

// nextBootstrap is the address to try now; they take turns.
func (a *addresses) nextBootstrap() (addr string, ok bool) {
	all := a.bootstrapAddresses()
	if len(all) == 0 {
		return "", false
	}
	a.next++
	return all[(a.next-1)%len(all)], true
}

// learn remembers where the sender of a verified Attach listens, and says whether there was something to learn.
func (a *addresses) learn(from wire.NodeID, m *wire.Message) bool {
	code := m.Code()
	if code != wire.CodeAttachReq && code != wire.CodeAttachAns {
		return false
	}
	addr, ok := listening(m)
	if !ok {
		return false
	}
	a.hear(from, addr, code == wire.CodeAttachAns)
	return true
}

// hear remembers where a node listens; isPeer when it has shown to be a peer.
func (a *addresses) hear(node wire.NodeID, addr string, isPeer bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.heard) >= maxHeard {
		clear(a.heard)
		clear(a.answer)
	}
	a.heard[node] = addr
	if isPeer {
		a.answer[node] = true
	}
}

// listening is the first candidate of an Attach.
func listening(m *wire.Message) (string, bool) {
	c, err := wire.ParseContents(m.Contents)
	if err != nil {
		return "", false
	}
	body, err := c.Decode(nil)
	if err != nil {
		return "", false
	}
	var list []wire.IceCandidate
	switch b := body.(type) {
	case *wire.AttachReq:
		list = b.Candidates
	case *wire.AttachAns:
		list = b.Candidates
	}
	for _, c := range list {
		if dialable(c) {
			return c.Addr.String(), true
		}
	}
	return "", false
}

// peersChanged takes the neighbors and fingers into the cache of bootstrap nodes.
func (n *Node) peersChanged(s peer.State) {
	before := slices.Clone(n.addresses.cached)
	n.addresses.remember(slices.Concat(s.Successors, s.Predecessors, s.Fingers), s.Connected)
	if n.cfg.OnPeers != nil && !slices.Equal(before, n.addresses.cached) {
		n.cfg.OnPeers(slices.Clone(n.addresses.cached))
	}
}

// remember puts what is known of peers in front of the cache: of those in the routing table, and of those with a link
// that have answered an Attach, as only peers do.
func (a *addresses) remember(routing, connected []wire.NodeID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var fresh []string
	for _, id := range routing {
		fresh = a.withHeard(fresh, id)
	}
	for _, id := range connected {
		if a.answer[id] {
			fresh = a.withHeard(fresh, id)
		}
	}
	for _, addr := range a.cached {
		if !slices.Contains(fresh, addr) {
			fresh = append(fresh, addr)
		}
	}
	a.cached = fresh[:min(len(fresh), maxCached)]
}

func (a *addresses) withHeard(list []string, id wire.NodeID) []string {
	if addr, ok := a.heard[id]; ok && !slices.Contains(list, addr) {
		list = append(list, addr)
	}
	return list
}
