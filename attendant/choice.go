package attendant

import (
	"time"
)

// choice says where a key leads.
func (m Menu) choice(key byte) (Target, bool) {
	if t, ok := m.Options[string(key)]; ok {
		return t, true
	}
	if key == '0' && m.Operator != nil {
		return *m.Operator, true
	}
	return Target{}, false
}

// noInput says where a caller goes who pressed nothing.
func (m Menu) noInput() Target {
	if m.NoInput != nil {
		return *m.NoInput
	}
	return Target{Hangup: true}
}

// invalid says where a caller goes who pressed wrong keys only.
func (m Menu) invalid() Target {
	if m.Invalid != nil {
		return *m.Invalid
	}
	return m.noInput()
}

// asks gives what is said at that try, the first being 0.
func (m Menu) asks(try int) Prompt {
	if try > 0 && len(m.Again) > 0 {
		return m.Again
	}
	return m.Prompt
}

func (m Menu) tries() int {
	if m.Retries == nil {
		return 1 + defaultRetries
	}
	return 1 + *m.Retries
}

func (m Menu) timeout() time.Duration {
	if m.TimeoutS == 0 {
		return defaultTimeout
	}
	return time.Duration(m.TimeoutS * float64(time.Second))
}

// String says in words where a target leads, for logs.
func (t Target) String() string {
	switch {
	case t.User != "":
		return "user " + t.User
	case t.Number != "":
		return "a number"
	case t.Mailbox != "":
		return "mailbox " + t.Mailbox
	case t.Menu != "":
		return "menu " + t.Menu
	case t.Repeat:
		return "repeat"
	}
	return "hangup"
}
