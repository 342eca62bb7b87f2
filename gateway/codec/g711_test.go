package codec

import (
	"math"
	"testing"

	"github.com/zaf/g711"

	"tandem/gateway/call"
)

func TestTranslateEqualsDecodeAndEncode(t *testing.T) {
	for i := range 256 {
		u, a := []byte{byte(i)}, []byte{byte(i)}
		Translate(u, call.PCMU, call.PCMA)
		Translate(a, call.PCMA, call.PCMU)
		if want := g711.Ulaw2AlawFrame(byte(i)); u[0] != want {
			t.Errorf("µ %#x to A: got %#x, want %#x", i, u[0], want)
		}
		if want := g711.Alaw2UlawFrame(byte(i)); a[0] != want {
			t.Errorf("A %#x to µ: got %#x, want %#x", i, a[0], want)
		}
	}
	same := []byte{1, 2, 3}
	if Translate(same, call.PCMA, call.PCMA); same[0] != 1 || same[2] != 3 {
		t.Errorf("equal laws changed the data: %v", same)
	}
}

func TestEncodeDecodeKeepsTheSignal(t *testing.T) {
	for _, c := range []call.Codec{call.PCMU, call.PCMA} {
		for s := -32000; s <= 32000; s += 7 {
			var coded [1]byte
			var back [1]int16
			Decode(back[:], c, Encode(coded[:], c, []int16{int16(s)}))
			if diff := math.Abs(float64(int(back[0]) - s)); diff > math.Abs(float64(s))/16+16 {
				t.Fatalf("%s: %d came back as %d", Name(c), s, back[0])
			}
		}
		if l := Level(Decode(make([]int16, 1), c, []byte{SilenceByte(c)})); l > -60 {
			t.Errorf("%s: the silence byte has %.1f dBm0", Name(c), l)
		}
	}
}

func TestLevel(t *testing.T) {
	for _, want := range []float64{3, 0, -10, -40} {
		var pcm call.PCM
		if err := (Tone{Hz: []float64{1000}, Level: want}).Source().ReadFrame(&pcm); err != nil {
			t.Fatal(err)
		}
		if got := Level(pcm[:]); math.Abs(got-want) > 0.1 {
			t.Errorf("level of a %.0f dBm0 sine: got %.2f", want, got)
		}
	}
	if got := Level(make([]int16, 160)); got != Quiet {
		t.Errorf("level of nothing: got %v, want %v", got, Quiet)
	}
}

func TestNoAllocation(t *testing.T) {
	var pcm call.PCM
	buf := make([]byte, call.FrameSamples)
	d := new(Detector)
	digit := func(call.Digit) {}
	n := testing.AllocsPerRun(100, func() {
		Encode(buf, call.PCMU, pcm[:])
		Translate(buf, call.PCMU, call.PCMA)
		Decode(pcm[:], call.PCMA, buf)
		FrameLevel(call.Frame{Codec: call.PCMA, Payload: buf})
		d.Write(pcm[:], digit)
	})
	if n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

func BenchmarkTranslate(b *testing.B) {
	buf := make([]byte, call.FrameSamples)
	b.ReportAllocs()
	b.SetBytes(call.FrameSamples)
	for b.Loop() {
		Translate(buf, call.PCMU, call.PCMA)
	}
}

func BenchmarkEncode(b *testing.B) {
	var pcm call.PCM
	buf := make([]byte, call.FrameSamples)
	b.ReportAllocs()
	for b.Loop() {
		Encode(buf, call.PCMU, pcm[:])
	}
}
