package media

import (
	"context"
	"errors"
	"io"
	"sync"

	"tandem/gateway/call"
)

// Play sends src to the far side in real time and returns nil at its end, the context's cause, the error of src,
// ErrBridged when a Bridge takes over, ErrClosed. A second Play waits for the first to end and follows it without a gap
// if it was waiting. Time goes on while nothing can be sent: a caller on hold misses what is played.
func (s *Session) Play(ctx context.Context, src call.Source) error {
	if err := s.turn(ctx, s.playTurn); err != nil {
		return err
	}
	defer func() { <-s.playTurn }()
	p := &player{src: src, done: make(chan struct{})}
	p.fill(call.FrameSamples)
	if p.have == 0 {
		return p.result()
	}
	stop, err := s.beginPlay(p)
	if err != nil {
		return err
	}
	defer s.endPlay(p)
	s.rouse()
	select {
	case <-p.done:
		return p.result()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-stop:
		return ErrBridged
	case <-s.done:
		return ErrClosed
	}
}

func (s *Session) beginPlay(p *player) (stop chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peer.Load() != nil {
		return nil, ErrBridged
	}
	s.stopPlay = make(chan struct{})
	s.playing.Store(p)
	return s.stopPlay, nil
}

// endPlay takes p away from the voice. After it, nobody reads p's source any more.
func (s *Session) endPlay(p *player) {
	s.mu.Lock()
	s.stopPlay = nil
	s.mu.Unlock()
	s.playing.CompareAndSwap(p, nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
}

// A player cuts a source into packets of the length the far side wants. It reads ahead, so that its end is known with
// its last packet.
type player struct {
	mu    sync.Mutex // held while the source is read
	src   call.Source
	frame call.PCM
	audio [maxPlayed]int16 // read and not yet sent
	out   [maxPlayed]int16
	have  int
	ended error
	over  bool
	done  chan struct{}
}

// maxPlayed is a packet of the longest kind and a frame.
const maxPlayed = 480 + call.FrameSamples

// fill reads until a packet of n samples is there, or the end.
func (p *player) fill(n int) {
	for p.have < n && p.ended == nil {
		if p.ended = p.src.ReadFrame(&p.frame); p.ended == nil {
			p.have += copy(p.audio[p.have:], p.frame[:])
		}
	}
}

// take is the next packet of n samples, the last one filled up with silence.
func (p *player) take(n int) []int16 {
	p.fill(n)
	got := copy(p.out[:n], p.audio[:p.have])
	clear(p.out[got:n])
	p.have = copy(p.audio[:], p.audio[got:p.have])
	return p.out[:n]
}

func (p *player) finish() {
	p.over = true
	close(p.done)
}

func (p *player) result() error {
	if errors.Is(p.ended, io.EOF) {
		return nil
	}
	return p.ended
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
