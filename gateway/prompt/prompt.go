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
	"io"
	"log/slog"
	"time"

	"tandem/gateway/call"
)

// ErrUnknown is returned for a prompt that neither the pack nor the fallback has.
var ErrUnknown = errors.New("prompt: unknown prompt")

// DefaultDir is where Debian puts Asterisk's sound packs.
const DefaultDir = "/usr/share/asterisk/sounds"

// A Library is a set of sound packs.
type Library struct{}

// Open looks for sound packs in dir. A directory that does not exist or is empty is no error: the built-in fallback
// speaks then. A nil logger logs nothing.
func Open(dir string, log *slog.Logger) (*Library, error) { return &Library{}, nil }

// Languages lists the tags of the packs found, sorted, such as "en_US_f_Allison".
func (l *Library) Languages() []string { return nil }

// Pack returns the pack for a language tag: the tag itself, else with its last _part dropped, and so on, then any pack
// of the same language, the directory itself, "en", the fallback. It never fails.
func (l *Library) Pack(lang string) *Pack { return &Pack{} }

// A Pack speaks one language. It may be used from many goroutines.
type Pack struct{}

// Say joins prompts by name ("vm-intro", "digits/5", "beep"); an empty name is skipped. ErrUnknown names what is missing.
func (p *Pack) Say(names ...string) (call.Source, error) { return nil, ErrUnknown }

// Has reports whether Say would find the name, in the pack or the fallback.
func (p *Pack) Has(name string) bool { return false }

// Missing lists the catalogue's names that this pack lacks and the fallback speaks, sorted.
func (p *Pack) Missing() []string { return nil }

// Number gives the names that speak n as a cardinal number: 21 is digits/20, digits/1. Negative numbers too.
func (p *Pack) Number(n int) []string { return nil }

// Ordinal gives the names that speak n as an ordinal, 1 to 99: 21 is digits/20, digits/h-1.
func (p *Pack) Ordinal(n int) []string { return nil }

// Spell gives the names that speak a string key by key: digits, *, #, + and letters; what it cannot say it skips.
func (p *Pack) Spell(s string) []string { return nil }

// Date gives the names that speak the day of t as seen at now: today, yesterday, a weekday within the last six days,
// or weekday, month and day (and the year, if it is another one). Both times in the listener's time zone.
func (p *Pack) Date(t, now time.Time) []string { return nil }

// Time gives the names that speak the time of day of t, in t's time zone.
func (p *Pack) Time(t time.Time) []string { return nil }

// Duration gives the names that speak a length of time in minutes and seconds.
func (p *Pack) Duration(d time.Duration) []string { return nil }

// Messages gives the names that speak "n messages" with the word for the folder in between: "INBOX" (new), "Old".
func (p *Pack) Messages(n int, folder string) []string { return nil }

// Entry is one line of the catalogue.
type Entry struct {
	Name string // "vm-intro", "digits/1"
	Text string // what it says, in English
	Used string // where: "deposit", "retrieval", "attendant", "numbers"
}

// Catalogue lists every prompt the program may say, in the catalogue's order.
func Catalogue() []Entry { return nil }

// Join plays sources one after the other without a gap.
func Join(srcs ...call.Source) call.Source { return nil }

// Silence is silent for d, rounded up to whole frames.
func Silence(d time.Duration) call.Source { return nil }

// Beep is the recording tone, made here and not from a file: 1000 Hz for 250 ms.
func Beep() call.Source { return nil }

// Frames plays G.711 of one law as it was recorded (call.Frame payloads in a row), streaming from r.
func Frames(c call.Codec, r io.Reader) call.Source { return nil }

// WAV plays a WAV file of 8000 Hz mono: 16-bit linear, µ-law or A-law.
func WAV(r io.Reader) (call.Source, error) { return nil, io.ErrUnexpectedEOF }

// WAVHeader is the header of a G.711 WAV file with n bytes of audio: header and recorded bytes together are a file.
func WAVHeader(c call.Codec, n int64) []byte { return nil }

// Level is the level of a recorded frame in dBm0: about -10 for speech, below -45 for a quiet line, -96 for silence.
func Level(f call.Frame) float64 { return 0 }
