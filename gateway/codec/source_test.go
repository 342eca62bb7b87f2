package codec

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tandem/gateway/call"
)

// drain reads a source to its end, ten minutes at the most.
func drain(t *testing.T, src call.Source) (pcm []int16) {
	t.Helper()
	for range 30000 {
		var f call.PCM
		err := src.ReadFrame(&f)
		if errors.Is(err, io.EOF) {
			return pcm
		}
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, f[:]...)
	}
	t.Fatal("the source does not end")
	return nil
}

func TestJoinHasNoGap(t *testing.T) {
	pcm := drain(t, Join(Linear([]int16{1, 2}), Silence(30*ms), Join(), Linear([]int16{3})))
	if len(pcm) != 4*call.FrameSamples {
		t.Fatalf("got %d samples, want four frames", len(pcm))
	}
	if pcm[0] != 1 || pcm[1] != 2 || pcm[2] != 0 || pcm[3*call.FrameSamples] != 3 {
		t.Errorf("sources are not in their places")
	}
}

func TestToneCadence(t *testing.T) {
	pcm := drain(t, Tone{Hz: []float64{1000}, Level: -10, Cadence: []Pulse{{100 * ms, 60 * ms}}, Length: 500 * ms}.Source())
	for i, on := range []bool{true, true, true, true, true, false, false, false, true} {
		f := pcm[i*call.FrameSamples : (i+1)*call.FrameSamples]
		if got := Level(f) > -20; got != on {
			t.Errorf("frame %d: sounds %v, want %v", i, got, on)
		}
	}
	if len(pcm) != samples(500*ms) {
		t.Errorf("got %d samples, want %d", len(pcm), samples(500*ms))
	}
}

func TestWAVRoundTrip(t *testing.T) {
	want := drain(t, Tone{Hz: []float64{700}, Level: -10, Length: 330 * ms}.Source())
	f, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWAVWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(want); at += call.FrameSamples {
		if err := w.Write(want[at:min(len(want), at+call.FrameSamples)]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Seek(0, io.SeekStart)
	src, err := ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	got := drain(t, src)
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("sample %d: got %d, want %d", i, got[i], want[i])
		}
	}
}

func TestWAVOfG711(t *testing.T) {
	for _, c := range []call.Codec{call.PCMU, call.PCMA} {
		data := Encode(make([]byte, 160), c, drain(t, Tone{Hz: []float64{700}, Level: -10, Length: 20 * ms}.Source()))
		file := append(Header(c, int64(len(data))), data...)
		src, err := ReadWAV(bytes.NewReader(append(file, "LIST of things behind"...)))
		if err != nil {
			t.Fatalf("%s: %v", Name(c), err)
		}
		if got := drain(t, src); len(got) != 160 || Level(got) < -11 {
			t.Errorf("%s: got %d samples at %.1f dBm0", Name(c), len(got), Level(got))
		}
	}
}

func TestWAVRefuses(t *testing.T) {
	stereo := LinearHeader(4)
	stereo[22] = 2
	fast := LinearHeader(4)
	fast[25] = 0xAC
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("hello, this is no sound at all"), "stereo": stereo, "44 kHz": fast,
		"header only": LinearHeader(0)[:30],
	} {
		if _, err := ReadWAV(bytes.NewReader(data)); !errors.Is(err, ErrWAV) {
			t.Errorf("%s: got %v, want ErrWAV", name, err)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(append(LinearHeader(4), 1, 2, 3, 4))
	f.Add(append(Header(call.PCMA, 3), 1, 2, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		src, err := ReadWAV(bytes.NewReader(data))
		if err != nil {
			return
		}
		var pcm call.PCM
		for n := 0; src.ReadFrame(&pcm) == nil; n++ {
			if n > len(data) {
				t.Fatal("more frames than bytes")
			}
		}
	})
}

func TestDetectorHearsEveryKeyOnce(t *testing.T) {
	const keys = "0123456789*#ABCD55"
	for _, length := range []time.Duration{45 * ms, 100 * ms, 700 * ms} {
		var got []byte
		d := new(Detector)
		for _, k := range []byte(keys) {
			src := Join(DTMF(k, length), Silence(80*ms))
			d.Write(drain(t, src), func(g call.Digit) { got = append(got, g.Key) })
		}
		if string(got) != keys {
			t.Errorf("keys of %v: got %q, want %q", length, got, keys)
		}
	}
}

func TestDetectorIsDeafToOtherSound(t *testing.T) {
	noise := make([]int16, 10*call.SampleRate)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = int16(rnd.NormFloat64() * 3000)
	}
	sounds := map[string][]int16{
		"noise":    noise,
		"sine":     drain(t, Tone{Hz: []float64{697}, Level: -5, Length: time.Second}.Source()),
		"ringback": drain(t, Tone{Hz: []float64{440, 480}, Level: -10, Length: time.Second}.Source()),
		"chord":    drain(t, Tone{Hz: []float64{697, 1209, 500, 900}, Level: -10, Length: time.Second}.Source()),
	}
	for name, pcm := range sounds {
		new(Detector).Write(pcm, func(g call.Digit) { t.Errorf("%s: heard %c", name, g.Key) })
	}
}

func TestWideWAVIsHalved(t *testing.T) {
	for _, c := range []struct{ hz, level float64 }{{500, -10}, {3000, -10}, {6000, -50}} {
		data := LinearHeader(2 * 16000)
		data[24], data[25] = 0x80, 0x3E // 16000 Hz
		for i := range 16000 {
			v := int16(Amplitude(-10) * math.Sin(2*math.Pi*c.hz*float64(i)/16000))
			data = append(data, byte(v), byte(v>>8))
		}
		src, err := ReadWAV(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		pcm := drain(t, src)
		if len(pcm) != 8000 {
			t.Errorf("a second has %d samples", len(pcm))
		}
		if l := Level(pcm[400:7600]); c.level > -40 && math.Abs(l-c.level) > 0.5 || l > c.level+0.5 {
			t.Errorf("%v Hz: got %.1f dBm0, want %.0f", c.hz, l, c.level)
		}
	}
}
