package codec

import (
	"math"
	"time"

	"tandem/gateway/call"
)

// A Detector hears DTMF tones in audio (ITU-T Q.24): keys of 40 ms and more, -36 to 0 dBm0 a tone, twist up to 8 dB.
// Speech is told from keys by asking that the pair hold nearly all of the block's energy. It does not allocate.
type Detector struct {
	block [detectBlock]int16
	n     int
	last  byte // key heard in the block before
	held  byte // key that has been reported and is still held
	miss  int  // blocks without the held key
}

// detectBlock is 13 ms: three fit into the shortest key whatever their phase, two of them whole.
const detectBlock = 102

// Write takes audio and calls digit for every key that begins in it.
func (d *Detector) Write(pcm []int16, digit func(call.Digit)) {
	for len(pcm) > 0 {
		n := copy(d.block[d.n:], pcm)
		d.n += n
		pcm = pcm[n:]
		if d.n == detectBlock {
			d.n = 0
			d.hear(d.key(), digit)
		}
	}
}

func (d *Detector) hear(key byte, digit func(call.Digit)) {
	switch {
	case key == d.held && key != 0:
		d.miss = 0
	case d.held != 0:
		if d.miss++; d.miss >= 2 {
			d.held = 0
		}
	case key != 0 && key == d.last:
		d.held, d.miss = key, 0
		digit(call.Digit{Key: key, Duration: 2 * detectBlock * time.Second / call.SampleRate})
	}
	d.last = key
}

// key names the key that sounds in the block, zero if none does.
func (d *Detector) key() byte {
	var energy float64
	for _, s := range d.block {
		energy += float64(s) * float64(s)
	}
	if energy < detectBlock*64*64 {
		return 0
	}
	row, rowPower, rowNext := loudest(d.block[:], &dtmfRows)
	col, colPower, colNext := loudest(d.block[:], &dtmfCols)
	const twist = 6.4 // 8 dB
	if rowPower > twist*colPower || colPower > twist*rowPower || rowNext > rowPower/5 || colNext > colPower/5 {
		return 0
	}
	// A pure pair puts N/2 times the block's energy into the two squared magnitudes.
	if rowPower+colPower < 0.75*energy*detectBlock/2 {
		return 0
	}
	return dtmfKeys[row][col]
}

// loudest finds the strongest of four tones, its power and the next one's.
func loudest(pcm []int16, hz *[4]float64) (at int, power, next float64) {
	for i, f := range hz {
		p := Goertzel(pcm, f)
		if p > power {
			at, power, next = i, p, power
		} else if p > next {
			next = p
		}
	}
	return at, power, next
}

// Goertzel is the squared magnitude of one frequency in pcm: (N·A/2)² for a sine of amplitude A.
func Goertzel(pcm []int16, hz float64) float64 {
	k := 2 * math.Cos(2*math.Pi*hz/call.SampleRate)
	var s1, s2 float64
	for _, x := range pcm {
		s1, s2 = float64(x)+k*s1-s2, s1
	}
	return s1*s1 + s2*s2 - k*s1*s2
}
