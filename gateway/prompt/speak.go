package prompt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// ErrNoSpeech is returned when there is nothing that could speak a text.
var ErrNoSpeech = errors.New("prompt: no speech synthesizer")

// A Synthesizer speaks any text, with the voice of the built-in prompts. It keeps what it has spoken.
type Synthesizer struct {
	program string

	mu   sync.Mutex
	kept map[string][]int16
	size int
	busy chan struct{} // bounds the programs that run at once
}

const (
	maxText   = 2000 // characters
	speakTime = 20 * time.Second
	maxSpeak  = 2 // programs at once
)

// FindSynthesizer looks for the program flite. ErrNoSpeech: it is not installed.
func FindSynthesizer() (*Synthesizer, error) {
	program, err := exec.LookPath("flite")
	if err != nil {
		return nil, fmt.Errorf("%w: flite is not installed", ErrNoSpeech)
	}
	return &Synthesizer{program: program, kept: make(map[string][]int16), busy: make(chan struct{}, maxSpeak)}, nil
}

// Speak speaks a text of at most 2000 characters. Only English is spoken; another language is ErrNoSpeech.
func (s *Synthesizer) Speak(ctx context.Context, language, text string) (call.Source, error) {
	if code, _, _ := strings.Cut(strings.ReplaceAll(language, "-", "_"), "_"); code != "en" && code != "" {
		return nil, fmt.Errorf("%w for %q", ErrNoSpeech, language)
	}
	if text = printable(text); len(text) > maxText {
		return nil, fmt.Errorf("prompt: a text of %d characters is too long to speak", len(text))
	}
	if pcm := s.known(text); pcm != nil {
		return codec.Linear(pcm), nil
	}
	select {
	case s.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.busy }()
	pcm, err := s.render(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("speak a text: %w", err)
	}
	s.keep(text, pcm)
	return codec.Linear(pcm), nil
}

// printable keeps what can be spoken: no control characters, spaces once.
func printable(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

func (s *Synthesizer) known(text string) []int16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[text]
}

func (s *Synthesizer) keep(text string, pcm []int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+len(pcm) > maxKept {
		clear(s.kept)
		s.size = 0
	}
	if s.kept[text] == nil {
		s.size += len(pcm)
	}
	s.kept[text] = pcm
}

// render runs the program. The text travels in a file, so none of it is taken for an option.
func (s *Synthesizer) render(ctx context.Context, text string) ([]int16, error) {
	dir, err := os.MkdirTemp("", "tandem-speech-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "text"), filepath.Join(dir, "speech.wav")
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, speakTime)
	defer cancel()
	if msg, err := exec.CommandContext(ctx, s.program, "-voice", "rms", "-f", in, "-o", out).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("flite: %w: %.200s", err, msg)
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := codec.ReadWAV(f)
	if err != nil {
		return nil, err
	}
	return samples(src)
}
