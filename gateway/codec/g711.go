package codec

import (
	"math"

	"github.com/zaf/g711"

	"tandem/gateway/call"
)

// Both laws of G.711, each code translated directly into the other's (ITU-T G.711 tables 3 and 4).
var ulawToAlaw, alawToUlaw = lawTables()

func lawTables() (u2a, a2u [256]byte) {
	for i := range 256 {
		u2a[i] = g711.Ulaw2AlawFrame(byte(i))
		a2u[i] = g711.Alaw2UlawFrame(byte(i))
	}
	return u2a, a2u
}

// Encode codes pcm into dst, which must be at least as long, and returns the part of dst it filled.
func Encode(dst []byte, c call.Codec, pcm []int16) []byte {
	dst = dst[:len(pcm)]
	if c == call.PCMA {
		for i, s := range pcm {
			dst[i] = g711.EncodeAlawFrame(s)
		}
		return dst
	}
	for i, s := range pcm {
		dst[i] = g711.EncodeUlawFrame(s)
	}
	return dst
}

// Decode decodes src into dst, which must be at least as long, and returns the part of dst it filled.
func Decode(dst []int16, c call.Codec, src []byte) []int16 {
	dst = dst[:len(src)]
	if c == call.PCMA {
		for i, b := range src {
			dst[i] = g711.DecodeAlawFrame(b)
		}
		return dst
	}
	for i, b := range src {
		dst[i] = g711.DecodeUlawFrame(b)
	}
	return dst
}

// Translate turns data from one law into the other in place. Equal laws are left alone.
func Translate(data []byte, from, to call.Codec) {
	if from == to {
		return
	}
	table := &ulawToAlaw
	if from == call.PCMA {
		table = &alawToUlaw
	}
	for i, b := range data {
		data[i] = table[b]
	}
}

// SilenceByte is the code of silence: zero in the law's smallest step.
func SilenceByte(c call.Codec) byte {
	if c == call.PCMA {
		return 0xD5
	}
	return 0xFF
}

// Name is the codec's name in SDP.
func Name(c call.Codec) string {
	switch c {
	case call.PCMU:
		return "PCMU"
	case call.PCMA:
		return "PCMA"
	}
	return ""
}

// overload is the level in dBm0 of the largest sine that fits.
const overload = 3.14

// Quiet is the level given for nothing at all.
const Quiet = -96.0

// Amplitude is the peak of a sine of the given level in dBm0, in 16-bit samples.
func Amplitude(dBm0 float64) float64 { return 32768 * math.Pow(10, (dBm0-overload)/20) }

// Level is the level of pcm in dBm0, Quiet at the least.
func Level(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return Quiet
	}
	rms := math.Sqrt(sum / float64(len(pcm)))
	return max(Quiet, 20*math.Log10(rms*math.Sqrt2/32768)+overload)
}

// FrameLevel is the level of a frame in dBm0. It does not allocate.
func FrameLevel(f call.Frame) float64 {
	var pcm call.PCM
	return Level(Decode(pcm[:], f.Codec, f.Payload[:min(len(f.Payload), len(pcm))]))
}
