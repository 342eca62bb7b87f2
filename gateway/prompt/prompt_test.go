package prompt

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
)

func open(t *testing.T, dir string) *Library {
	t.Helper()
	l, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func drain(t *testing.T, src call.Source) (pcm []int16) {
	t.Helper()
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

// say plays prompts and returns what is heard.
func say(t *testing.T, p *Pack, names ...string) measure.Report {
	t.Helper()
	src, err := p.Say(names...)
	if err != nil {
		t.Fatal(err)
	}
	return measure.Analyze(drain(t, src))
}

// write puts a prompt of one tone into a pack.
func write(t *testing.T, file string, hz float64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	pcm := drain(t, codec.Tone{Hz: []float64{hz}, Level: -10, Length: 200 * time.Millisecond}.Source())
	data := codec.Encode(make([]byte, len(pcm)), call.PCMA, pcm)
	if strings.HasSuffix(file, ".wav") {
		data = append(codec.Header(call.PCMA, int64(len(data))), data...)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEveryEntryHasAnAudibleFallback(t *testing.T) {
	p := open(t, "").Pack("en")
	names := map[string]bool{}
	for _, e := range Catalogue() {
		if names[e.Name] {
			t.Errorf("%s stands twice in the catalogue", e.Name)
		}
		names[e.Name] = true
		src, err := p.Say(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		if pcm := drain(t, src); len(pcm) < 800 || codec.Level(pcm) < -30 {
			t.Errorf("%s: %q is not heard: %d samples at %.0f dBm0", e.Name, e.Text, len(pcm), codec.Level(pcm))
		}
	}
	if len(names) < 200 {
		t.Errorf("only %d entries", len(names))
	}
	files, err := fs.Glob(voice, "fallback/*/*.wav")
	if err != nil {
		t.Fatal(err)
	}
	top, _ := fs.Glob(voice, "fallback/*.wav")
	for _, f := range append(files, top...) {
		name := strings.TrimSuffix(strings.TrimPrefix(f, "fallback/"), ".wav")
		if !names[name] {
			t.Errorf("%s is not in the catalogue", f)
		}
	}
	if p.Fallbacks() == 0 {
		t.Error("the fallback is not counted")
	}
}

func TestEverythingSpokenIsInTheCatalogue(t *testing.T) {
	p := open(t, "").Pack("en")
	check := func(what any, names []string) {
		t.Helper()
		if len(names) == 0 {
			t.Errorf("%v: nothing to say", what)
		}
		if _, err := p.Say(names...); err != nil {
			t.Errorf("%v: %v", what, err)
		}
	}
	for n := range 100 {
		check(n, p.Number(n))
		if n > 0 {
			check(n, p.Ordinal(n))
		}
	}
	for _, n := range []int{-7, 100, 101, 999, 1000, 12_345, 1_000_000, 2_000_000_021} {
		check(n, p.Number(n))
	}
	check("keys", p.Spell("+1 (555) 123-0000*#@./aBz"))
	now := time.Date(2026, 11, 23, 15, 4, 0, 0, time.UTC)
	for d := range 800 {
		at := now.Add(-time.Duration(d) * (24*time.Hour + 97*time.Minute))
		check(at, append(p.Date(at, now), p.Time(at)...))
	}
	for _, y := range []int{1900, 1905, 1999, 2000, 2005, 2010} {
		check(y, p.Date(time.Date(y, 1, 31, 0, 0, 0, 0, time.UTC), now))
	}
	check("length", p.Duration(61*time.Second))
	for _, folder := range []string{"INBOX", "Old", "Urgent", ""} {
		check(folder, p.Messages(0, folder))
		check(folder, p.Messages(1, folder))
		check(folder, p.Messages(22, folder))
	}
}

func TestSpokenForms(t *testing.T) {
	p := open(t, "").Pack("en")
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // a Monday
	for _, c := range []struct {
		what string
		got  []string
		want string
	}{
		{"0", p.Number(0), "digits/0"},
		{"21", p.Number(21), "digits/20 digits/1"},
		{"30", p.Number(30), "digits/30"},
		{"110", p.Number(110), "digits/1 digits/hundred digits/10"},
		{"-4", p.Number(-4), "digits/minus digits/4"},
		{"70015", p.Number(70015), "digits/70 digits/thousand digits/15"},
		{"31st", p.Ordinal(31), "digits/30 digits/h-1"},
		{"30th", p.Ordinal(30), "digits/h-30"},
		{"today", p.Date(now.Add(-8*time.Hour), now), "digits/today"},
		{"yesterday, ten hours ago", p.Date(now.Add(-10*time.Hour), now), "digits/yesterday"},
		{"six days ago", p.Date(now.AddDate(0, 0, -6), now), "digits/day-2"},
		{"a week ago", p.Date(now.AddDate(0, 0, -7), now), "digits/day-1 digits/mon-10 digits/h-16"},
		{"last year", p.Date(now.AddDate(-1, 0, 0), now), "digits/day-0 digits/mon-10 digits/20 digits/h-3 digits/20 digits/20 digits/5"},
		{"midnight", p.Time(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), "digits/12 digits/oclock digits/a-m"},
		{"noon and five", p.Time(time.Date(2026, 1, 1, 12, 5, 0, 0, time.UTC)), "digits/12 digits/oh digits/5 digits/p-m"},
		{"23:45", p.Time(time.Date(2026, 1, 1, 23, 45, 0, 0, time.UTC)), "digits/11 digits/40 digits/5 digits/p-m"},
		{"number", p.Spell("+49 30*"), "letters/plus digits/4 digits/9 digits/3 digits/0 digits/star"},
		{"one", p.Messages(1, "INBOX"), "digits/1 vm-INBOX vm-message"},
		{"none", p.Messages(0, "Old"), "vm-no vm-Old vm-messages"},
		{"90 s", p.Duration(90 * time.Second), "digits/1 minute digits/30 seconds"},
	} {
		if got := strings.Join(c.got, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestLookup(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "en_GB_m_Bob", "vm-intro.wav"), 500)
	write(t, filepath.Join(dir, "de", "vm-intro.wav"), 700)
	write(t, filepath.Join(dir, "de_AT", "hello.alaw"), 900)
	write(t, filepath.Join(dir, "vm-goodbye.wav"), 1100)
	write(t, filepath.Join(dir, "digits", "1.wav"), 1300)
	l := open(t, dir)
	if got := l.Languages(); !slices.Equal(got, []string{"de", "de_AT", "en_GB_m_Bob"}) {
		t.Errorf("languages: %v", got)
	}
	for _, c := range []struct {
		lang, name string
		hz         float64
	}{
		{"en", "vm-intro", 500},          // any pack of the language
		{"en_GB_m_Bob", "vm-intro", 500}, // the tag itself
		{"de_AT_w", "hello", 900},        // one part dropped
		{"de-AT", "vm-intro", 700},       // two parts dropped, other spelling
		{"fr", "vm-goodbye", 1100},       // no language
		{"fr", "digits/1", 1300},         // a directory of prompts is no language
		{"de", "vm-goodbye", 1100},       // no language
		{"fr", "vm-intro", 500},          // English
	} {
		if r := say(t, l.Pack(c.lang), c.name); r.Frequency < c.hz-10 || r.Frequency > c.hz+10 {
			t.Errorf("%s in %q: heard %.0f Hz, want %.0f", c.name, c.lang, r.Frequency, c.hz)
		}
	}
	p := l.Pack("en")
	if missing := p.Missing(); slices.Contains(missing, "vm-intro") || !slices.Contains(missing, "vm-youhave") {
		t.Errorf("missing: %v", missing)
	}
	if !p.Has("vm-youhave") || p.Has("vm-nonsense") {
		t.Error("Has does not know the fallback from nothing")
	}
	if l.Pack("en") != p {
		t.Error("the same pack is made twice")
	}
}

func TestNamesDoNotLeaveThePack(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret.wav"), 500)
	write(t, filepath.Join(dir, "sounds", "en", "hello.wav"), 500)
	p := open(t, filepath.Join(dir, "sounds")).Pack("en")
	for _, name := range []string{"../secret", "en/../../secret", filepath.Join(dir, "secret"), "../../secret", "."} {
		if _, err := p.Say(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: got %v, want ErrUnknown", name, err)
		}
	}
}

func TestBrokenFileFallsBack(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "en"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "en", "vm-intro.wav"), []byte("no sound"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := say(t, open(t, dir).Pack("en"), "vm-intro"); r.Audible < time.Second {
		t.Errorf("heard %+v, want the fallback", r)
	}
}

func TestBeepAndSilence(t *testing.T) {
	p := open(t, "").Pack("en")
	r := say(t, p, "silence/1", "", "beep")
	if r.FirstSound < 990*time.Millisecond || r.FirstSound > 1010*time.Millisecond || r.Frequency < 990 || r.Frequency > 1010 {
		t.Errorf("heard %+v, want 1000 Hz after a second", r)
	}
}

func TestWAVOfRecordedFrames(t *testing.T) {
	data := codec.Encode(make([]byte, 480), call.PCMU, drain(t, codec.Tone{Hz: []float64{900}, Level: -10, Length: 60 * time.Millisecond}.Source()))
	file := append(WAVHeader(call.PCMU, int64(len(data))), data...)
	src, err := WAV(strings.NewReader(string(file)))
	if err != nil {
		t.Fatal(err)
	}
	if again := drain(t, Frames(call.PCMU, strings.NewReader(string(data)))); !slices.Equal(drain(t, src), again) {
		t.Error("the file and the frames sound different")
	}
	if l := Level(call.Frame{Codec: call.PCMU, Payload: data[:160]}); l < -11 || l > -9 {
		t.Errorf("level: got %.1f, want -10", l)
	}
}

// TestAsterisk speaks with a pack as it is installed.
func TestAsterisk(t *testing.T) {
	l := open(t, DefaultDir)
	if len(l.Languages()) == 0 {
		t.Fatal("the sound pack is missing: install the package asterisk-core-sounds-en-wav, or run make test, which does")
	}
	p := l.Pack("en")
	for _, e := range Catalogue() {
		if pcm := l.find(p.dirs, e.Name); pcm != nil && codec.Level(pcm) < -40 {
			t.Errorf("%s is not heard", e.Name)
		}
	}
	t.Log("spoken by the fallback:", p.Missing())
}
