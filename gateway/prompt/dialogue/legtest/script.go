package legtest

import (
	"context"
	"math"
	"time"

	"github.com/zaf/g711"

	"tandem/gateway/call"
)

// frameTime is the length of a frame.
const frameTime = 20 * time.Millisecond

// A Step is one thing the far side does while it is recorded.
type Step struct {
	frames int // of audio left
	hz     int // 0: silence
	keys   string
	wait   <-chan struct{}
	hangup bool
	codec  call.Codec
}

// Tone is sound at that frequency, a multiple of 50 Hz: what stands for speech here.
func Tone(hz int, d time.Duration) Step { return Step{frames: int(d / frameTime), hz: hz} }

// Quiet is silence.
func Quiet(d time.Duration) Step { return Step{frames: int(d / frameTime)} }

// Press presses keys; after # it says nothing until the recording ends.
func Press(keys string) Step { return Step{keys: keys} }

// Hangup ends the call from the far side.
func Hangup() Step { return Step{hangup: true} }

// Wait says nothing, not even silence, until ready is closed.
func Wait(ready <-chan struct{}) Step { return Step{wait: ready} }

// Use changes the codec of what follows.
func Use(c call.Codec) Step { return Step{codec: c} }

// next gives the payload of the next frame; nil: there was something else to do.
func (l *Leg) next(ctx context.Context) ([]byte, error) {
	if len(l.script) == 0 {
		return l.encode(0, 0), nil
	}
	s := &l.script[0]
	if s.frames > 0 {
		s.frames--
		return l.encode(s.hz, s.frames), nil
	}
	step := *s
	l.script = l.script[1:]
	switch {
	case step.codec != 0:
		l.codec = step.codec
	case step.hangup:
		l.Hangup(call.NormalClearing)
	case step.keys != "":
		l.Types(step.keys)
		if step.keys[len(step.keys)-1] == '#' {
			<-either(ctx, l.ctx)
		}
	case step.wait != nil:
		select {
		case <-step.wait:
		case <-either(ctx, l.ctx):
		}
	}
	return nil, nil
}

// encode makes a frame. The level differs a little from frame to frame, so that frames can be told apart.
func (l *Leg) encode(hz, n int) []byte {
	p := make([]byte, call.FrameSamples)
	amplitude := 8000.0
	if hz == 0 {
		amplitude = 0
	}
	amplitude *= 1 + float64(n%50)/100
	for i := range p {
		s := int16(amplitude * math.Sin(2*math.Pi*float64(hz)*float64(i)/call.SampleRate))
		if l.codec == call.PCMA {
			p[i] = g711.EncodeAlawFrame(s)
		} else {
			p[i] = g711.EncodeUlawFrame(s)
		}
	}
	return p
}
