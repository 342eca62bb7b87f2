package media

import (
	"context"
	"errors"
	"io"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// Play sends src to the far side in real time and returns nil at its end, the context's cause, the error of src,
// ErrBridged when a Bridge takes over, ErrClosed. A second Play waits for the first to end. Time goes on while nothing
// can be sent: a caller on hold misses what is played.
func (s *Session) Play(ctx context.Context, src call.Source) error {
	if err := s.turn(ctx, s.playTurn); err != nil {
		return err
	}
	defer func() { <-s.playTurn }()
	stop, err := s.beginPlay()
	if err != nil {
		return err
	}
	defer s.endPlay()
	p := player{s: s, src: src}
	pace := newPacer(samplesTime(call.FrameSamples))
	defer pace.close()
	for {
		n, err := p.fill()
		if n == 0 {
			return err
		}
		pace.step = samplesTime(n)
		if err := pace.wait(ctx, s, stop); err != nil {
			return err
		}
		p.send(n, time.Now())
	}
}

func (s *Session) beginPlay() (chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peer.Load() != nil {
		return nil, ErrBridged
	}
	s.stopPlay = make(chan struct{})
	return s.stopPlay, nil
}

func (s *Session) endPlay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopPlay = nil
}

// A player cuts a source into packets of the length the far side wants.
type player struct {
	s       *Session
	src     call.Source
	pcm     call.PCM
	rest    []int16 // of pcm
	packet  [480 + call.FrameSamples]int16
	have    int
	ended   error
	started bool
	ts      uint32 // of the next packet
}

// fill gets the next packet's audio: its length in samples, zero at the end.
func (p *player) fill() (int, error) {
	want := call.FrameSamples
	if t := p.s.terms.Load(); t != nil {
		want = t.packet
	}
	for p.have < want && p.ended == nil {
		if err := p.src.ReadFrame(&p.pcm); err != nil {
			p.ended = err
			break
		}
		p.have += copy(p.packet[p.have:], p.pcm[:])
	}
	if p.have == 0 {
		if errors.Is(p.ended, io.EOF) {
			return 0, nil
		}
		return 0, p.ended
	}
	if p.have < want {
		clear(p.packet[p.have:want])
		p.have = want
	}
	return want, nil
}

// send sends n samples. It does not allocate.
func (p *player) send(n int, now time.Time) {
	x := &p.s.tx
	x.mu.Lock()
	defer x.mu.Unlock()
	first := !p.started
	if first {
		p.ts, p.started = x.next(now), true
	}
	ts := p.ts
	p.ts += uint32(n)
	t := p.s.terms.Load()
	if t != nil && x.dialing == 0 {
		codec.Encode(x.payload(n), t.codec, p.packet[:n])
		p.s.send(t, header{marker: first, pt: t.audioPT, seq: x.seq + 1, ts: ts}, n, uint32(n), now)
	}
	p.have = copy(p.packet[:], p.packet[n:p.have])
}

// Record gives what the far side says to sink, a frame every 20 ms in playout order, starting at once with concealment
// (Lost) until something arrives. It returns the context's cause, the sink's error or ErrClosed. A second Record waits
// for the first to end. Recording and playing, or recording and bridging, go together.
func (s *Session) Record(ctx context.Context, sink call.Sink) error {
	if err := s.turn(ctx, s.recordTurn); err != nil {
		return err
	}
	defer func() { <-s.recordTurn }()
	j := newJitter()
	if t := s.terms.Load(); t != nil {
		j.codec = t.codec
	}
	s.listen(j)
	defer s.listen(nil)
	pace := newPacer(samplesTime(call.FrameSamples))
	defer pace.close()
	var buf [call.FrameSamples]byte
	for {
		if err := pace.wait(ctx, s, nil); err != nil {
			return err
		}
		s.rx.mu.Lock()
		c, lost := j.get(&buf)
		s.rx.mu.Unlock()
		if err := sink.WriteFrame(call.Frame{Codec: c, Payload: buf[:], Lost: lost}); err != nil {
			return err
		}
	}
}

func (s *Session) listen(j *jitter) {
	s.rx.mu.Lock()
	defer s.rx.mu.Unlock()
	s.rx.jitter = j
}
