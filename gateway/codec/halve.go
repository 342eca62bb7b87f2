package codec

import (
	"errors"
	"io"
	"math"

	"tandem/gateway/call"
)

// halved plays a source of 16000 Hz at 8000 Hz: a low-pass filter, then every second sample.
type halved struct {
	wide  linear16
	line  [taps - 1 + call.FrameSamples]float64 // the filter's memory, then a frame of 16000 Hz
	ended bool
}

const taps = 47

// lowpass is a windowed sinc that passes to 3.4 kHz and stops by 4.6 kHz, at 16000 Hz.
var lowpass = func() (h [taps]float64) {
	sum := 0.0
	for i := range h {
		x := float64(i - taps/2)
		sinc := 0.5
		if x != 0 {
			sinc = math.Sin(math.Pi*x/2) / (math.Pi * x)
		}
		h[i] = sinc * (0.54 + 0.46*math.Cos(2*math.Pi*x/(taps-1)))
		sum += h[i]
	}
	for i := range h {
		h[i] /= sum
	}
	return h
}()

// ReadFrame reads two wide frames for one.
func (s *halved) ReadFrame(pcm *call.PCM) error {
	const half = call.FrameSamples / 2
	for part := range 2 {
		var f call.PCM
		if s.ended {
			clear(f[:])
		} else if err := s.wide.ReadFrame(&f); err != nil {
			if part == 0 || !errors.Is(err, io.EOF) {
				return err
			}
			s.ended = true
		}
		s.filter(pcm[part*half:(part+1)*half], &f)
	}
	return nil
}

func (s *halved) filter(out []int16, in *call.PCM) {
	copy(s.line[:], s.line[call.FrameSamples:])
	for i, v := range in {
		s.line[taps-1+i] = float64(v)
	}
	for i := range out {
		sum := 0.0
		for k, h := range lowpass {
			sum += h * s.line[2*i+k]
		}
		out[i] = int16(math.Round(max(-32768, min(32767, sum))))
	}
}
