package media

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
)

// A trace is what happens to packets on their way, in virtual time.
type trace struct {
	length  int                               // samples in a packet
	arrive  func(n int, sent float64) float64 // ms; negative: lost
	skew    float64                           // the sender's clock runs so much faster
	packets int
}

// run plays a trace and returns what the listener hears and the largest delay in ms.
func (tr trace) run(t *testing.T) (pcm []int16, lost int, delay float64) {
	t.Helper()
	type arrival struct {
		at float64
		n  int
	}
	var queue []arrival
	for n := range tr.packets {
		sent := float64(n*tr.length) / 8 / (1 + tr.skew)
		if at := tr.arrive(n, sent); at >= 0 {
			queue = append(queue, arrival{at, n})
		}
	}
	slices.SortStableFunc(queue, func(a, b arrival) int {
		if a.at < b.at {
			return -1
		}
		return 1
	})
	src := codec.Tone{Hz: []float64{500}, Level: -12}.Source()
	sound := make([]int16, 0, tr.packets*tr.length+call.FrameSamples)
	var f call.PCM
	for len(sound) < tr.packets*tr.length {
		src.ReadFrame(&f)
		sound = append(sound, f[:]...)
	}
	j := newJitter()
	buf := make([]byte, tr.length)
	var out [call.FrameSamples]byte
	end := float64(tr.packets*tr.length) / 8
	for now := 20.0; now < end; now += 20 {
		for len(queue) > 0 && queue[0].at <= now {
			n := queue[0].n
			codec.Encode(buf, call.PCMA, sound[n*tr.length:(n+1)*tr.length])
			j.put(1, uint32(n*tr.length), call.PCMA, buf)
			queue = queue[1:]
		}
		c, gone := j.get(&out)
		if gone {
			lost++
		}
		if c == call.PCMA {
			pcm = append(pcm, codec.Decode(f[:], c, out[:])...)
		}
		if j.started && !j.filling {
			delay = max(delay, now-float64(j.play)/8/(1+tr.skew))
		}
	}
	return pcm, lost, delay
}

func TestJitterBuffer(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	onTime := func(_ int, sent float64) float64 { return sent }
	for _, c := range []struct {
		name  string
		trace trace
		lost  int     // frames made up at the most, the first ones included
		delay float64 // ms at the most
		gap   time.Duration
	}{
		{"in time", trace{160, onTime, 0, 500}, 3, 80, 0},
		{"10 ms packets", trace{80, onTime, 0, 1000}, 3, 80, 0},
		{"30 ms packets", trace{240, onTime, 0, 333}, 4, 100, 0},
		{"60 ms packets", trace{480, onTime, 0, 160}, 6, 150, 0},
		{"30 ms of jitter", trace{160, func(_ int, sent float64) float64 { return sent + 30*rnd.Float64() }, 0, 1000}, 8, 130, 0},
		{"overtaking", trace{160, func(n int, sent float64) float64 { return sent + float64(n%3)*21 }, 0, 500}, 8, 130, 0},
		{"every twentieth lost", trace{160, func(n int, sent float64) float64 {
			if n%20 == 19 {
				return -1
			}
			return sent
		}, 0, 1000}, 55, 80, 0},
		{"a pause of half a second in the network", trace{160, func(n int, sent float64) float64 {
			if n >= 100 && n < 125 {
				return 125 * 20
			}
			return sent
		}, 0, 1000}, 40, 600, 500 * time.Millisecond},
		{"a fast clock, ten minutes (73)", trace{160, onTime, 200e-6, 30000}, 4, 120, 0},
		{"a slow clock, ten minutes (73)", trace{160, onTime, -200e-6, 30000}, 16, 140, 0},
	} {
		pcm, lost, delay := c.trace.run(t)
		r := measure.Analyze(pcm)
		if lost > c.lost || delay > c.delay || r.Gap > c.gap+3*time.Millisecond {
			t.Errorf("%s: %d frames made up, delay %.0f ms, gap %v; want at most %d, %.0f, %v", c.name, lost, delay, r.Gap, c.lost, c.delay, c.gap)
		}
		if r.Frequency < 495 || r.Frequency > 505 || r.Level < -13 || r.Level > -11 {
			t.Errorf("%s: heard %+v", c.name, r)
		}
	}
}

func TestDelayShrinksAfterABurst(t *testing.T) {
	_, _, all := trace{160, func(n int, sent float64) float64 {
		if n >= 100 && n < 115 {
			return 115 * 20
		}
		return sent
	}, 0, 100 * 60}.run(t)
	if all > 420 {
		t.Errorf("delay of %.0f ms", all)
	}
	j := newJitter()
	var out [call.FrameSamples]byte
	buf := make([]byte, call.FrameSamples)
	for n := range 50 * 60 {
		if n < 10 || n >= 25 {
			j.put(1, uint32(n*call.FrameSamples), call.PCMU, buf)
		} else if n == 24 {
			for late := 10; late < 25; late++ {
				j.put(1, uint32(late*call.FrameSamples), call.PCMU, buf)
			}
		}
		j.get(&out)
	}
	if reserve := int(j.head - j.play); reserve > 4*call.FrameSamples+initialTarget {
		t.Errorf("a minute after a pause %d samples are still held back", reserve)
	}
}

func TestConcealmentFadesToSilence(t *testing.T) {
	var c concealer
	var f [call.FrameSamples]byte
	var pcm call.PCM
	src := codec.Tone{Hz: []float64{400}, Level: -10}.Source()
	for range 5 {
		src.ReadFrame(&pcm)
		c.heard((*[call.FrameSamples]byte)(codec.Encode(f[:], call.PCMU, pcm[:])), call.PCMU)
	}
	var heard []int16
	for i := range 5 {
		c.make(&f, call.PCMU)
		frame := codec.Decode(pcm[:], call.PCMU, f[:])
		heard = append(heard, frame...)
		want := []float64{-10, -12.6, -21, codec.Quiet, codec.Quiet}[i]
		if l := codec.Level(frame); l > want+1.5 || l < want-1.5 && want != codec.Quiet {
			t.Errorf("frame %d: %.1f dBm0, want %.1f", i, l, want)
		}
	}
	if hz, _ := measure.Frequency(heard[:320]); hz < 390 || hz > 410 {
		t.Errorf("made up %.0f Hz, want 400", hz)
	}
}

func FuzzJitter(f *testing.F) {
	f.Add([]byte{0, 0, 0, 160, 1, 0, 160, 160, 2, 9, 9, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		j := newJitter()
		var out [call.FrameSamples]byte
		buf := make([]byte, 4*256)
		for i := 0; i+4 <= len(data); i += 4 {
			switch d := data[i:]; d[0] % 3 {
			case 0:
				j.put(uint32(d[0]/128), uint32(d[1])<<24|uint32(d[2])<<8, call.Codec(1+d[0]/4%2), buf[:int(d[3])*4])
			case 1:
				j.put(1, j.play+uint32(int8(d[1]))*80, call.PCMU, buf[:int(d[3])])
			default:
				for range d[1] % 16 {
					j.get(&out)
				}
			}
			if lead := int32(j.head - j.play); lead > ringLen || lead < -ringLen {
				t.Fatalf("%d samples ahead", lead)
			}
		}
	})
}
