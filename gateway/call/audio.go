package call

// FrameSamples is the length of a frame: 20 ms at 8000 samples a second.
const FrameSamples = 160

// SampleRate of all audio in this package, in samples a second.
const SampleRate = 8000

// PCM is one frame of linear audio.
type PCM = [FrameSamples]int16

// Codec is the coding of a frame.
type Codec uint8

// The two laws of G.711.
const (
	PCMU Codec = iota + 1
	PCMA
)

// Frame is one frame as it arrived from the far side.
type Frame struct {
	Codec   Codec
	Payload []byte // FrameSamples bytes; valid only during the call that delivers it
	Lost    bool   // nothing arrived in time: Payload is concealment
}

// A Source yields audio to play. ReadFrame fills pcm; the last frame is padded with silence; then io.EOF.
type Source interface {
	ReadFrame(pcm *PCM) error
}

// A Sink takes recorded audio. It must not keep f.Payload and must return quickly: it runs at the pace of the call.
type Sink interface {
	WriteFrame(f Frame) error
}
