package legtest

import (
	"math"

	"tandem/gateway/call"
)

// A Reaction is what the far side does when it hears a tone.
type Reaction struct {
	hz    int
	after bool
	keys  string // empty: hang up
}

// During presses a key in the middle of the tone, which interrupts it.
func During(hz int, key string) Reaction { return Reaction{hz: hz, keys: key} }

// After presses keys at the start of what is played after the tone: the prompt that asks for them.
func After(hz int, keys string) Reaction { return Reaction{hz: hz, after: true, keys: keys} }

// HangupDuring hangs up in the middle of the tone.
func HangupDuring(hz int) Reaction { return Reaction{hz: hz} }

// sure is how many frames of a tone in a row are one.
const sure = 5

// An ear listens to one Play.
type ear struct {
	leg   *Leg
	run   int
	last  int
	tones map[int]bool
}

// boundary stands in what was heard between one Play and the next.
const boundary = -2

func newEar(l *Leg) *ear {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, boundary)
	return &ear{leg: l}
}

// hear takes a frame. It reports whether the far side reacted to it.
func (e *ear) hear(pcm *call.PCM) bool {
	hz := Sound(pcm)
	e.leg.mu.Lock()
	defer e.leg.mu.Unlock()
	e.leg.heard = append(e.leg.heard, hz)
	if before := e.leg.before; e.tones == nil {
		e.tones, e.leg.before = map[int]bool{}, nil
		if e.react(func(r Reaction) bool { return r.after && before[r.hz] }) {
			return true
		}
	}
	if hz != e.last {
		e.last, e.run = hz, 0
	}
	if e.run++; e.run < sure || hz <= 0 {
		return false
	}
	e.tones[hz] = true
	return e.react(func(r Reaction) bool { return !r.after && r.hz == hz })
}

// done takes the end of what is played.
func (e *ear) done() {
	e.leg.mu.Lock()
	defer e.leg.mu.Unlock()
	e.leg.before = e.tones
}

func (e *ear) react(fits func(Reaction) bool) bool {
	rs := e.leg.reactions
	if len(rs) == 0 || !fits(rs[0]) {
		return false
	}
	e.leg.reactions = rs[1:]
	if rs[0].keys == "" {
		e.leg.Hangup(call.NormalClearing)
	}
	e.leg.Types(rs[0].keys)
	return true
}

// Speech is the Sound of what is neither silent nor a tone.
const Speech = -1

// Sound gives the frequency of a frame that is a tone at a multiple of 50 Hz from 300 to 2000; Speech; 0: silence.
func Sound(pcm *call.PCM) int {
	var energy float64
	for _, s := range pcm {
		energy += float64(s) * float64(s)
	}
	if energy < 100*100*call.FrameSamples {
		return 0
	}
	for hz := 300; hz <= 2000; hz += 50 {
		if power(pcm, hz) > 0.9*energy {
			return hz
		}
	}
	return Speech
}

// power gives how much of the frame's energy is at a frequency (Goertzel).
func power(pcm *call.PCM, hz int) float64 {
	c := 2 * math.Cos(2*math.Pi*float64(hz)/call.SampleRate)
	var s1, s2 float64
	for _, x := range pcm {
		s1, s2 = float64(x)+c*s1-s2, s1
	}
	return (s1*s1 + s2*s2 - c*s1*s2) * 2 / call.FrameSamples
}

// Tones gives the tones that were heard, one after the other: those of five frames or more.
func (l *Leg) Tones() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var tones []int
	run := 0
	for i, hz := range l.heard {
		if i > 0 && hz != l.heard[i-1] {
			run = 0
		}
		if run++; run == sure && hz > 0 {
			tones = append(tones, hz)
		}
	}
	return tones
}

// Frames gives how many frames of a sound were heard.
func (l *Leg) Frames(sound int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, hz := range l.heard {
		if hz == sound {
			n++
		}
	}
	return n
}
