package attendant

import (
	"time"

	"github.com/google/uuid"
)

// A Menu is one question to the caller: a prompt, and where each key leads. It is written as JSON or YAML:
//
//	name: main
//	prompt: [thank-you-for-calling, vm-enter-num-to-call]
//	options:
//	  "1": {user: alice@example.org}
//	  "2": {menu: opening-hours}
//	  "9": {mailbox: office@example.org}
//	operator: {number: "+15551230000"}     # key 0, unless it is an option
//	timeout_s: 5
//	retries: 2
//	no_input: {mailbox: office@example.org}
//	invalid: {hangup: true}
type Menu struct {
	Name          string            `json:"name" yaml:"name"`
	Prompt        Prompt            `json:"prompt" yaml:"prompt"`
	Again         Prompt            `json:"prompt_again,omitempty" yaml:"prompt_again"`     // heard on repeats; empty: Prompt
	InvalidPrompt Prompt            `json:"invalid_prompt,omitempty" yaml:"invalid_prompt"` // heard after a wrong key; empty: the stock one
	Options       map[string]Target `json:"options" yaml:"options"`                         // by key: 0-9, *, #
	Operator      *Target           `json:"operator,omitempty" yaml:"operator"`             // where key 0 leads
	TimeoutS      float64           `json:"timeout_s,omitempty" yaml:"timeout_s"`           // how long it waits for a key; 0: 5
	Retries       *int              `json:"retries,omitempty" yaml:"retries"`               // how often it asks again; nil: 2
	NoInput       *Target           `json:"no_input,omitempty" yaml:"no_input"`             // after the last silence; nil: hang up
	Invalid       *Target           `json:"invalid,omitempty" yaml:"invalid"`               // after the last wrong key; nil: NoInput
}

// A Target is where a call goes on. One field is set.
type Target struct {
	User    string `json:"user,omitempty" yaml:"user"`       // AoR: rings
	Number  string `json:"number,omitempty" yaml:"number"`   // E.164: called over a trunk
	Mailbox string `json:"mailbox,omitempty" yaml:"mailbox"` // AoR: leaves a message
	Menu    string `json:"menu,omitempty" yaml:"menu"`       // name: another menu
	Hangup  bool   `json:"hangup,omitempty" yaml:"hangup"`   // says goodbye
	Repeat  bool   `json:"repeat,omitempty" yaml:"repeat"`   // asks again from the start
}

// A Prompt is what is said, piece after piece. In a document a single piece needs no list, and a piece that is only
// a sound needs no field name.
type Prompt []Piece

// A Piece of a prompt. One field is set.
type Piece struct {
	Sound string    `json:"sound,omitempty" yaml:"sound"` // a name in the sound pack, such as vm-goodbye
	Audio uuid.UUID `json:"audio,omitzero" yaml:"audio"`  // an uploaded recording
	Spell string    `json:"spell,omitempty" yaml:"spell"` // said key by key
	Text  string    `json:"text,omitempty" yaml:"text"`   // said by Config.Speak
}

// Limits of a menu document.
const (
	maxRetries = 9
	maxPieces  = 50
	maxTimeout = time.Minute
)
