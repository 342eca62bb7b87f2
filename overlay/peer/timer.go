package peer

import (
	"container/heap"
	"time"
)

// A timer is a function to be called at a time, once.
type timer struct {
	at    time.Time
	seq   uint64 // equal times: in the order they were set
	do    func(now time.Time)
	index int // in the heap; -1: not set any more
}

// timers are the timers that are set, the earliest first.
type timers struct {
	heap timerHeap
	seq  uint64
}

// after sets a timer.
func (t *timers) after(now time.Time, d time.Duration, do func(now time.Time)) *timer {
	t.seq++
	tm := &timer{at: now.Add(d), seq: t.seq, do: do}
	heap.Push(&t.heap, tm)
	return tm
}

// stop unsets a timer; nil and timers that have gone off are fine.
func (t *timers) stop(tm *timer) {
	if tm != nil && tm.index >= 0 {
		heap.Remove(&t.heap, tm.index)
	}
}

// next takes out the earliest timer that is due at now, nil if there is none.
func (t *timers) next(now time.Time) *timer {
	if len(t.heap) == 0 || t.heap[0].at.After(now) {
		return nil
	}
	return heap.Pop(&t.heap).(*timer)
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	tm := x.(*timer)
	tm.index = len(*h)
	*h = append(*h, tm)
}
func (h *timerHeap) Pop() any {
	old := *h
	tm := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	tm.index = -1
	return tm
}
