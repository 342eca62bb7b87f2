package sim

import (
	"fmt"
	"math"
	"slices"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// A Figure is one measured number and what it should be. It holds nothing that differs between two runs of the same seed.
type Figure struct {
	What string  `json:"what"`
	Seed uint64  `json:"seed"`
	Got  float64 `json:"got"`
	Goal string  `json:"goal"`
	Unit string  `json:"unit"`
	Met  bool    `json:"met"`
	Note string  `json:"note,omitempty"` // which rule puts the goal out of reach
}

// String is the figure in one line.
func (f Figure) String() string {
	return fmt.Sprintf("%s: %.4g %s (goal %s)", f.What, f.Got, f.Unit, f.Goal)
}

func atMost(what string, got, goal float64, unit string) Figure {
	return Figure{What: what, Got: got, Goal: fmt.Sprintf("<= %.4g", goal), Unit: unit, Met: got <= goal}
}

func atLeast(what string, got, goal float64, unit string) Figure {
	return Figure{What: what, Got: got, Goal: fmt.Sprintf(">= %.4g", goal), Unit: unit, Met: got >= goal}
}

// An Experiment measures figures that belong together.
type Experiment struct {
	Name    string
	Summary string
	run     func(*lab) []Figure
}

// Experiments are all of them, in the order of the table.
func Experiments() []Experiment {
	return []Experiment{
		{"hops-64", "hops of a lookup, 64 peers", func(l *lab) []Figure { return l.measureHops(64) }},
		{"hops-1000", "hops of a lookup, 1,000 peers", func(l *lab) []Figure { return l.measureHops(1000) }},
		{"hops-10000", "hops of a lookup, 10,000 peers", func(l *lab) []Figure { return l.measureHops(10_000) }},
		{"churn-23m", "1,000 peers, median session 23 min", func(l *lab) []Figure {
			return l.measureChurn(1000, 23*time.Minute, 20*time.Minute, 99.9, 0)
		}},
		{"churn-84s", "1,000 peers, median session 84 s", func(l *lab) []Figure {
			return l.measureChurn(1000, 84*time.Second, 5*time.Minute, 99, 300)
		}},
		{"idle", "1,000 peers that do nothing", func(l *lab) []Figure { return l.measureIdle(1000) }},
		{"join", "peers that join 1,000 others", func(l *lab) []Figure { return l.measureJoin(1000) }},
		{"crash", "30 % of 1,000 peers gone at once, 100 times the usual lookups", func(l *lab) []Figure { return l.measureCrash(1000) }},
		{"split", "1,000 peers in two halves for 10 min", func(l *lab) []Figure { return l.measureSplit(1000) }},
		{"liars", "10 % of 1,000 peers lie or drop", func(l *lab) []Figure { return l.measureLiars(1000) }},
	}
}

// Run does the experiment. progress, if not nil, is told what is going on.
func (e Experiment) Run(seed uint64, progress func(string)) ([]Figure, Effort) {
	l := &lab{w: NewWorld(seed), progress: progress}
	figures := e.run(l)
	for i := range figures {
		figures[i].Seed = seed
	}
	return figures, Effort{Virtual: l.w.now.Sub(epoch), Events: l.w.Events, Messages: l.w.Messages}
}

// Effort is what an experiment took.
type Effort struct {
	Virtual  time.Duration
	Events   int
	Messages int
}

// lab is where an experiment is done.
type lab struct {
	w        *World
	progress func(string)
	stored   []Stored
}

func (l *lab) say(format string, args ...any) {
	if l.progress != nil {
		l.progress(fmt.Sprintf(format, args...))
	}
}

// grow makes a quiet ring of n peers. They come quickly, so there is some order to be found afterwards.
func (l *lab) grow(n int) {
	l.w.Add(func(c *peer.Config) { c.First = true })
	for i := 1; i < n; i++ {
		l.w.Run(max(20*time.Millisecond, 2*time.Second/time.Duration(i)))
		l.w.Add(nil)
		if i%500 == 0 {
			l.say("%d peers", i)
		}
	}
	if l.settle(5*time.Minute) < 0 {
		l.say("the ring is not right: %v", l.w.Check()[:1])
	}
	l.w.Run(30 * time.Second) // for the last of what goes on in the background
}

// settle waits until every peer has its true neighbors and says how long that took; -1: longer than limit.
func (l *lab) settle(limit time.Duration) time.Duration {
	begun := l.w.now
	for l.w.now.Sub(begun) <= limit {
		if l.right() {
			return l.w.now.Sub(begun)
		}
		l.w.Run(500 * time.Millisecond)
	}
	return -1
}

func (l *lab) right() bool { return len(l.w.ring) == len(l.w.live) && len(l.w.Check()) == 0 }

// store lets every peer store its registration.
func (l *lab) store() {
	for _, n := range l.w.Peers() {
		n.Register([]byte(n.User), func(s Stored, err error) {
			if err == nil {
				l.stored = append(l.stored, s)
			}
		})
		l.w.Run(time.Millisecond)
	}
	l.w.Run(20 * time.Second)
}

// A tally is what came of lookups.
type tally struct {
	asked, right int
	hops         []float64
	took         []float64 // milliseconds, of the right ones
}

func (t *tally) share() float64 { return 100 * float64(t.right) / float64(max(1, t.asked)) }

// lookups asks from random peers for random resources, every so often for a time, and counts the answers that come from the truly
// responsible peer: the one that was it when the question was asked or when the answer came.
func (l *lab) lookups(every, length time.Duration) *tally {
	t := &tally{}
	for end := l.w.now.Add(length); l.w.now.Before(end); l.w.Run(every) {
		l.lookup(t)
	}
	l.w.Run(16 * time.Second) // the time a request has
	return t
}

func (l *lab) lookup(t *tally) {
	if len(l.w.ring) == 0 {
		return
	}
	from := l.w.ring[l.w.rng.IntN(len(l.w.ring))]
	r := wire.ResourceID(chordless(l.w.rng))
	owner := l.w.Owner(r)
	t.asked++
	from.Locate(r, func(answerer wire.NodeID, hops int, took time.Duration, err error) {
		if !from.Alive || from.leaving { // nobody waits for this answer any more
			t.asked--
			return
		}
		if now := l.w.Owner(r); err == nil && (answerer == owner.ID || now != nil && answerer == now.ID) {
			t.right++
			t.hops = append(t.hops, float64(hops))
			t.took = append(t.took, took.Seconds()*1000)
		}
	})
}

// bytes is how many bytes a peer sends a second while do is going on.
func (l *lab) bytes(do func()) float64 {
	bytes, begun := l.w.Bytes, l.w.now
	do()
	return float64(l.w.Bytes-bytes) / float64(len(l.w.ring)) / l.w.now.Sub(begun).Seconds()
}

func mean(list []float64) (m float64) {
	for _, v := range list {
		m += v / float64(len(list))
	}
	return m
}

// quantile sorts the list.
func quantile(list []float64, q float64) float64 {
	if len(list) == 0 {
		return math.Inf(1)
	}
	slices.Sort(list)
	return list[int(math.Ceil(q*float64(len(list))))-1]
}
