package codec

import (
	"errors"
	"io"
	"math"
	"time"

	"tandem/gateway/call"
)

// frames is how many frames d takes, the last one perhaps in part.
func frames(d time.Duration) int {
	const frame = time.Second * call.FrameSamples / call.SampleRate
	return int((d + frame - 1) / frame)
}

func samples(d time.Duration) int { return int(d * call.SampleRate / time.Second) }

type silence struct{ left int }

// Silence is silent for d, rounded up to whole frames.
func Silence(d time.Duration) call.Source { return &silence{frames(d)} }

func (s *silence) ReadFrame(pcm *call.PCM) error {
	if s.left <= 0 {
		return io.EOF
	}
	s.left--
	clear(pcm[:])
	return nil
}

type joined struct{ rest []call.Source }

// Join plays sources one after the other.
func Join(srcs ...call.Source) call.Source { return &joined{srcs} }

func (j *joined) ReadFrame(pcm *call.PCM) error {
	for len(j.rest) > 0 {
		err := j.rest[0].ReadFrame(pcm)
		if !errors.Is(err, io.EOF) {
			return err
		}
		j.rest = j.rest[1:]
	}
	return io.EOF
}

type linear struct{ rest []int16 }

// Linear plays samples.
func Linear(pcm []int16) call.Source { return &linear{pcm} }

func (l *linear) ReadFrame(pcm *call.PCM) error {
	if len(l.rest) == 0 {
		return io.EOF
	}
	n := copy(pcm[:], l.rest)
	clear(pcm[n:])
	l.rest = l.rest[n:]
	return nil
}

type coded struct {
	codec call.Codec
	r     io.Reader
	buf   [call.FrameSamples]byte
}

// Coded plays G.711 of one law, streaming from r.
func Coded(c call.Codec, r io.Reader) call.Source { return &coded{codec: c, r: r} }

func (c *coded) ReadFrame(pcm *call.PCM) error {
	n, err := io.ReadFull(c.r, c.buf[:])
	if n == 0 {
		return err
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	Decode(pcm[:n], c.codec, c.buf[:n])
	clear(pcm[n:])
	return nil
}

// Pulse is one step of a cadence.
type Pulse struct{ On, Off time.Duration }

// Tone describes a signal of one or more sines.
type Tone struct {
	Hz      []float64
	Level   float64       // of each sine, in dBm0
	Cadence []Pulse       // repeated; empty: always on
	Length  time.Duration // zero: for ever
}

type tone struct {
	amplitude float64
	step      []float64 // phase advance of each sine for a sample, in turns
	edges     []edge
	period    int // samples; zero: always on
	at, end   int // samples; end is zero for ever
}

type edge struct{ on, off int } // a pulse within the period, in samples

// Source plays the tone from its beginning.
func (t Tone) Source() call.Source {
	s := &tone{amplitude: Amplitude(t.Level), end: samples(t.Length)}
	for _, hz := range t.Hz {
		s.step = append(s.step, hz/call.SampleRate)
	}
	for _, p := range t.Cadence {
		s.edges = append(s.edges, edge{s.period, s.period + samples(p.On)})
		s.period += samples(p.On + p.Off)
	}
	return s
}

func (t *tone) ReadFrame(pcm *call.PCM) error {
	if t.end > 0 && t.at >= t.end {
		return io.EOF
	}
	for i := range pcm {
		pcm[i] = t.sample()
		t.at++
	}
	return nil
}

func (t *tone) sample() int16 {
	if t.end > 0 && t.at >= t.end || !t.on() {
		return 0
	}
	var v float64
	for _, step := range t.step {
		_, turn := math.Modf(step * float64(t.at))
		v += t.amplitude * math.Sin(2*math.Pi*turn)
	}
	return int16(math.Round(max(-32768, min(32767, v))))
}

func (t *tone) on() bool {
	if t.period == 0 {
		return true
	}
	at := t.at % t.period
	for _, e := range t.edges {
		if at >= e.on && at < e.off {
			return true
		}
	}
	return false
}
