package voicemail

import (
	"time"

	"tandem/gateway/call"
)

// A Mailbox keeps the messages left for one user.
type Mailbox struct {
	AoR      string // its owner, user@overlay
	Language string // BCP 47, of the prompts its owner and callers hear
	Location *time.Location
	Limits   Limits
	Kept     int // messages in it, the trash not counted
}

// Full reports whether another message would be one too many.
func (m Mailbox) Full() bool { return m.Kept >= m.Limits.Messages }

// Limits of a mailbox.
type Limits struct {
	Messages  int           // how many it keeps, the trash not counted
	Length    time.Duration // of one message
	MinSpeech time.Duration // a recording with less speech is no message
	Silence   time.Duration // that long without speech ends a message
}

// GreetingKind says when a greeting is heard.
type GreetingKind string

// The greetings of a mailbox. A temporary one is heard before the others while it lasts; the name is spoken inside
// the stock greetings.
const (
	Unavailable GreetingKind = "unavailable"
	Busy        GreetingKind = "busy"
	Name        GreetingKind = "name"
	Temporary   GreetingKind = "temporary"
)

// A Greeting is what the owner recorded for callers.
type Greeting struct {
	Kind      GreetingKind
	Codec     call.Codec
	Audio     []byte // 8000 bytes a second
	CreatedAt time.Time
	EndsAt    time.Time // zero: never
}
