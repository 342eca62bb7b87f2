package sim

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tandem/overlay/peer"
)

// Config is one experiment. Zero values mean the defaults that are named.
type Config struct {
	Peers   int           // peers in the ring; 200
	Clients int           // clients besides
	Seed    uint64        // the same seed gives the same run
	Churn   float64       // share of the peers that go, each replaced by a new one, half of them killed; 0
	Pace    time.Duration // between joins, and between those that go; 1 s
	Lookups int           // five for each peer
	Loss    float64       // share of messages that get lost on links; 0

	// Settings are those of the configuration document.
	Settings peer.Settings

	// HoldDown is peer.Config.HoldDown.
	HoldDown time.Duration

	// Logger, if set, is given to the peers.
	Logger *slog.Logger
}

// A Report is what came of an experiment. It holds nothing that differs between two runs of the same Config.
type Report struct {
	Seed     uint64  `json:"seed"`
	Peers    int     `json:"peers"`   // in the ring at the end
	Clients  int     `json:"clients"` // attached at the end
	Joins    int     `json:"joins"`
	Leaves   int     `json:"leaves"`
	Kills    int     `json:"kills"`
	Virtual  float64 `json:"virtual_s"`
	Messages int     `json:"messages"` // put on links, forwarded ones each time

	// SettledAfter is how long after the last change every neighbor table was right; -1: not within two minutes.
	SettledAfter float64 `json:"settled_after_s"`

	Stored  int `json:"stored"`
	Lookups int `json:"lookups"`
	Failed  int `json:"lookups_failed"` // not answered, or the value not there

	HopsMean float64 `json:"hops_mean"` // links that a request crossed; 0: the asking peer has it
	HopsP50  int     `json:"hops_p50"`
	HopsP95  int     `json:"hops_p95"`
	HopsMax  int     `json:"hops_max"`

	LinksMean float64 `json:"links_mean"` // for each peer

	// Wrong says in sentences which invariants do not hold: neighbors, one responsible peer for each resource, lookups.
	Wrong []string `json:"wrong"`
}

// OK reports whether all invariants hold.
func (r Report) OK() bool { return len(r.Wrong) == 0 }

// maxWrong bounds the sentences of a Report.
const maxWrong = 20

// Run lets peers join one by one, store a value each, churn, and looks all values up from everywhere.
func Run(cfg Config) Report {
	cfg = cfg.withDefaults()
	x := &experiment{Config: cfg, w: NewWorld(cfg.Seed)}
	x.w.Settings, x.w.HoldDown = cfg.Settings, cfg.HoldDown
	x.w.Loss = cfg.Loss
	if cfg.Logger != nil {
		x.w.Logger = cfg.Logger
	}
	x.report.Seed = cfg.Seed
	x.grow()
	x.store()
	x.churn()
	x.settle()
	x.check()
	x.lookUp()
	x.count()
	return x.report
}

func (c Config) withDefaults() Config {
	if c.Peers == 0 {
		c.Peers = 200
	}
	if c.Pace == 0 {
		c.Pace = time.Second
	}
	if c.Lookups == 0 {
		c.Lookups = 5 * c.Peers
	}
	return c
}

// experiment is a Run under way.
type experiment struct {
	Config
	w      *World
	report Report
	stored []Stored
}

func (x *experiment) wrong(format string, args ...any) {
	if len(x.report.Wrong) < maxWrong {
		x.report.Wrong = append(x.report.Wrong, fmt.Sprintf(format, args...))
	}
}

func (x *experiment) grow() {
	x.w.Add(func(c *peer.Config) { c.First = true })
	for range x.Peers - 1 {
		x.w.Run(x.Pace)
		x.w.Add(nil)
		x.report.Joins++
	}
	for range x.Clients {
		x.w.Add(func(c *peer.Config) { c.Client = true })
	}
	x.settle()
}

// settle waits until every neighbor table is right.
func (x *experiment) settle() {
	since := x.w.Now()
	live := len(x.w.live) - x.Clients
	x.report.SettledAfter = -1
	for range 240 {
		if len(x.w.ring) == live && len(x.w.Check()) == 0 {
			x.report.SettledAfter = x.w.Now().Sub(since).Seconds()
			return
		}
		x.w.Run(500 * time.Millisecond)
	}
}

func (x *experiment) store() {
	for _, n := range x.w.Live() {
		n.Register([]byte(n.User), func(s Stored, err error) {
			if err != nil {
				x.wrong("store by %v failed: %v", n.ID, err)
				return
			}
			x.stored = append(x.stored, s)
		})
	}
	x.w.Run(20 * time.Second)
	x.report.Stored = len(x.stored)
}

// churn replaces peers, killed and polite ones in turn.
func (x *experiment) churn() {
	for i := range int(x.Churn * float64(x.Peers)) {
		peers := x.w.Peers()
		victim := peers[x.w.Rand().IntN(len(peers))]
		if i%2 == 0 {
			victim.Kill()
			x.report.Kills++
		} else {
			victim.Leave()
			x.report.Leaves++
		}
		x.w.Run(x.Pace / 2)
		x.w.Add(nil)
		x.report.Joins++
		x.w.Run(x.Pace / 2)
	}
	x.w.Run(5 * time.Second) // the polite need some time to go
}

func (x *experiment) check() {
	for _, w := range x.w.Check() {
		x.wrong("%s", w)
	}
	for _, s := range x.stored {
		owner := x.w.Owner(s.Resource) // with right neighbors everywhere it is the only one
		if owner == nil || !owner.Core.Responsible(s.Resource) {
			x.wrong("nobody is responsible for %v", s.Resource)
		}
	}
}

func (x *experiment) lookUp() {
	if len(x.stored) == 0 {
		return
	}
	var hops []int
	open, live := 0, x.w.Live()
	for range x.Lookups {
		s := x.stored[x.w.Rand().IntN(len(x.stored))]
		open++
		live[x.w.Rand().IntN(len(live))].Lookup(s, func(h int, err error) {
			open--
			x.report.Lookups++
			if err != nil {
				x.report.Failed++
				x.wrong("lookup: %v", err)
				return
			}
			hops = append(hops, h)
		})
		x.w.Run(10 * time.Millisecond)
	}
	if !x.w.Until(func() bool { return open == 0 }, time.Minute) {
		x.wrong("%v", errors.New("lookups without an end"))
	}
	x.hops(hops)
}

func (x *experiment) hops(hops []int) {
	if len(hops) == 0 {
		return
	}
	slices.Sort(hops)
	sum := 0
	for _, h := range hops {
		sum += h
	}
	last := len(hops) - 1
	x.report.HopsMean = float64(sum) / float64(len(hops))
	x.report.HopsP50, x.report.HopsP95, x.report.HopsMax = hops[last/2], hops[last*95/100], hops[last]
}

func (x *experiment) count() {
	links := 0
	for _, n := range x.w.Live() {
		switch s := n.Core.State(); s.Phase {
		case peer.Joined:
			x.report.Peers++
			links += len(s.Connected)
		case peer.Attached:
			x.report.Clients++
		}
	}
	x.report.LinksMean = float64(links) / float64(max(1, x.report.Peers))
	x.report.Virtual = x.w.Now().Sub(epoch).Seconds()
	x.report.Messages = x.w.Messages
}
