package account

import (
	"cmp"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	userPart = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$`)
	domain   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// Lengths of a password. The lower bound is for guessing, the upper one for the work of hashing.
const (
	minPassword = 10
	maxPassword = 256
)

func canonical(aor string) string { return strings.ToLower(strings.TrimSpace(aor)) }

// complete gives a bare name the domain.
func complete(aor, domain string) string {
	aor = canonical(aor)
	if domain != "" && aor != "" && !strings.Contains(aor, "@") {
		aor += "@" + strings.ToLower(domain)
	}
	return aor
}

// ServerPrefix begins the names in the certificates of server peers. Nobody else may be called so: who is, may say
// that a telephone number calls.
const ServerPrefix = "peer-"

// Problems gives everything that CreateUser would refuse of n in an overlay, besides an address that is taken.
func (n NewUser) Problems(overlay string) []*InvalidError {
	full, err := NewUser{AoR: n.AoR, Role: n.Role}.complete(overlay)
	checks := []error{err}
	if n.Password != "" {
		checks = append(checks, checkPassword(full.AoR, n.Password))
	}
	if n.Name != "" {
		checks = append(checks, Change{Name: &n.Name}.check())
	}
	if n.RingFor != 0 {
		checks = append(checks, Change{RingFor: &n.RingFor}.check())
	}
	if n.Language != "" {
		checks = append(checks, Change{Language: &n.Language}.check())
	}
	if n.TimeZone != "" {
		checks = append(checks, Change{TimeZone: &n.TimeZone}.check())
	}
	checks = append(checks, Change{CallerNumber: &n.CallerNumber}.check())
	var problems []*InvalidError
	for _, err := range checks {
		var p *InvalidError
		if errors.As(err, &p) {
			problems = append(problems, p)
		}
	}
	return problems
}

// complete fills in defaults and checks every field.
func (n NewUser) complete(overlay string) (NewUser, error) {
	n.AoR = complete(n.AoR, overlay)
	name, host, _ := strings.Cut(n.AoR, "@")
	switch {
	case !userPart.MatchString(name):
		return n, &InvalidError{"aor", "use a name of small letters, digits, dots and dashes, such as alice"}
	case strings.Trim(name, "0123456789.-") == "":
		return n, &InvalidError{"aor", "needs a letter: digits alone are dialed as a telephone number"}
	case name == "voicemail" || name == "anonymous" || strings.HasPrefix(name, ServerPrefix):
		return n, &InvalidError{"aor", "cannot be " + name + ": that name is taken by the telephone"}
	case !domain.MatchString(host), overlay != "" && host != strings.ToLower(overlay):
		return n, &InvalidError{"aor", "must end in @" + cmp.Or(overlay, "domain")}
	case n.Role != "" && n.Role != RoleUser && n.Role != RoleAdministrator:
		return n, &InvalidError{"role", "is user or administrator"}
	}
	n.Name = strings.TrimSpace(cmp.Or(n.Name, name))
	n.Role = cmp.Or(n.Role, RoleUser)
	n.RingFor = cmp.Or(n.RingFor, 25*time.Second)
	n.Language = cmp.Or(n.Language, "en")
	n.TimeZone = cmp.Or(n.TimeZone, "UTC")
	return n, Change{Name: &n.Name, CallerNumber: &n.CallerNumber, RingFor: &n.RingFor, Language: &n.Language, TimeZone: &n.TimeZone}.check()
}

func (c Change) check() error {
	if c.Name != nil && !presentable(*c.Name) {
		return &InvalidError{"name", "must have 1 to 100 printable characters"}
	}
	if c.CallerNumber != nil && *c.CallerNumber != "" && !e164.MatchString(*c.CallerNumber) {
		return &InvalidError{"caller_number", "must be an international number, such as +15551234567"}
	}
	if c.RingFor != nil && (*c.RingFor < time.Second || *c.RingFor > 3*time.Minute) {
		return &InvalidError{"ring", "must be between 1 second and 3 minutes"}
	}
	if c.Language != nil && !language.MatchString(*c.Language) {
		return &InvalidError{"language", "must be a language tag, such as en"}
	}
	if c.TimeZone != nil && !zoneExists(*c.TimeZone) {
		return &InvalidError{"timezone", "must be a time zone, such as Europe/Berlin"}
	}
	return nil
}

func presentable(name string) bool {
	return strings.TrimSpace(name) != "" && utf8.RuneCountInString(name) <= 100 && utf8.ValidString(name) &&
		strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func zoneExists(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// checkPassword refuses what is too short, too long, or the address itself.
func checkPassword(aor, password string) error {
	name, _, _ := strings.Cut(aor, "@")
	lower := strings.ToLower(password)
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return &InvalidError{"password", "must have at least 10 characters"}
	case len(password) > maxPassword, !utf8.ValidString(password), strings.ContainsRune(password, 0):
		return &InvalidError{"password", "must have at most 256 bytes of text"}
	case lower == aor, strings.Trim(lower, name) == "", strings.Count(lower, lower[:1]) == len(lower):
		return &InvalidError{"password", "is too easy to guess"}
	}
	return nil
}
