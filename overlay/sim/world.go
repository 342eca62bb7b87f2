package sim

import (
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// epoch is when virtual time begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A World is an overlay of nodes on a virtual clock. It is not safe for concurrent use.
type World struct {
	// Settings and HoldDown are given to every node that is added.
	Settings peer.Settings
	HoldDown time.Duration

	// Latency is the range of one-way delays of links; each link keeps its own. Delay, if set, is asked instead.
	LatencyMin, LatencyMax time.Duration
	Delay                  func(*rand.Rand) time.Duration

	// Verification is how long a message waits until its signatures are checked.
	Verification time.Duration

	// Loss is the share of messages that get lost on links, from 0 to 1.
	Loss float64

	// Skew is how far the clocks of nodes added from now on may be off, either way.
	Skew time.Duration

	// Logger is given to the nodes.
	Logger *slog.Logger

	// Messages and Bytes count what was put on links, Events what happened at all. Tap, if set, is shown each message.
	Messages int
	Bytes    int64
	Events   int
	Tap      func(*wire.Message)

	rng    *rand.Rand
	now    time.Time
	events eventHeap
	seq    uint64
	nodes  []*Node
	live   []*Node
	ring   []*Node // those that are in the ring and mean to stay, by Node-ID
	byAddr map[netip.AddrPort]*Node
	byID   map[wire.NodeID]*Node
	links  peer.LinkID
	hops   map[wire.TransactionID]int
}

// NewWorld returns an empty world with links of 5 to 40 ms.
func NewWorld(seed uint64) *World {
	return &World{
		LatencyMin: 5 * time.Millisecond, LatencyMax: 40 * time.Millisecond, Verification: time.Millisecond,
		Logger: slog.New(slog.DiscardHandler), rng: rand.New(rand.NewPCG(seed, 0x7461_6e64_656d)), now: epoch,
		byAddr: map[netip.AddrPort]*Node{}, byID: map[wire.NodeID]*Node{}, hops: map[wire.TransactionID]int{},
	}
}

// Now is the virtual time.
func (w *World) Now() time.Time { return w.now }

// Rand is the world's source of randomness.
func (w *World) Rand() *rand.Rand { return w.rng }

// Nodes are all nodes ever added.
func (w *World) Nodes() []*Node { return w.nodes }

// Live are the nodes that run, clients included.
func (w *World) Live() []*Node { return slices.Clone(w.live) }

// Peers are the live nodes that are in the ring.
func (w *World) Peers() (peers []*Node) {
	for _, n := range w.live {
		if n.Core.Phase() == peer.Joined {
			peers = append(peers, n)
		}
	}
	return peers
}

// Run lets d of virtual time pass.
func (w *World) Run(d time.Duration) { w.Until(func() bool { return false }, d) }

// Until lets time pass until ok, at most d, and reports whether ok was reached. ok is asked every 10 ms of virtual time.
func (w *World) Until(ok func() bool, d time.Duration) bool {
	end := w.now.Add(d)
	for check := w.now; ; check = check.Add(10 * time.Millisecond) {
		if check.After(end) {
			check = end
		}
		for len(w.events) > 0 && !w.events[0].at.After(check) {
			e := w.events.pop()
			w.now = e.at
			w.Events++
			e.do()
		}
		w.now = check
		if ok() {
			return true
		}
		if !check.Before(end) {
			return false
		}
	}
}

// After calls do when d has passed.
func (w *World) After(d time.Duration, do func()) {
	w.seq++
	w.events.push(event{w.now.Add(d), w.seq, do})
}

func (w *World) latency() time.Duration {
	if w.Delay != nil {
		return w.Delay(w.rng)
	}
	return w.LatencyMin + time.Duration(w.rng.Int64N(int64(w.LatencyMax-w.LatencyMin)+1))
}

type event struct {
	at  time.Time
	seq uint64
	do  func()
}

func (e *event) before(o *event) bool {
	return e.at.Before(o.at) || e.at.Equal(o.at) && e.seq < o.seq
}

// eventHeap has the next event first. It is written out as there are millions of them.
type eventHeap []event

func (h *eventHeap) push(e event) {
	s := append(*h, e)
	i := len(s) - 1
	for ; i > 0 && e.before(&s[(i-1)/2]); i = (i - 1) / 2 {
		s[i] = s[(i-1)/2]
	}
	s[i] = e
	*h = s
}

func (h *eventHeap) pop() event {
	s := *h
	first, last := s[0], s[len(s)-1]
	s[len(s)-1] = event{}
	s = s[:len(s)-1]
	*h = s
	i := 0
	for {
		child := 2*i + 1
		if child >= len(s) {
			break
		}
		if child+1 < len(s) && s[child+1].before(&s[child]) {
			child++
		}
		if !s[child].before(&last) {
			break
		}
		s[i] = s[child]
		i = child
	}
	if len(s) > 0 {
		s[i] = last
	}
	return first
}
