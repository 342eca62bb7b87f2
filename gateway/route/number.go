package route

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// E164 is a telephone number in full: a plus and up to fifteen digits.
type E164 string

// LogValue hides the last four digits: numbers are personal.
func (n E164) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// Masked is the number without its last four digits.
func (n E164) Masked() string {
	if len(n) <= 6 {
		return string(n)
	}
	return string(n[:len(n)-4]) + "xxxx"
}

// The lengths of a number without its plus, and of anything worth reading as one.
const (
	minDigits = 5
	maxDigits = 15
	maxDialed = 128
)

// Normalize reads what somebody dialed in a region (ISO 3166, "US") as a number: with plus, with the region's
// international prefix (00, 011, …), national, as a tel: or sip: URI, %2B-escaped, with visual separators
// (RFC 3966 §5.1.1) and parameters. A tel: number that is local to a phone-context is read in that context. The
// error is ErrNotANumber, or ErrEmergency for an emergency number of the region.
//
// A number need not be assigned to anybody, only possible in its country.
func Normalize(dialed, region string) (E164, error) {
	digits, err := dialString(dialed)
	if err != nil {
		return "", err
	}
	if digits[0] != '+' && phonenumbers.ConnectsToEmergencyNumber(digits, region) {
		return "", fmt.Errorf("dialed %s: %w", digits, ErrEmergency)
	}
	e, ok := parse(digits, region)
	if again, _ := parse(string(e), region); !ok || again != e {
		return "", notANumber(dialed) // a trunk prefix within the number: it would be another number to the next reader
	}
	return e, nil
}

func parse(digits, region string) (E164, bool) {
	n, err := phonenumbers.Parse(digits, region)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", false
	}
	e := E164(phonenumbers.Format(n, phonenumbers.E164))
	return e, e.Valid()
}

// Valid says whether n has the form of an E.164 number.
func (n E164) Valid() bool {
	if len(n) < minDigits+1 || len(n) > maxDigits+1 || n[0] != '+' || n[1] == '0' {
		return false
	}
	return onlyDigits(string(n[1:]))
}

// IsDialString says whether s is written like a number rather than like a name: digits and separators only.
func IsDialString(s string) bool {
	_, err := dialString(s)
	return err == nil
}

// dialString strips scheme, host, parameters, escapes and separators, and leaves digits with an optional plus.
func dialString(dialed string) (string, error) {
	if len(dialed) > maxDialed {
		return "", notANumber(dialed[:maxDialed])
	}
	s, context := trimURI(strings.TrimSpace(dialed))
	digits, ok := stripSeparators(s)
	if ok && digits != "" && digits[0] != '+' && context != "" {
		digits, ok = inContext(digits, context)
	}
	if !ok || len(strings.TrimPrefix(digits, "+")) == 0 {
		return "", notANumber(dialed)
	}
	return digits, nil
}

// trimURI takes the number out of a tel: or sip: URI and returns its phone-context with it.
func trimURI(s string) (number, context string) {
	scheme, rest, ok := strings.Cut(s, ":")
	if ok {
		switch strings.ToLower(scheme) {
		case "tel":
			s = rest
		case "sip", "sips":
			s, _, _ = strings.Cut(rest, "@")
		}
	}
	s, params, _ := strings.Cut(s, ";")
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(p, "="); strings.EqualFold(name, "phone-context") {
			context = value
		}
	}
	if u, err := url.PathUnescape(s); err == nil {
		s = u
	}
	return s, context
}

// inContext puts a global phone-context (RFC 3966 §5.1.5) before a local number. A domain says nothing.
func inContext(digits, context string) (string, bool) {
	if c, err := url.PathUnescape(context); err == nil {
		context = c
	}
	if !strings.HasPrefix(context, "+") {
		return digits, true
	}
	prefix, ok := stripSeparators(context)
	return prefix + digits, ok
}

// stripSeparators removes what people put between digits; anything else makes it no number.
func stripSeparators(s string) (string, bool) {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune("-.() /", r):
		default:
			return "", false
		}
	}
	return b.String(), true
}

func onlyDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func notANumber(dialed string) error {
	return fmt.Errorf("dialed %q: %w", dialed, ErrNotANumber)
}
