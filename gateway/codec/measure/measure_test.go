package measure

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

func play(t *testing.T, srcs ...call.Source) (pcm []int16) {
	t.Helper()
	src := codec.Join(srcs...)
	for {
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
}

func TestFrequencyAndLevel(t *testing.T) {
	for _, hz := range []float64{137, 425, 1000, 1004.5, 2600, 3400} {
		pcm := play(t, codec.Tone{Hz: []float64{hz}, Level: -12, Length: 600 * time.Millisecond}.Source())
		law := make([]byte, len(pcm))
		codec.Decode(pcm, call.PCMU, codec.Encode(law, call.PCMU, pcm))
		r := Analyze(pcm)
		if math.Abs(r.Frequency-hz) > hz/100 || math.Abs(r.Level+12) > 1 || r.Purity < 0.98 {
			t.Errorf("%v Hz at -12 dBm0: heard %+v", hz, r)
		}
	}
}

func TestGap(t *testing.T) {
	tone := func(d time.Duration) call.Source {
		return codec.Tone{Hz: []float64{800}, Level: -10, Length: d}.Source()
	}
	pcm := play(t, codec.Silence(200*time.Millisecond), tone(time.Second), codec.Silence(60*time.Millisecond), tone(time.Second),
		codec.Silence(500*time.Millisecond))
	r := Analyze(pcm)
	if d := r.Gap - 60*time.Millisecond; d.Abs() > 5*time.Millisecond {
		t.Errorf("longest gap: got %v, want 60ms", r.Gap)
	}
	if d := r.FirstSound - 200*time.Millisecond; d.Abs() > 5*time.Millisecond {
		t.Errorf("first sound: got %v, want 200ms", r.FirstSound)
	}
	if d := r.Audible - 2*time.Second; d.Abs() > 10*time.Millisecond {
		t.Errorf("audible: got %v, want 2s", r.Audible)
	}
}

func TestSilence(t *testing.T) {
	r := Analyze(make([]int16, 8000))
	if r.Frequency != 0 || r.Level != codec.Quiet || r.Audible != 0 || r.FirstSound != time.Second {
		t.Errorf("silence sounds like %+v", r)
	}
	if r := Analyze(nil); r.Duration != 0 {
		t.Errorf("nothing sounds like %+v", r)
	}
}

func TestRecorderKeepsItsLimit(t *testing.T) {
	r := &Recorder{Limit: 40 * time.Millisecond}
	for i := range 5 {
		if err := r.WriteFrame(call.Frame{Codec: call.PCMA, Payload: make([]byte, call.FrameSamples), Lost: i == 0}); err != nil {
			t.Fatal(err)
		}
	}
	if rep := r.Report(); rep.Duration != 40*time.Millisecond || rep.Concealed != 1 {
		t.Errorf("got %v with %d concealed, want 40ms with 1", rep.Duration, rep.Concealed)
	}
}

func TestReportThroughJSON(t *testing.T) {
	r := Report{1500 * time.Millisecond, 1004, 0.987, -12.1, 2500 * time.Microsecond, time.Second, 500 * time.Millisecond, 3}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b, &back); err != nil || back != r {
		t.Errorf("%s came back as %+v, %v", b, back, err)
	}
}
