package media

import (
	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A concealer makes up what was lost: the last pitch period again and again, fading to silence in 60 ms. It follows
// the idea of ITU-T G.711 Appendix I in a simple form. It does not allocate.
type concealer struct {
	history [historyLen]int16 // what was heard last
	made    int               // samples made up in a row
	lag     int               // the period that is repeated
	frame   call.PCM
}

const (
	historyLen = 480
	minLag     = 40  // 200 Hz
	maxLag     = 240 // 33 Hz
	compared   = 160 // samples compared when the period is sought
	fadeFrom   = 160 // samples at full level
	fadeLen    = 320 // and then until silence
)

// heard takes a good frame.
func (c *concealer) heard(f *[call.FrameSamples]byte, law call.Codec) {
	copy(c.history[:], c.history[call.FrameSamples:])
	codec.Decode(c.history[historyLen-call.FrameSamples:], law, f[:])
	c.made = 0
}

// make fills out with the next frame that was not heard.
func (c *concealer) make(out *[call.FrameSamples]byte, law call.Codec) {
	if c.made >= fadeFrom+fadeLen {
		for i := range out {
			out[i] = codec.SilenceByte(law)
		}
		return
	}
	if c.made == 0 {
		c.lag = c.period()
	}
	for i := range c.frame {
		n := c.made + i
		gain := max(0, min(fadeLen, fadeFrom+fadeLen-n))
		c.frame[i] = int16(int(c.history[historyLen-c.lag+n%c.lag]) * gain / fadeLen)
	}
	c.made += call.FrameSamples
	codec.Encode(out[:], law, c.frame[:])
}

// period finds the lag at which the end of the history is most like what was before it.
func (c *concealer) period() int {
	tail := c.history[historyLen-compared:]
	best, at := 0.0, maxLag
	for lag := minLag; lag <= maxLag; lag++ {
		var cross, energy float64
		for i, x := range tail {
			y := float64(c.history[historyLen-compared-lag+i])
			cross += float64(x) * y
			energy += y * y
		}
		if cross <= 0 {
			continue
		}
		if likeness := cross * cross / (energy + 1); likeness > best {
			best, at = likeness, lag
		}
	}
	return at
}
