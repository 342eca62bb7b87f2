package attendant

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A World knows what exists outside of a document, for Validate. A nil function knows nothing and refuses nothing.
type World struct {
	Sound   func(name string) bool // in the sound pack
	Audio   func(id uuid.UUID) bool
	User    func(aor string) bool
	Mailbox func(aor string) bool
	Menu    func(name string) bool // another menu
	Speech  bool                   // texts can be spoken
}

var (
	menuName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	aorForm  = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	keyForm  = regexp.MustCompile(`^[0-9*#]$`)
)

// A checker collects everything that is wrong with a menu.
type checker struct {
	world World
	errs  []error
}

func (c *checker) wrong(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// Validate says everything that is wrong with a menu, each problem in a sentence that begins with the field, or nil.
func (m Menu) Validate(w World) error {
	c := &checker{world: w}
	if !menuName.MatchString(m.Name) {
		c.wrong("name: %q must be 1 to 63 small letters, digits and hyphens", m.Name)
	}
	if len(m.Prompt) == 0 {
		c.wrong("prompt: must say something")
	}
	c.prompt("prompt", m.Prompt)
	c.prompt("prompt_again", m.Again)
	c.prompt("invalid_prompt", m.InvalidPrompt)
	c.options(m)
	for field, t := range map[string]*Target{"operator": m.Operator, "no_input": m.NoInput, "invalid": m.Invalid} {
		if t != nil {
			c.target(field, m.Name, *t)
			if t.Repeat {
				c.wrong("%s: repeat would go on for ever", field)
			}
		}
	}
	if m.TimeoutS != 0 && (m.TimeoutS < 1 || m.TimeoutS > maxTimeout.Seconds()) {
		c.wrong("timeout_s: %v must be from 1 to %v", m.TimeoutS, maxTimeout.Seconds())
	}
	if m.Retries != nil && (*m.Retries < 0 || *m.Retries > maxRetries) {
		c.wrong("retries: %d must be from 0 to %d", *m.Retries, maxRetries)
	}
	slices.SortStableFunc(c.errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(c.errs...)
}

func (c *checker) options(m Menu) {
	if len(m.Options) == 0 && m.NoInput == nil {
		c.wrong("options: there is no way out of this menu")
	}
	for _, key := range slices.Sorted(maps.Keys(m.Options)) {
		if !keyForm.MatchString(key) {
			c.wrong("options: %q is not a key: 0 to 9, * or #", key)
		}
		c.target("options "+key, m.Name, m.Options[key])
	}
	if _, taken := m.Options["0"]; taken && m.Operator != nil {
		c.wrong("operator: key 0 is an option already")
	}
}

func (c *checker) prompt(field string, p Prompt) {
	if len(p) > maxPieces {
		c.wrong("%s: %d pieces are more than %d", field, len(p), maxPieces)
	}
	for i, piece := range p {
		c.piece(fmt.Sprintf("%s %d", field, i+1), piece)
	}
}

func (c *checker) piece(field string, p Piece) {
	set := 0
	for _, is := range []bool{p.Sound != "", p.Audio != uuid.Nil, p.Spell != "", p.Text != ""} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		c.wrong("%s: must be one of sound, audio, spell, text", field)
	case p.Sound != "" && c.world.Sound != nil && !c.world.Sound(p.Sound):
		c.wrong("%s: there is no sound %q", field, p.Sound)
	case p.Audio != uuid.Nil && c.world.Audio != nil && !c.world.Audio(p.Audio):
		c.wrong("%s: there is no recording %v", field, p.Audio)
	case p.Text != "" && !c.world.Speech:
		c.wrong("%s: a text needs a speech service, and none is configured: record it or name a sound", field)
	}
}

func (c *checker) target(field, self string, t Target) {
	set := 0
	for _, is := range []bool{t.User != "", t.Number != "", t.Mailbox != "", t.Menu != "", t.Hangup, t.Repeat} {
		if is {
			set++
		}
	}
	switch {
	case set != 1:
		c.wrong("%s: must be one of user, number, mailbox, menu, hangup, repeat", field)
	case t.User != "":
		c.address(field, "user", t.User, c.world.User)
	case t.Mailbox != "":
		c.address(field, "mailbox", t.Mailbox, c.world.Mailbox)
	case t.Number != "" && !e164.MatchString(t.Number):
		c.wrong("%s: number %q must be + and the international number", field, t.Number)
	case t.Menu != "" && t.Menu != self && c.world.Menu != nil && !c.world.Menu(t.Menu):
		c.wrong("%s: there is no menu %q", field, t.Menu)
	}
}

func (c *checker) address(field, what, aor string, known func(string) bool) {
	switch {
	case !aorForm.MatchString(aor):
		c.wrong("%s: %s %q must look like name@domain", field, what, aor)
	case known != nil && !known(aor):
		c.wrong("%s: there is no %s %s", field, what, aor)
	}
}
