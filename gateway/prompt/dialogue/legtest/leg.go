// Package legtest is a call.Leg in memory, for tests of handlers: real audio, no network and no clock.
//
// The far side says what a script tells it (Tone, Quiet, Press, …), as fast as it is recorded, and reacts to what it
// hears: tones, which stand for messages and greetings among the prompts. What it heard and said is kept.
package legtest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/google/uuid"

	"tandem/gateway/call"
)

// A Leg is the near side of a call to a scripted far side.
type Leg struct {
	info   call.Info
	id     string
	ctx    context.Context
	end    context.CancelCauseFunc
	digits chan call.Digit
	play   sync.Mutex // held by Play

	mu        sync.Mutex
	answered  bool
	script    []Step
	reactions []Reaction
	codec     call.Codec
	heard     []int        // what each frame sounded like: see Sound
	before    map[int]bool // the tones in what was played to its end last
	said      []byte
}

// New makes a leg whose far side speaks PCMU.
func New(info call.Info) *Leg {
	l := &Leg{info: info, id: uuid.Must(uuid.NewV7()).String(), digits: make(chan call.Digit, 64), codec: call.PCMU}
	l.ctx, l.end = context.WithCancelCause(context.Background())
	return l
}

// Says sets what the far side says when it is recorded. After the last step it is silent for ever.
func (l *Leg) Says(steps ...Step) *Leg { l.script = steps; return l }

// Reacts sets how the far side reacts to what it hears, in this order.
func (l *Leg) Reacts(r ...Reaction) *Leg { l.reactions = r; return l }

// Types presses keys now, without waiting for a prompt.
func (l *Leg) Types(keys string) *Leg {
	for _, k := range []byte(keys) {
		l.digits <- call.Digit{Key: k}
	}
	return l
}

// ID names the leg.
func (l *Leg) ID() string { return l.id }

// Info says who calls.
func (l *Leg) Info() call.Info { return l.info }

// Context ends when the leg does.
func (l *Leg) Context() context.Context { return l.ctx }

// Ring does nothing.
func (l *Leg) Ring(context.Context) error { return l.err() }

// Answer connects.
func (l *Leg) Answer(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered = true
	return l.err()
}

// Answered reports whether the leg was answered.
func (l *Leg) Answered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered
}

// Hangup ends the leg.
func (l *Leg) Hangup(c call.Cause) { l.end(c) }

// Cause is why the leg ended; 0: it has not.
func (l *Leg) Cause() call.Cause {
	var c call.Cause
	errors.As(l.err(), &c)
	return c
}

func (l *Leg) err() error { return context.Cause(l.ctx) }

// Digits delivers what the far side dials.
func (l *Leg) Digits() <-chan call.Digit { return l.digits }

// Keys is for a far side that never stops pressing.
func (l *Leg) Keys() chan<- call.Digit { return l.digits }

// SendDigits does nothing.
func (l *Leg) SendDigits(context.Context, string) error { return l.err() }

// Play lets the far side hear src.
func (l *Leg) Play(ctx context.Context, src call.Source) error {
	l.play.Lock()
	defer l.play.Unlock()
	ear := newEar(l)
	var pcm call.PCM
	for {
		if err := l.gone(ctx); err != nil {
			return err
		}
		err := src.ReadFrame(&pcm)
		if errors.Is(err, io.EOF) {
			ear.done()
			return nil
		}
		if err != nil {
			return err
		}
		if ear.hear(&pcm) {
			<-either(ctx, l.ctx) // it pressed a key: whoever plays is about to stop
		}
	}
}

// Record gives what the far side says to sink.
func (l *Leg) Record(ctx context.Context, sink call.Sink) error {
	for {
		if err := l.gone(ctx); err != nil {
			return err
		}
		frame, err := l.next(ctx)
		if err != nil {
			return err
		}
		if frame == nil {
			continue
		}
		l.mu.Lock()
		l.said = append(l.said, frame...)
		c := l.codec
		l.mu.Unlock()
		if err := sink.WriteFrame(call.Frame{Codec: c, Payload: slices.Clone(frame)}); err != nil {
			return err
		}
	}
}

// gone gives the reason to stop, nil if there is none.
func (l *Leg) gone(ctx context.Context) error {
	if err := l.err(); err != nil {
		return err
	}
	return ctx.Err()
}

func either(a, b context.Context) <-chan struct{} {
	ctx, cancel := context.WithCancel(a)
	context.AfterFunc(b, cancel)
	return ctx.Done()
}

// Said gives the G.711 that was recorded from the far side so far.
func (l *Leg) Said() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said)
}
