package sim

import (
	"container/heap"
	"log/slog"
	"math/rand/v2"
	"net/netip"
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

	// Latency is the range of one-way delays of links; each link keeps its own.
	LatencyMin, LatencyMax time.Duration

	// Verification is how long a message waits until its signatures are checked.
	Verification time.Duration

	// Loss is the share of messages that get lost on links, from 0 to 1.
	Loss float64

	// Logger is given to the nodes.
	Logger *slog.Logger

	// Messages counts what was put on links. Tap, if set, is shown each.
	Messages int
	Tap      func(*wire.Message)

	rng    *rand.Rand
	now    time.Time
	events eventHeap
	seq    uint64
	nodes  []*Node
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
func (w *World) Live() (live []*Node) {
	for _, n := range w.nodes {
		if n.Alive {
			live = append(live, n)
		}
	}
	return live
}

// Peers are the live nodes that are in the ring.
func (w *World) Peers() (peers []*Node) {
	for _, n := range w.Live() {
		if n.Core.State().Phase == peer.Joined {
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
			e := heap.Pop(&w.events).(event)
			w.now = e.at
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
	heap.Push(&w.events, event{w.now.Add(d), w.seq, do})
}

func (w *World) latency() time.Duration {
	return w.LatencyMin + time.Duration(w.rng.Int64N(int64(w.LatencyMax-w.LatencyMin)+1))
}

type event struct {
	at  time.Time
	seq uint64
	do  func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return e
}
