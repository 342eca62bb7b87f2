package media

import (
	"context"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// What is dialed: keys of 100 ms, 80 ms apart; an event packet every 20 ms, the end three times (RFC 4733 §2.5.1.4).
const (
	keyTime    = 100 * time.Millisecond
	keyGap     = 80 * time.Millisecond
	keySamples = 800
	keyVolume  = 8 // -dBm0
	endPackets = 3
)

// SendDigits dials towards the far side, by telephone-events if the far side takes them and by tones otherwise, also
// while the session is bridged or playing, which is then not heard for the length of the keys. It returns when the last
// key has been sent: ErrBadDigit (nothing sent), the context's cause, ErrClosed.
func (s *Session) SendDigits(ctx context.Context, digits string) error {
	digits, err := dialable(digits)
	if err != nil {
		return err
	}
	if err := s.turn(ctx, s.dialTurn); err != nil {
		return err
	}
	defer func() { <-s.dialTurn }()
	for _, key := range []byte(digits) {
		if err := s.dial(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) dial(ctx context.Context, key byte) error {
	s.dialing(1)
	var err error
	if s.takesEvents() {
		err = s.dialEvent(ctx, key)
	} else {
		err = s.dialTone(ctx, key)
	}
	s.dialing(-1)
	if err != nil {
		return err
	}
	pause := newPacer(keyGap)
	defer pause.close()
	pause.next = pause.next.Add(keyGap)
	return pause.wait(ctx, s, nil)
}

func (s *Session) dialing(n int) {
	s.tx.mu.Lock()
	defer s.tx.mu.Unlock()
	s.tx.dialing += n
	s.tx.relay.active = false
}

// dialEvent sends one key as a telephone-event: one timestamp, a rising duration, the end three times.
func (s *Session) dialEvent(ctx context.Context, key byte) error {
	pace := newPacer(samplesTime(call.FrameSamples))
	defer pace.close()
	e := teleEvent{code: eventCode(key), volume: keyVolume}
	var ts uint32
	for i := 1; i <= keySamples/call.FrameSamples+endPackets-1; i++ {
		if err := pace.wait(ctx, s, nil); err != nil {
			return err
		}
		e.duration = uint16(min(keySamples, i*call.FrameSamples))
		e.end = int(e.duration) == keySamples
		s.sendEvent(e, &ts, i == 1, time.Now())
	}
	return nil
}

func (s *Session) sendEvent(e teleEvent, ts *uint32, first bool, now time.Time) {
	x := &s.tx
	x.mu.Lock()
	defer x.mu.Unlock()
	t := s.terms.Load()
	if t == nil || t.eventPT == 0 {
		return
	}
	if first {
		*ts = x.next(now)
	}
	e.put(x.payload(4))
	s.send(t, header{marker: first, pt: t.eventPT, seq: x.seq + 1, ts: *ts}, 4, uint32(e.duration), now)
}

// dialTone sends one key as the pair of tones it is on any telephone.
func (s *Session) dialTone(ctx context.Context, key byte) error {
	src := codec.DTMF(key, keyTime)
	pace := newPacer(samplesTime(call.FrameSamples))
	defer pace.close()
	var pcm call.PCM
	var ts uint32
	for first := true; src.ReadFrame(&pcm) == nil; first = false {
		if err := pace.wait(ctx, s, nil); err != nil {
			return err
		}
		s.sendTone(&pcm, &ts, first, time.Now())
	}
	return nil
}

func (s *Session) sendTone(pcm *call.PCM, ts *uint32, first bool, now time.Time) {
	x := &s.tx
	x.mu.Lock()
	defer x.mu.Unlock()
	t := s.terms.Load()
	if t == nil {
		return
	}
	if first {
		*ts = x.next(now)
	}
	codec.Encode(x.payload(len(pcm)), t.codec, pcm[:])
	s.send(t, header{marker: first, pt: t.audioPT, seq: x.seq + 1, ts: *ts}, len(pcm), call.FrameSamples, now)
	*ts += call.FrameSamples
}

func eventCode(key byte) uint8 {
	for i := range len(keys) {
		if keys[i] == key {
			return uint8(i)
		}
	}
	return 0
}
