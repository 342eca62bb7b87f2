package prompt

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/gateway/codec/measure"
)

func TestSpeak(t *testing.T) {
	s, err := FindSynthesizer()
	if err != nil {
		t.Fatal("flite is missing: install the package flite, or run make test, which does: ", err)
	}
	src, err := s.Speak(t.Context(), "en", "-o /nowhere  Good morning.\nPress 1 for the \x00 office.")
	if err != nil {
		t.Fatal(err)
	}
	pcm := drain(t, src)
	if r := measure.Analyze(pcm); r.Audible < time.Second {
		t.Errorf("heard %+v", r)
	}
	again, err := s.Speak(t.Context(), "en_GB", "-o /nowhere Good morning. Press 1 for the office.")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(pcm, drain(t, again)) {
		t.Error("the same text sounds different")
	}
	if len(s.kept) != 1 {
		t.Errorf("%d texts kept, want 1", len(s.kept))
	}
	if _, err := s.Speak(t.Context(), "de", "Guten Tag"); !errors.Is(err, ErrNoSpeech) {
		t.Errorf("German: got %v, want ErrNoSpeech", err)
	}
	if _, err := s.Speak(t.Context(), "en", strings.Repeat("word ", 500)); err == nil {
		t.Error("a text without end was spoken")
	}
}
