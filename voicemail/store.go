package voicemail

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
)

// A Store keeps mailboxes. voicemailpg.Store is the one there is.
type Store interface {
	Inbox
	Greetings
	Takes
}

// An Inbox is how an owner sees the messages. What belongs to another owner does not exist: ErrNotFound.
type Inbox interface {
	// EnsureMailbox gives the mailbox of a user, and makes it the first time. ErrNotFound: there is no such user.
	EnsureMailbox(ctx context.Context, owner string) (Mailbox, error)

	// Messages lists the messages in the given states, or the new and saved ones if none is given, oldest first.
	Messages(ctx context.Context, owner string, states ...State) ([]Message, error)

	// Message gives one message.
	Message(ctx context.Context, owner string, id uuid.UUID) (Message, error)

	// Counts gives how many messages are in each state.
	Counts(ctx context.Context, owner string) (Counts, error)

	// MarkHeard makes a new message a saved one. Another it leaves as it is.
	MarkHeard(ctx context.Context, owner string, id uuid.UUID) error

	// MarkNew makes a saved message a new one.
	MarkNew(ctx context.Context, owner string, id uuid.UUID) error

	// Save makes a new message, or one from the trash, a saved one.
	Save(ctx context.Context, owner string, id uuid.UUID) error

	// Trash puts a message into the trash.
	Trash(ctx context.Context, owner string, id uuid.UUID) error

	// Delete removes a message for good.
	Delete(ctx context.Context, owner string, id uuid.UUID) error

	// Audio gives what the message says. It reads from the store as it is read; ctx bounds all of its reading.
	Audio(ctx context.Context, owner string, id uuid.UUID) (Audio, error)

	// Subscribe tells of changes to the owner's messages: at least one receive after each change, several changes
	// may be one. The caller calls cancel when it no longer wants to know.
	Subscribe(owner string) (changes <-chan struct{}, cancel func())
}

// Greetings are the recorded greetings of mailboxes.
type Greetings interface {
	// Greeting gives the greeting of that kind. ErrNotFound: nothing is recorded, or it has ended.
	Greeting(ctx context.Context, owner string, kind GreetingKind) (Greeting, error)

	// SetGreeting keeps a greeting instead of the one of its kind.
	SetGreeting(ctx context.Context, owner string, g Greeting) error

	// DeleteGreeting removes it; the stock greeting is heard again.
	DeleteGreeting(ctx context.Context, owner string, kind GreetingKind) error
}

// Takes are messages being recorded. All methods may be repeated after an error whose outcome is unknown.
type Takes interface {
	// Begin makes the message, being recorded and empty.
	Begin(ctx context.Context, m Message) error

	// Append adds a piece of audio. ErrNotFound: the message is gone.
	Append(ctx context.Context, mailbox string, id uuid.UUID, c Chunk) error

	// Finish cuts the message to its final length and makes it new.
	Finish(ctx context.Context, mailbox string, id uuid.UUID, e Ended) error

	// Discard removes a message that turned out to be none.
	Discard(ctx context.Context, mailbox string, id uuid.UUID) error

	// Sweep finishes, as ByLoss, the recordings to which nothing was appended for idle, and removes those without
	// enough speech a good while later. It returns how many messages it saved.
	Sweep(ctx context.Context, idle time.Duration) (int, error)

	// Purge removes what has been in the trash for longer than age.
	Purge(ctx context.Context, age time.Duration) (int, error)
}

// A Chunk is a piece of a message.
type Chunk struct {
	Start  int           // where in the message's audio it belongs, in bytes
	Audio  []byte        // in the message's codec
	Speech time.Duration // in the message so far, this chunk included
}

// Ended says how a recording ended.
type Ended struct {
	By     Ending
	Bytes  int // what counts of the audio
	Speech time.Duration
}

// Audio is G.711 as it was recorded: Bytes bytes, 8000 a second.
type Audio struct {
	Codec call.Codec
	Bytes int
	io.ReaderAt
}
