package carrier

import (
	"math"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/zaf/g711"
)

// Heard is what the carrier heard in a call.
type Heard struct {
	Seconds   float64 `json:"seconds"`      // of audio
	Frequency float64 `json:"frequency_hz"` // the dominant one while there was sound
	Level     float64 `json:"level_db"`     // of the sound, relative to full scale of a sine
	LongestMS float64 `json:"longest_gap_ms"`
	Digits    string  `json:"digits,omitempty"`
	Packets   int     `json:"packets"`
}

// ear collects one stream. Its samples lie where their timestamps put them, so a lost packet is a hole.
type ear struct {
	events  uint8
	pcm     []int16
	digits  []byte
	begun   bool
	base    uint32
	last    uint32 // timestamp of the last digit
	dialed  bool
	packets int

	beep atomic.Int32 // frames of it in a row; beepOver once it was heard
}

// A beep is 160 ms or more of about 1000 Hz. What comes after it may be silence, or nothing at all.
const (
	beepFrames = 8
	beepOver   = -1
)

// beeped says whether a beep has come. The speaking goroutine asks, while the other one hears.
func (e *ear) beeped() bool { return e.beep.Load() == beepOver }

func (e *ear) hearBeep(pcm []int16) {
	n := e.beep.Load()
	if n == beepOver || len(pcm) < frame {
		return
	}
	crossings := 0
	for i := 1; i < len(pcm); i++ {
		if pcm[i-1] < 0 && pcm[i] >= 0 {
			crossings++
		}
	}
	perSecond := crossings * 8000 / len(pcm)
	switch {
	case rms(pcm) < 500 || perSecond < 900 || perSecond > 1100:
		e.beep.Store(0)
	case n+1 == beepFrames:
		e.beep.Store(beepOver)
	default:
		e.beep.Store(n + 1)
	}
}

func (e *ear) take(p *rtp.Packet) {
	e.packets++
	if p.PayloadType != alaw {
		e.takeEvent(p)
		return
	}
	if !e.begun {
		e.begun, e.base = true, p.Timestamp
	}
	at := int(p.Timestamp - e.base)
	if at < 0 || at+len(p.Payload) > maxKept {
		return
	}
	for len(e.pcm) < at+len(p.Payload) {
		e.pcm = append(e.pcm, 0)
	}
	for i, b := range p.Payload {
		e.pcm[at+i] = g711.DecodeAlawFrame(b)
	}
	e.hearBeep(e.pcm[at : at+len(p.Payload)])
}

// takeEvent counts a digit at its end; its repetitions share the timestamp.
func (e *ear) takeEvent(p *rtp.Packet) {
	if len(p.Payload) < 4 || e.events == 0 || p.PayloadType != e.events || p.Payload[1]&0x80 == 0 || p.Payload[0] > 15 {
		return
	}
	if e.dialed && e.last == p.Timestamp {
		return
	}
	e.dialed, e.last = true, p.Timestamp
	if len(e.digits) < 64 {
		e.digits = append(e.digits, "0123456789*#ABCD"[p.Payload[0]])
	}
}

func (e *ear) measure() Heard {
	h := Heard{Seconds: float64(len(e.pcm)) / 8000, Digits: string(e.digits), Packets: e.packets}
	sound := trim(e.pcm)
	h.LongestMS = longestSilence(sound)
	h.Frequency, h.Level = pitch(sound)
	return h
}

// trim leaves what lies between the first and the last sound, less 100 ms at each end.
func trim(pcm []int16) []int16 {
	const margin = 800
	first, last := -1, -1
	for i := 0; i+frame <= len(pcm); i += frame {
		if rms(pcm[i:i+frame]) > 300 {
			if first < 0 {
				first = i
			}
			last = i + frame
		}
	}
	if first < 0 || last-first <= 3*margin {
		return nil
	}
	return pcm[first+margin : last-margin]
}

func rms(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

// longestSilence in milliseconds, found in steps of 5 ms.
func longestSilence(pcm []int16) float64 {
	const step = 40
	longest, run := 0, 0
	for i := 0; i+step <= len(pcm); i += step {
		if rms(pcm[i:i+step]) > 100 {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return float64(longest) * 5
}

// quiet stands for the level of silence.
const quiet = -100

// pitch counts rising zero crossings, interpolated: exact for a tone, meaningless for speech.
func pitch(pcm []int16) (hz, db float64) {
	var first, last float64
	n := 0
	for i := 1; i < len(pcm); i++ {
		a, b := float64(pcm[i-1]), float64(pcm[i])
		if a < 0 && b >= 0 {
			at := float64(i-1) + a/(a-b)
			if n == 0 {
				first = at
			}
			last = at
			n++
		}
	}
	if n < 2 {
		return 0, quiet
	}
	return float64(n-1) / (last - first) * 8000, 20 * math.Log10(rms(pcm)*math.Sqrt2/32768)
}
