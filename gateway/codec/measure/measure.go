// Package measure hears: what frequency, how loud, with what gaps. Tests, `tandem call --json` and the demo use it to
// say that sound went through, instead of that packets did.
package measure

import (
	"math"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// Report says what was heard. In JSON its times are in milliseconds.
type Report struct {
	Duration   time.Duration
	Frequency  float64       // the strongest, within 1 %; 0 in silence
	Purity     float64       // share of the loudest half second's energy at that frequency, 0 to 1
	Level      float64       // of the audible part in dBm0, within 1 dB
	Gap        time.Duration // the longest silence between the first sound and the last
	FirstSound time.Duration // when it began; Duration if it never did
	Audible    time.Duration // how much of it was not silence
	Concealed  int           // frames made up because nothing arrived
}

// Silent is the level below which a window counts as silence, in dBm0.
const Silent = -45.0

// window is how finely silence is looked for: 2.5 ms.
const window = 20

// Analyze listens to pcm.
func Analyze(pcm []int16) Report {
	r := Report{Duration: length(len(pcm)), FirstSound: length(len(pcm)), Level: codec.Quiet}
	first, last, gap, quiet := -1, 0, 0, 0
	var audible int
	var sum float64
	for at := 0; at+window <= len(pcm); at += window {
		w := pcm[at : at+window]
		if codec.Level(w) < Silent {
			quiet += window
			continue
		}
		if first < 0 {
			first = at
		} else {
			gap = max(gap, quiet)
		}
		quiet, last = 0, at+window
		audible += window
		for _, s := range w {
			sum += float64(s) * float64(s)
		}
	}
	if first < 0 {
		return r
	}
	r.FirstSound, r.Gap, r.Audible = length(first), length(gap), length(audible)
	r.Level = 20 * math.Log10(math.Sqrt(2*sum/float64(audible))/codec.Amplitude(0))
	r.Frequency, r.Purity = Frequency(loudest(pcm[first:last]))
	return r
}

func length(samples int) time.Duration {
	return time.Duration(samples) * time.Second / call.SampleRate
}

// loudest is the loudest half second of pcm.
func loudest(pcm []int16) []int16 {
	const n, step = call.SampleRate / 2, call.SampleRate / 20
	if len(pcm) <= n {
		return pcm
	}
	best, at := -1000.0, 0
	for i := 0; i+n <= len(pcm); i += step {
		if l := codec.Level(pcm[i : i+n]); l > best {
			best, at = l, i
		}
	}
	return pcm[at : at+n]
}

// Frequency is the strongest frequency in pcm and its share of the energy. It wants 50 ms or more.
func Frequency(pcm []int16) (hz, purity float64) {
	n := len(pcm)
	if n < 64 {
		return 0, 0
	}
	shaped, energy := hann(pcm)
	if energy == 0 {
		return 0, 0
	}
	step := 2 * float64(call.SampleRate) / float64(n) // half the width of a Hann window's main lobe
	var at, power float64
	for f := step; f < call.SampleRate/2; f += step {
		if p := goertzel(shaped, f); p > power {
			at, power = f, p
		}
	}
	for step > 0.1 { // climb to the top of the hill
		step /= 2
		for _, f := range [2]float64{at - step, at + step} {
			if p := goertzel(shaped, f); p > power {
				at, power = f, p
			}
		}
	}
	// A sine of amplitude A under a Hann window: |X|² = (A·N/4)², Σx²w² = A²/2·N·3/8.
	return at, min(1, power*3/(energy*float64(n)))
}

func hann(pcm []int16) (shaped []float64, energy float64) {
	shaped = make([]float64, len(pcm))
	for i, s := range pcm {
		shaped[i] = float64(s) * (0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm))))
		energy += shaped[i] * shaped[i]
	}
	return shaped, energy
}

func goertzel(x []float64, hz float64) float64 {
	k := 2 * math.Cos(2*math.Pi*hz/call.SampleRate)
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = v+k*s1-s2, s1
	}
	return s1*s1 + s2*s2 - k*s1*s2
}
