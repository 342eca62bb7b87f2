package prompt

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

// DefaultDir is where Debian puts Asterisk's sound packs.
const DefaultDir = "/usr/share/asterisk/sounds"

// A Library is a set of sound packs.
type Library struct {
	log   *slog.Logger
	files fs.FS    // nil: nothing but the fallback
	tags  []string // of the packs, sorted

	packs packs
}

// Open looks for sound packs in dir. A directory that does not exist or is empty is no error: the built-in fallback
// speaks then. A nil logger logs nothing.
func Open(dir string, log *slog.Logger) (*Library, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &Library{log: log}
	if dir == "" {
		return l, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		log.Warn("no sound packs, the built-in voice speaks", "dir", dir)
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	l.files = os.DirFS(dir)
	for _, e := range entries {
		if info, err := fs.Stat(l.files, e.Name()); err == nil && info.IsDir() && language(e.Name()) {
			l.tags = append(l.tags, e.Name())
		}
	}
	slices.Sort(l.tags)
	return l, nil
}

// language tells a language's directory ("en", "pt_BR") from the directories of prompts in a pack without one.
func language(name string) bool {
	code, _, _ := strings.Cut(name, "_")
	return (len(code) == 2 || len(code) == 3) && strings.ToLower(code) == code
}

// Languages lists the tags of the packs found, sorted, such as "en_US_f_Allison".
func (l *Library) Languages() []string { return slices.Clone(l.tags) }

// Pack returns the pack for a language tag: the tag itself, else with its last _part dropped, and so on, then any pack
// of the same language, the directory itself, "en", the fallback. It never fails.
func (l *Library) Pack(lang string) *Pack {
	lang = strings.ReplaceAll(lang, "-", "_")
	return l.packs.get(lang, func() *Pack {
		return &Pack{lib: l, dirs: l.search(lang), speak: english, kept: make(map[string][]int16)}
	})
}

// search lists the directories in which a language's prompts are looked for, as Asterisk does.
func (l *Library) search(lang string) (dirs []string) {
	add := func(d string) {
		if !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	for _, tag := range [2]string{lang, "en"} {
		for t := tag; t != ""; t = t[:max(0, strings.LastIndexByte(t, '_'))] {
			if slices.Contains(l.tags, t) {
				add(t)
			}
		}
		code, _, _ := strings.Cut(tag, "_")
		for _, t := range l.tags {
			if strings.HasPrefix(t, code+"_") {
				add(t)
			}
		}
		add(".")
	}
	return dirs
}

// formats are the files a prompt may be in, best first. WAV says itself what it is; the others are bare samples.
var formats = []struct {
	ext  string
	open func(io.Reader) (call.Source, error)
}{
	{".wav", codec.ReadWAV},
	{".ulaw", bare(call.PCMU)},
	{".alaw", bare(call.PCMA)},
}

func bare(c call.Codec) func(io.Reader) (call.Source, error) {
	return func(r io.Reader) (call.Source, error) { return codec.Coded(c, r), nil }
}

// find reads a prompt from the first of dirs that has it; nil if none does, or none can be played.
func (l *Library) find(dirs []string, name string) []int16 {
	if l.files == nil || !fs.ValidPath(name) {
		return nil
	}
	for _, dir := range dirs {
		for _, f := range formats {
			file := path.Join(dir, name+f.ext)
			pcm, err := load(l.files, file, f.open)
			if err == nil {
				return pcm
			}
			if !errors.Is(err, fs.ErrNotExist) {
				l.log.Warn("cannot play a prompt of the sound pack", "file", file, "error", err)
			}
		}
	}
	return nil
}

func load(files fs.FS, file string, open func(io.Reader) (call.Source, error)) ([]int16, error) {
	f, err := files.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := open(f)
	if err != nil {
		return nil, err
	}
	return samples(src)
}

// samples reads a source to its end. It is never nil without an error.
func samples(src call.Source) ([]int16, error) {
	pcm := []int16{}
	for len(pcm) < maxSamples {
		var f call.PCM
		err := src.ReadFrame(&f)
		if errors.Is(err, io.EOF) {
			return trim(pcm), nil
		}
		if err != nil {
			return nil, err
		}
		pcm = append(pcm, f[:]...)
	}
	return pcm, nil
}

// trim drops the zeros that fill the last frame, so that words follow each other as they were recorded.
func trim(pcm []int16) []int16 {
	n := len(pcm)
	for n > 0 && len(pcm)-n < call.FrameSamples && pcm[n-1] == 0 {
		n--
	}
	return pcm[:cmp.Or(n, len(pcm))]
}
