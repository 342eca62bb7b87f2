package media

import (
	"context"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A voice is what a session says by itself while no partner speaks through it: what is played, and silence otherwise, a
// packet every 20 ms (or what the far side asked for) without a gap, from the first agreement to the end. Far sides cut
// calls that fall silent on the wire, and their jitter buffers want a clock that never jumps. Only its goroutine, run,
// touches it.
type voice struct {
	s     *Session
	pace  *pacer
	fresh bool   // the next packet begins anew: a partner has spoken, or nobody yet
	ts    uint32 // of the next packet
}

// run speaks until the session closes.
func (v *voice) run() {
	defer v.s.engine.wg.Done()
	defer v.s.survive()
	defer v.pace.close()
	for v.turn() {
		v.pace.step = samplesTime(v.length())
		if v.pace.wait(context.Background(), v.s, nil) != nil {
			return
		}
		if v.pace.skipped {
			v.fresh = true
		}
		v.tick(v.length(), time.Now())
	}
}

// turn waits until there is something to say; false: the session closed.
func (v *voice) turn() bool {
	s := v.s
	for s.playing.Load() == nil && (s.terms.Load() == nil || s.peer.Load() != nil) {
		v.fresh = true
		select {
		case <-s.wake:
		case <-s.done:
			return false
		}
		v.pace.next = time.Now()
	}
	return true
}

// rouse tells the voice to look whether it is its turn.
func (s *Session) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// length is how many samples the far side wants in a packet.
func (v *voice) length() int {
	if t := v.s.terms.Load(); t != nil {
		return t.packet
	}
	return call.FrameSamples
}

// tick sends a packet of n samples. It does not allocate.
func (v *voice) tick(n int, now time.Time) {
	p := v.s.playing.Load()
	if p == nil {
		v.send(n, nil, now)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		v.send(n, nil, now)
		return
	}
	v.send(n, p.take(n), now)
	if p.fill(n); p.have == 0 {
		v.s.playing.CompareAndSwap(p, nil)
		p.finish()
	}
}

// send sends n samples, silence if pcm is nil. Time goes on even if there is nobody to send to.
func (v *voice) send(n int, pcm []int16, now time.Time) {
	s := v.s
	x := &s.tx
	x.mu.Lock()
	defer x.mu.Unlock()
	if v.fresh || int32(v.ts-x.ts) <= 0 && !x.at.IsZero() {
		v.ts = x.next(now)
	}
	marker := v.fresh
	v.fresh = false
	ts := v.ts
	v.ts += uint32(n)
	t := s.terms.Load()
	if t == nil || x.dialing > 0 || s.peer.Load() != nil {
		return
	}
	if pcm != nil {
		codec.Encode(x.payload(n), t.codec, pcm)
	} else {
		hush(x.payload(n), t.codec)
	}
	s.send(t, header{marker: marker, pt: t.audioPT, seq: x.seq + 1, ts: ts}, n, uint32(n), now)
}

func hush(b []byte, c call.Codec) {
	for i := range b {
		b[i] = codec.SilenceByte(c)
	}
}
