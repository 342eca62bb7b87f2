package overlay

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// Traffic is what a node has sent and received of one type of message since its start, forwarded ones included.
// Types that are not of the registry are counted together as "other".
type Traffic struct {
	Message          string `json:"message"`
	Sent             uint64 `json:"sent"`
	SentBytes        uint64 `json:"sent_bytes"`
	Received         uint64 `json:"received"`
	ReceivedBytes    uint64 `json:"received_bytes"`
	SignatureFailed  uint64 `json:"signature_failed"`  // messages dropped for it
	ValuesUnverified uint64 `json:"values_unverified"` // stored values in them whose signature does not hold
}

// Outcome is how many requests of one type that this node made for its user ended in one way.
type Outcome struct {
	Message string `json:"message"`

	// Result is "ok", "nothing" (a Fetch that found no value), "refused" (an error of another node), "timeout",
	// "canceled" (nobody waits for it any more) or "failed".
	Result string `json:"result"`
	Count  uint64 `json:"count"`
}

// counts are a node's counters. Both tables have as many entries as the registry has messages, at most.
type counts struct {
	mu       sync.Mutex
	traffic  map[wire.MessageCode]*Traffic
	outcomes map[outcomeKey]uint64
	dropped  uint64
	garbled  uint64
}

// lastCode is the highest message code of the registry but the error's (RFC 7851 9.3: PathTrack).
const lastCode wire.MessageCode = 0x28

type outcomeKey struct {
	code   wire.MessageCode
	result string
}

func newCounts() *counts {
	return &counts{traffic: make(map[wire.MessageCode]*Traffic), outcomes: make(map[outcomeKey]uint64)}
}

// of is the entry of a code; c.mu is held.
func (c *counts) of(code wire.MessageCode) *Traffic {
	if code > lastCode && code != wire.CodeError {
		code = 0
	}
	t, ok := c.traffic[code]
	if !ok {
		t = &Traffic{Message: nameOf(code)}
		c.traffic[code] = t
	}
	return t
}

func nameOf(code wire.MessageCode) string {
	if code == 0 {
		return "other"
	}
	return code.String()
}

func (c *counts) sent(code wire.MessageCode, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.of(code)
	t.Sent++
	t.SentBytes += uint64(bytes)
}

func (c *counts) received(code wire.MessageCode, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.of(code)
	t.Received++
	t.ReceivedBytes += uint64(bytes)
}

// refused counts a message whose signature does not hold.
func (c *counts) refused(code wire.MessageCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(code).SignatureFailed++
}

// unverified counts values of a message whose signatures do not hold.
func (c *counts) unverified(code wire.MessageCode, values int) {
	if values == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(code).ValuesUnverified += uint64(values)
}

// drop counts a message that found a queue full or was too large to send.
func (c *counts) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped++
}

// garble counts bytes of a member that are no message.
func (c *counts) garble() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.garbled++
}

func (c *counts) ended(code wire.MessageCode, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[outcomeKey{code, result}]++
}

// into copies the counters, in the order of the codes.
func (c *counts) into(s *Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Traffic, s.Outcomes = []Traffic{}, []Outcome{}
	for _, code := range slices.Sorted(maps.Keys(c.traffic)) {
		s.Traffic = append(s.Traffic, *c.traffic[code])
	}
	keys := slices.SortedFunc(maps.Keys(c.outcomes), func(a, b outcomeKey) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.result, b.result))
	})
	for _, k := range keys {
		s.Outcomes = append(s.Outcomes, Outcome{Message: k.code.String(), Result: k.result, Count: c.outcomes[k]})
	}
	s.Dropped, s.Garbled = c.dropped, c.garbled
}

// resultOf says in a word how a request ended.
func resultOf(r peer.Response, err error) string {
	var code wire.ErrorCode
	_, fetch := r.Body.(*wire.FetchAns)
	switch {
	case err == nil && fetch && !slices.ContainsFunc(r.Values, func(v peer.Value) bool { return v.Data.Value.Exists }):
		return "nothing"
	case err == nil:
		return "ok"
	case errors.As(err, &code):
		return "refused"
	case errors.Is(err, peer.ErrTimeout):
		return "timeout"
	}
	return "failed"
}
