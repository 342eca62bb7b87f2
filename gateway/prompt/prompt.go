// Package prompt speaks: recorded prompts by name, numbers, dates, beeps, as call.Sources to play on a leg.
//
// A Library is a directory of sound packs in Asterisk's layout (<lang>[_REGION[_style]]/<name>.<ext>, with digits/,
// letters/, …). A Pack is one language of it. Every name that the program itself uses stands in the Catalogue with its
// words, and has a synthesized recording inside the binary, so that a machine without any pack is never mute.
//
//	lib, err := prompt.Open("/usr/share/asterisk/sounds", logger)
//	en := lib.Pack("en")
//	src, err := en.Say(append(en.Messages(3, "INBOX"), "vm-first")...)
//	err = leg.Play(ctx, src)
package prompt

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// ErrUnknown is returned for a prompt that neither the pack nor the fallback has.
var ErrUnknown = errors.New("prompt: unknown prompt")

// A Pack speaks one language. It may be used from many goroutines.
type Pack struct {
	lib   *Library
	dirs  []string // of the library, in the order they are asked
	speak *grammar

	mu    sync.Mutex
	kept  map[string][]int16
	size  int // samples kept
	spare atomic.Uint64
}

// Limits: one prompt, and what a pack keeps in memory.
const (
	maxSamples = 10 * 60 * call.SampleRate
	maxKept    = 16 << 20
)

// Say joins prompts by name ("vm-intro", "digits/5", "beep", "silence/2"); an empty name is skipped. ErrUnknown names
// what is missing.
func (p *Pack) Say(names ...string) (call.Source, error) {
	var srcs []call.Source
	for _, name := range names {
		if name == "" {
			continue
		}
		src, err := p.source(name)
		if err != nil {
			return nil, err
		}
		srcs = append(srcs, src)
	}
	return codec.Join(srcs...), nil
}

func (p *Pack) source(name string) (call.Source, error) {
	if src := made(name); src != nil {
		return src, nil
	}
	pcm, err := p.recording(name)
	if err != nil {
		return nil, err
	}
	return codec.Linear(pcm), nil
}

// recording finds a prompt: in memory, in the pack, in the fallback.
func (p *Pack) recording(name string) ([]int16, error) {
	p.mu.Lock()
	pcm, ok := p.kept[name]
	p.mu.Unlock()
	if ok {
		return pcm, nil
	}
	pcm = p.lib.find(p.dirs, name)
	if pcm == nil {
		if pcm = fallback(name); pcm == nil {
			return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
		}
		p.spare.Add(1)
		p.lib.log.Debug("prompt not in the sound pack, using the built-in voice", "prompt", name)
	}
	p.keep(name, pcm)
	return pcm, nil
}

func (p *Pack) keep(name string, pcm []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.size+len(pcm) > maxKept {
		clear(p.kept)
		p.size = 0
	}
	p.kept[name] = pcm
	p.size += len(pcm)
}

// Has reports whether Say would find the name, in the pack or the fallback.
func (p *Pack) Has(name string) bool {
	_, err := p.source(name)
	return err == nil
}

// Missing lists the catalogue's names that this pack lacks and the fallback speaks, in the catalogue's order.
func (p *Pack) Missing() (names []string) {
	for _, e := range Catalogue() {
		if p.lib.find(p.dirs, e.Name) == nil {
			names = append(names, e.Name)
		}
	}
	return names
}

// Fallbacks counts the prompts for which the built-in voice had to step in.
func (p *Pack) Fallbacks() uint64 { return p.spare.Load() }
