package prompt

import (
	"embed"
	_ "embed" // the catalogue is one file
	"path"
	"strings"

	"tandem/gateway/codec"
)

// Entry is one line of the catalogue.
type Entry struct {
	Name string // "vm-intro", "digits/1"
	Used string // where: "deposit", "retrieval", "options", "attendant", "numbers", "dates", "letters", "general"
	Text string // what it says, in English
}

//go:embed catalogue.tsv
var catalogue string

//go:generate fallback/generate.sh

//go:embed fallback/*.wav fallback/*/*.wav
var voice embed.FS

// Catalogue lists every prompt the program may say, in the catalogue's order.
func Catalogue() (entries []Entry) {
	for line := range strings.Lines(catalogue) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 && !strings.HasPrefix(line, "#") {
			entries = append(entries, Entry{f[0], f[1], f[2]})
		}
	}
	return entries
}

// fallback is the built-in recording of a prompt, nil if there is none.
func fallback(name string) []int16 {
	pcm, err := load(voice, path.Join("fallback", name+".wav"), codec.ReadWAV)
	if err != nil {
		return nil
	}
	return pcm
}
