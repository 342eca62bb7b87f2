package prompt

import (
	"strconv"
	"time"
)

// A grammar says how a language puts numbers together, as data.
type grammar struct {
	scales   []scale         // largest first
	whole    int             // numbers below this have a recording each
	ordinals int             // so have ordinals up to this
	minus    string          // before a negative number
	keys     map[rune]string // what is spoken key by key
}

type scale struct {
	value int
	name  string
}

var english = &grammar{
	scales: []scale{{1_000_000_000, "digits/billion"}, {1_000_000, "digits/million"}, {1000, "digits/thousand"}, {100, "digits/hundred"}},
	whole:  21, ordinals: 20, minus: "digits/minus",
	keys: map[rune]string{'*': "digits/star", '#': "digits/pound", '+': "letters/plus", '@': "letters/at", '.': "letters/dot",
		'-': "letters/dash", '/': "letters/slash"},
}

func digit(n int) string { return "digits/" + strconv.Itoa(n) }

// Number gives the names that speak n as a cardinal number: 21 is digits/20, digits/1. Negative numbers too.
func (p *Pack) Number(n int) []string {
	if n < 0 {
		if n = -n; n < 0 {
			return nil // the smallest int; nobody has so many messages
		}
		return append([]string{p.speak.minus}, p.speak.cardinal(nil, n)...)
	}
	return p.speak.cardinal(nil, n)
}

func (g *grammar) cardinal(names []string, n int) []string {
	for _, s := range g.scales {
		if n < s.value {
			continue
		}
		names = append(g.cardinal(names, n/s.value), s.name)
		if n %= s.value; n == 0 {
			return names
		}
	}
	if n >= g.whole {
		names = append(names, digit(n-n%10))
		if n %= 10; n == 0 {
			return names
		}
	}
	return append(names, digit(n))
}

// Ordinal gives the names that speak n as an ordinal, 1 to 99: 21 is digits/20, digits/h-1.
func (p *Pack) Ordinal(n int) []string {
	switch {
	case n < 1 || n > 99:
		return nil
	case n <= p.speak.ordinals, n%10 == 0:
		return []string{"digits/h-" + strconv.Itoa(n)}
	}
	return []string{digit(n - n%10), "digits/h-" + strconv.Itoa(n%10)}
}

// Spell gives the names that speak a string key by key: digits, *, #, + and letters; what it cannot say it skips.
func (p *Pack) Spell(s string) (names []string) {
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			names = append(names, "digits/"+string(c))
		case c >= 'a' && c <= 'z':
			names = append(names, "letters/"+string(c))
		case c >= 'A' && c <= 'Z':
			names = append(names, "letters/"+string(c-'A'+'a'))
		case p.speak.keys[c] != "":
			names = append(names, p.speak.keys[c])
		}
	}
	return names
}

// Date gives the names that speak the day of t as seen at now: today, yesterday, a weekday within the last six days,
// or weekday, month and day (and the year, if it is another one). Both times in the listener's time zone.
func (p *Pack) Date(t, now time.Time) []string {
	weekday := "digits/day-" + strconv.Itoa(int(t.Weekday()))
	switch days := daysBetween(t, now); {
	case days == 0:
		return []string{"digits/today"}
	case days == 1:
		return []string{"digits/yesterday"}
	case days > 1 && days < 7:
		return []string{weekday}
	}
	names := append([]string{weekday, "digits/mon-" + strconv.Itoa(int(t.Month())-1)}, p.Ordinal(t.Day())...)
	if t.Year() != now.Year() {
		names = append(names, p.year(t.Year())...)
	}
	return names
}

// daysBetween counts midnights from t to now, each on its own calendar.
func daysBetween(t, now time.Time) int {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(now).Sub(day(t)) / (24 * time.Hour))
}

func (p *Pack) year(y int) []string {
	if y%1000 < 10 || y < 1000 || y > 9999 {
		return p.Number(y)
	}
	if y%100 == 0 {
		return append(p.Number(y/100), "digits/hundred")
	}
	names := p.Number(y / 100)
	if y%100 < 10 {
		names = append(names, "digits/oh")
	}
	return append(names, p.Number(y%100)...)
}

// Time gives the names that speak the time of day of t, in t's time zone.
func (p *Pack) Time(t time.Time) []string {
	half, hour := "digits/a-m", t.Hour()
	if hour >= 12 {
		half = "digits/p-m"
	}
	names := p.Number((hour+11)%12 + 1)
	switch m := t.Minute(); {
	case m == 0:
		names = append(names, "digits/oclock")
	case m < 10:
		names = append(names, "digits/oh", digit(m))
	default:
		names = append(names, p.Number(m)...)
	}
	return append(names, half)
}

// Duration gives the names that speak a length of time in minutes and seconds.
func (p *Pack) Duration(d time.Duration) (names []string) {
	seconds := int(d.Round(time.Second) / time.Second)
	if m := seconds / 60; m > 0 {
		names = append(p.Number(m), plural(m, "minute", "minutes"))
	}
	if s := seconds % 60; s > 0 || len(names) == 0 {
		names = append(append(names, p.Number(s)...), plural(s, "second", "seconds"))
	}
	return names
}

// Messages gives the names that speak "n messages" with the word for the folder in between: "INBOX" (new), "Old"; an
// empty folder leaves the word out.
func (p *Pack) Messages(n int, folder string) []string {
	names := []string{"vm-no"}
	if n != 0 {
		names = p.Number(n)
	}
	if folder != "" {
		names = append(names, "vm-"+folder)
	}
	return append(names, plural(n, "vm-message", "vm-messages"))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
