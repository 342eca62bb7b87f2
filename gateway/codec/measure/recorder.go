package measure

import (
	"sync"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// A Recorder is a call.Sink that keeps what it hears. It may be read while it records.
type Recorder struct {
	mu     sync.Mutex
	pcm    []int16
	lost   int
	Limit  time.Duration         // what is kept at most; zero: ten minutes
	Also   call.Sink             // gets every frame too
	Listen func(samples []int16) // called after every frame with everything heard so far, when not nil
}

// WriteFrame keeps a frame.
func (r *Recorder) WriteFrame(f call.Frame) error {
	r.keep(f)
	if r.Also != nil {
		return r.Also.WriteFrame(f)
	}
	return nil
}

func (r *Recorder) keep(f call.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := r.Limit
	if limit == 0 {
		limit = 10 * time.Minute
	}
	if f.Lost {
		r.lost++
	}
	if length(len(r.pcm)) < limit {
		var pcm call.PCM
		r.pcm = append(r.pcm, codec.Decode(pcm[:], f.Codec, f.Payload)...)
	}
	if r.Listen != nil {
		r.Listen(r.pcm)
	}
}

// PCM is a copy of what has been heard.
func (r *Recorder) PCM() []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]int16(nil), r.pcm...)
}

// Report analyzes what has been heard.
func (r *Recorder) Report() Report {
	rep := Analyze(r.PCM())
	r.mu.Lock()
	rep.Concealed = r.lost
	r.mu.Unlock()
	return rep
}
