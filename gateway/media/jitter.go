package media

import (
	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A jitter buffer turns packets that come when they like into frames of 20 ms that are asked for in real time. G.711 is
// one byte a sample, so it is a ring of bytes addressed by timestamp: packets of any length fit, in any order.
//
// It starts with target samples in hand. When it runs dry the clock of playout stands still, up to what a gap really
// lasted, so a late packet is heard and the delay grows by its lateness; when more than needed has been in hand for two
// seconds, a frame is left out. That follows both jitter and a sender's clock that is fast or slow.
type jitter struct {
	ring    [ringLen]byte
	valid   [ringLen]bool
	codec   call.Codec
	ssrc    uint32
	started bool
	filling bool
	play    uint32 // timestamp of the next sample to play
	head    uint32 // timestamp behind the newest sample
	target  int    // samples wanted in hand
	longest int    // samples of the longest packet seen
	dry     int    // samples that had to be made up because nothing was there
	waited  int    // frames since filling began
	least   int    // smallest reserve of the present window
	frames  int    // frames of the present window
	clean   int    // windows without a dry moment
	conceal concealer
}

const (
	ringLen       = 8192 // a second, and a power of two
	initialTarget = 320
	maxTarget     = 1600
	maxLead       = 4000 // samples: a packet further ahead, or as far behind, is a jump
	windowFrames  = 100
)

func newJitter() *jitter { return &jitter{target: initialTarget} }

func (j *jitter) restart(ssrc, ts uint32) {
	clear(j.valid[:])
	j.ssrc, j.play, j.head = ssrc, ts, ts
	j.started, j.filling = true, true
	j.dry, j.waited, j.frames, j.longest = 0, 0, 0, 0
}

// put takes a packet's audio.
func (j *jitter) put(ssrc, ts uint32, c call.Codec, payload []byte) {
	if len(payload) == 0 || len(payload) > maxLead {
		return
	}
	if lead := int32(ts - j.play); !j.started || ssrc != j.ssrc || lead > maxLead || lead < -maxLead {
		j.restart(ssrc, ts)
	}
	if c != j.codec {
		if j.codec != 0 {
			codec.Translate(j.ring[:], j.codec, c)
		}
		j.codec = c
	}
	j.longest = max(j.longest, len(payload))
	j.wet(ts)
	for i, b := range payload {
		at := ts + uint32(i)
		if int32(at-j.play) >= 0 {
			j.ring[at%ringLen], j.valid[at%ringLen] = b, true
		}
	}
	if end := ts + uint32(len(payload)); int32(end-j.head) > 0 {
		j.head = end
	}
}

// wet ends a dry time: as much of it as the sender's own clock went on is skipped, the rest is delay we gain.
func (j *jitter) wet(ts uint32) {
	if j.dry == 0 {
		return
	}
	if gap := int(int32(ts - j.play)); gap > 0 {
		j.play += uint32(min(gap, j.dry))
	}
	if int32(j.head-j.play) < 0 {
		j.head = j.play
	}
	j.dry = 0
	j.clean = 0
}

// get fills out with the next frame. lost says that it had to be made up.
func (j *jitter) get(out *[call.FrameSamples]byte) (c call.Codec, lost bool) {
	if j.codec == 0 {
		j.codec = call.PCMU
	}
	reserve := int(int32(j.head - j.play))
	if j.filling {
		j.waited++
		if j.started && reserve > 0 && (reserve >= j.target+j.longest-call.FrameSamples || j.waited*call.FrameSamples > j.target+j.longest) {
			j.filling = false
			j.least, j.frames = reserve, 0
		}
	}
	if !j.started || j.filling || reserve <= 0 {
		if j.started && !j.filling {
			if j.dry == 0 {
				j.target = min(maxTarget, j.target+call.FrameSamples/2)
			}
			j.dry = min(j.dry+call.FrameSamples, 1<<20)
			j.least = 0
		}
		j.conceal.make(out, j.codec)
		return j.codec, true
	}
	lost = !j.take(out)
	j.adapt(reserve - call.FrameSamples)
	return j.codec, lost
}

// take moves a frame out of the ring; what is missing in it is made up. It reports whether most was there.
func (j *jitter) take(out *[call.FrameSamples]byte) bool {
	have := 0
	for i := range out {
		if at := (j.play + uint32(i)) % ringLen; j.valid[at] {
			have++
		}
	}
	if have < call.FrameSamples {
		j.conceal.make(out, j.codec)
	}
	for i := range out {
		at := (j.play + uint32(i)) % ringLen
		if j.valid[at] {
			out[i] = j.ring[at]
			j.valid[at] = false
		}
	}
	j.play += call.FrameSamples
	if have < call.FrameSamples/2 {
		return false
	}
	j.conceal.heard(out, j.codec)
	return true
}

// adapt leaves a frame out when the reserve never fell near the target for a whole window.
func (j *jitter) adapt(reserve int) {
	j.least = min(j.least, reserve)
	if j.frames++; j.frames < windowFrames {
		return
	}
	if j.least > j.target && int(int32(j.head-j.play)) > 2*call.FrameSamples {
		for i := range uint32(call.FrameSamples) {
			j.valid[(j.play+i)%ringLen] = false
		}
		j.play += call.FrameSamples
	}
	if j.clean++; j.clean >= 5 && j.target > initialTarget {
		j.target -= call.FrameSamples / 2
		j.clean = 0
	}
	j.least, j.frames = ringLen, 0
}
