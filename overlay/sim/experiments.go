package sim

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"tandem/overlay/wire"
)

func (l *lab) measureHops(n int) []Figure {
	l.grow(n)
	t := l.lookups(2*time.Millisecond, max(10*time.Second, time.Duration(n)*2*time.Millisecond))
	bits := math.Log2(float64(n))
	name := func(what string) string { return fmt.Sprintf("hops of a lookup, %d peers, %s", n, what) }
	return []Figure{
		atMost(name("mean"), mean(t.hops), bits/2+1, "links"),
		atMost(name("p99"), quantile(t.hops, 0.99), bits+2, "links"),
		atLeast(name("right"), t.share(), 100, "%"),
	}
}

func (l *lab) measureIdle(n int) []Figure {
	l.grow(n)
	l.w.Run(10 * time.Minute) // until what comes after growing is over
	l.say("waiting an hour")
	return []Figure{atMost("maintenance sent by a peer, idle", l.bytes(func() { l.w.Run(time.Hour) }), 30, "bytes/s")}
}

// measureChurn has lookups under churn. Maintenance is measured in a time without lookups.
func (l *lab) measureChurn(n int, median, length time.Duration, share, goalBytes float64) []Figure {
	l.w.Delay = constant(50 * time.Millisecond)
	l.grow(n)
	l.say("churn")
	defer l.w.Churn(median)()
	l.w.Run(time.Minute)
	sent := l.bytes(func() { l.w.Run(length / 5) })
	l.say("lookups")
	t := l.lookups(length/10_000, length)
	name := func(what string) string { return fmt.Sprintf("%s [%v]", what, median) }
	late := atMost(name("lookup time at 50 ms links, p95"), quantile(t.took, 0.95), 1000, "ms")
	if median < 10*time.Minute {
		late.Note = noteLate
	}
	f := []Figure{atLeast(name("lookups that reach the responsible peer"), t.share(), share, "%"), late}
	if goalBytes > 0 {
		traffic := atMost(name("maintenance sent by a peer"), sent, goalBytes, "bytes/s")
		traffic.Note = noteTraffic
		f = append(f, traffic)
	}
	return f
}

// Why figures are out of reach with the RFC's rules.
const (
	noteLate = "6.2.1: what is lost on the way is sent again by the sender alone, after overlay-reliability-timer, 3 s; " +
		"with such short sessions more than one way in twenty leads over a machine that has just vanished"
	noteTraffic = "6.3.4: each message carries its signer's certificate, so an Update and its answer take 1,550 bytes; " +
		"10.7.3: a change of any of six neighbors goes to the whole Connection Table; 10.5: a new peer sends 16 Attaches for fingers " +
		"over five links and back. 300 bytes/s are 50 messages in a mean session of 121 s"
)

func (l *lab) measureJoin(n int) []Figure {
	l.w.Delay = constant(10 * time.Millisecond)
	l.grow(n)
	l.store()
	l.say("joining")
	var took []float64
	for range 100 {
		begun := l.w.now
		p := l.w.Add(nil)
		if l.w.Until(func() bool { return p.inRing }, time.Minute) {
			took = append(took, l.w.now.Sub(begun).Seconds()*1000)
		}
		l.w.Run(time.Second)
	}
	return []Figure{
		atLeast("joins that succeed", float64(len(took)), 100, "%"),
		atMost("joining at 10 ms links, p95", quantile(took, 0.95), 1000, "ms"),
	}
}

// measureCrash kills as the blackout of a power station would: nobody says a word.
func (l *lab) measureCrash(n int) []Figure {
	const usual = 100 * time.Second // between two lookups of a peer
	l.grow(n)
	l.store()
	every := usual / time.Duration(100*n)
	l.say("load")
	messages := l.w.Messages
	l.lookups(every, 20*time.Second)
	before := float64(l.w.Messages-messages) / 36 // 16 s of them without lookups
	before *= 36.0 / 20

	holders := make([][]*Node, len(l.stored))
	for i, s := range l.stored {
		holders[i] = l.w.Holders(s.Resource)
	}
	l.say("crash")
	ring := slices.Clone(l.w.ring)
	for _, i := range l.w.rng.Perm(n)[:3*n/10] {
		ring[i].Vanish()
	}
	crash := l.w.now
	const window = 5 * time.Second
	var windows []*tally
	peak, last := 0.0, 0.0
	for range 24 {
		t, end := &tally{}, l.w.now.Add(window)
		windows = append(windows, t)
		messages := l.w.Messages
		for ; l.w.now.Before(end); l.w.Run(every) {
			l.lookup(t)
		}
		last = float64(l.w.Messages-messages) / window.Seconds()
		peak = max(peak, last)
	}
	l.w.Run(20 * time.Second)
	again := 0
	for i, t := range windows {
		if t.share() < 99 {
			again = i + 1
		}
	}
	l.say("%v after the crash; looking for all values", l.w.now.Sub(crash))
	lost, doomed := l.lost(holders)
	return []Figure{
		atMost("30 % gone: values lost though one of three holders lived", float64(lost), 0, fmt.Sprintf("of %d", len(l.stored)-doomed)),
		atMost("30 % gone: until 99 % of lookups are right", float64(again)*window.Seconds(), 60, "s"),
		atMost("30 % gone: busiest 5 s, of the traffic before", peak/before, 5, "times"),
		atMost("30 % gone: traffic after 2 min, of that before", last/before, 1.2, "times"),
	}
}

// lost counts the values that are not found though one of their holders lives; doomed those that had none.
func (l *lab) lost(holders [][]*Node) (lost, doomed int) {
	for i, s := range l.stored {
		if !slices.ContainsFunc(holders[i], func(n *Node) bool { return n.Alive }) {
			doomed++
			continue
		}
		l.w.ring[i%len(l.w.ring)].Lookup(s, func(_ int, err error) {
			if err != nil {
				lost++
			}
		})
		l.w.Run(time.Millisecond)
	}
	l.w.Run(16 * time.Second)
	return lost, doomed
}

// measureSplit lets users register anew on both sides, the ones on side 1 later.
func (l *lab) measureSplit(n int) []Figure {
	l.grow(n)
	l.store()
	l.say("split")
	l.w.Split(func(n *Node) int { return int(n.ID[0]) & 1 })
	l.w.Run(9 * time.Minute)
	newest := make([]Stored, 0, 200)
	for _, older := range []bool{true, false} {
		for i := range 100 {
			s := l.stored[i]
			value := []byte("newer")
			if older {
				value = []byte("older")
			}
			p := l.w.ring[0]
			for _, c := range l.w.ring[i:] { // a node of that side, which signs for the owner of the value
				if p = c; (c.side == 0) == older {
					break
				}
			}
			owner := l.w.byID[wire.NodeID([]byte(s.Key))]
			owner.registerFrom(p, value, func(got Stored, err error) {
				if !older && err == nil {
					newest = append(newest, got)
				}
			})
			l.w.Run(10 * time.Millisecond)
		}
		l.w.Run(5 * time.Second)
	}
	l.w.Run(time.Minute)
	l.say("healed")
	l.w.Heal()
	whole := l.settle(20 * time.Minute)
	f := atMost("split in half for 10 min: until one ring", whole.Seconds(), 600, "s")
	f.Met = f.Met && whole >= 0
	l.w.Run(2 * time.Minute)
	found := 0
	for i, s := range newest {
		l.w.ring[7*i%len(l.w.ring)].Lookup(s, func(_ int, err error) {
			if err == nil {
				found++
			}
		})
		l.w.Run(10 * time.Millisecond)
	}
	l.w.Run(16 * time.Second)
	return []Figure{f, atLeast("split in half: newest values that win", 100*float64(found)/float64(max(1, len(newest))), 100, "%")}
}

func (l *lab) measureLiars(n int) []Figure {
	l.grow(n)
	l.store()
	l.say("lies")
	liars := []Conduct{Drops, Denies, Forges}
	for i, at := range l.w.rng.Perm(n)[:n/10] {
		l.w.ring[at].Conduct = liars[i%len(liars)]
	}
	asked, found, forged := 0, 0, 0
	for i := range 3 * len(l.stored) {
		s := l.stored[i%len(l.stored)]
		from := l.w.ring[l.w.rng.IntN(len(l.w.ring))]
		if from.Conduct != Honest {
			continue
		}
		asked++
		from.Search(s, func(values []Stored) {
			for _, v := range values {
				switch {
				case bytes.Equal(v.Data, s.Data):
					found++
				default:
					forged++
				}
			}
		})
		l.w.Run(10 * time.Millisecond)
	}
	l.w.Run(2 * time.Minute)
	return []Figure{
		atLeast("10 % of the peers lie or drop: values found", 100*float64(found)/float64(asked), 99, "%"),
		atMost("10 % of the peers lie or drop: forged values accepted", float64(forged), 0, ""),
	}
}

func constant(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}
