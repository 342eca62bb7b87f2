package carrier

import "strings"

// behavior is what a number of the carrier does when it is called.
type behavior uint8

const (
	unknown behavior = iota
	tone             // answers, plays a tone, records what it hears
	echo             // answers and sends back what it hears
	busy             // 486
	silent           // rings and never answers
	dialer           // answers and dials 0-9*# towards the caller
)

// Numbers lists what the carrier's numbers do, for people.
const Numbers = `  …0100  answers with a tone and listens
  …0101  echo
  …0102  busy
  …0103  rings and never answers
  …0104  answers and dials 0123456789*#`

// behaviors by the last four digits: the numbers 555-0100 to 555-0199 are set aside for such use.
var behaviors = map[string]behavior{"0100": tone, "0101": echo, "0102": busy, "0103": silent, "0104": dialer}

func behaviorOf(user string) behavior {
	digits := strings.TrimPrefix(user, "+")
	if len(digits) < 4 {
		return unknown
	}
	return behaviors[digits[len(digits)-4:]]
}
