package prompt

import (
	"io"
	"strconv"
	"strings"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// Join plays sources one after the other without a gap.
func Join(srcs ...call.Source) call.Source { return codec.Join(srcs...) }

// Silence is silent for d, rounded up to whole frames.
func Silence(d time.Duration) call.Source { return codec.Silence(d) }

// Beep is the recording tone, made here and not from a file: 1000 Hz for 250 ms.
func Beep() call.Source { return codec.Beep() }

// Frames plays G.711 of one law as it was recorded (call.Frame payloads in a row), streaming from r.
func Frames(c call.Codec, r io.Reader) call.Source { return codec.Coded(c, r) }

// WAV plays a WAV file of 8000 Hz mono: 16-bit linear, µ-law or A-law.
func WAV(r io.Reader) (call.Source, error) { return codec.ReadWAV(r) }

// WAVHeader is the header of a G.711 WAV file with n bytes of audio: header and recorded bytes together are a file.
func WAVHeader(c call.Codec, n int64) []byte { return codec.Header(c, n) }

// Level is the level of a recorded frame in dBm0: about -10 for speech, below -45 for a quiet line, -96 for silence.
func Level(f call.Frame) float64 { return codec.FrameLevel(f) }

// made is a sound that is made and not recorded: "beep", "silence/1" to "silence/10" seconds.
func made(name string) call.Source {
	if name == "beep" {
		return Beep()
	}
	if s, ok := strings.CutPrefix(name, "silence/"); ok {
		if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= 10 {
			return Silence(time.Duration(n) * time.Second)
		}
	}
	return nil
}
