package voicemail

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
)

// ErrNotFound says that there is no such mailbox, message or greeting, or that it belongs to somebody else.
var ErrNotFound = errors.New("not found in voicemail")

// A State says where a message is.
type State string

// The states of a message.
const (
	StateRecording State = "recording" // the caller is still speaking, or the peer that recorded it died just now
	StateNew       State = "new"       // not heard
	StateSaved     State = "saved"     // heard
	StateTrash     State = "trash"     // deleted, and kept for a while
)

// An Ending says how a recording ended.
type Ending string

// The endings of a recording.
const (
	ByHangup  Ending = "hangup"
	ByKey     Ending = "key"     // the caller pressed #
	BySilence Ending = "silence" // the caller said nothing for the mailbox's Limits.Silence
	ByLimit   Ending = "limit"   // Limits.Length
	ByLoss    Ending = "lost"    // the peer that recorded it died; what had been written is kept
)

// A Message is what a caller said.
type Message struct {
	ID      uuid.UUID // a UUIDv7: sorts by time
	Mailbox string    // its owner's AoR
	State   State
	EndedBy Ending // empty while it is recorded
	Caller  call.Party
	Reason  call.Reason // why the caller came to the mailbox
	LegID   string      // of the leg that left it, for logs and call records
	Codec   call.Codec
	Bytes   int           // of audio, 8000 a second
	Speech  time.Duration // of it, how much was speech
	Created time.Time     // when the beep was
	Heard   time.Time     // zero: not yet
	Trashed time.Time     // when it was deleted; zero: it is not in the trash
}

// bytesPerSecond of G.711 audio.
const bytesPerSecond = call.SampleRate

// Duration is the length of the message.
func (m Message) Duration() time.Duration {
	return time.Duration(m.Bytes) * time.Second / bytesPerSecond
}

// Counts of a mailbox's messages, by state.
type Counts struct {
	New, Saved, Trash int
}
