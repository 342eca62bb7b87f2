package web

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/web/account"
)

// Config of a Portal. What is marked optional may be nil: the portal then does without.
type Config struct {
	// Pool is the database of the sessions.
	Pool *pgxpool.Pool

	// Accounts are the users.
	Accounts *account.Store

	// Mailboxes are the users' messages.
	Mailboxes Mailboxes

	// Link makes the address for "tandem enroll" of a one-time secret. Optional: no invitations for devices.
	Link func(aor, secret string) string

	// Trunks, Numbers and Calls feed the administrator's overview. Optional.
	Trunks  func(ctx context.Context) ([]Trunk, error)
	Numbers func(ctx context.Context) ([]route.Number, error)
	Calls   func(ctx context.Context, limit int) ([]cdr.Record, error) // newest first

	// Status is shown to administrators as it is: an object that can be JSON. Optional.
	Status func(ctx context.Context) (map[string]any, error)

	// Domain is the overlay's name, which completes addresses.
	Domain string

	// Version of the program, shown to administrators.
	Version string

	// TLS says that browsers reach the portal by https, so cookies must too.
	TLS bool

	// Files is the built portal. Default: the one in the binary.
	Files fs.FS

	// Log gets a line for each request.
	Log *slog.Logger
}

// Mailboxes is what the portal asks of voicemail. Every method is bound to the owner's AoR; a message that is
// not the owner's is an error that wraps ErrNoMessage.
type Mailboxes interface {
	Messages(ctx context.Context, owner string) ([]Message, error) // newest first, deleted ones included
	Message(ctx context.Context, owner string, id uuid.UUID) (Message, error)
	MarkHeard(ctx context.Context, owner string, id uuid.UUID, heard bool) error
	Save(ctx context.Context, owner string, id uuid.UUID, saved bool) error
	Delete(ctx context.Context, owner string, id uuid.UUID) error
	Restore(ctx context.Context, owner string, id uuid.UUID) error

	// Audio is the message as a whole WAV file; its size is where Seek finds the end.
	Audio(ctx context.Context, owner string, id uuid.UUID) (io.ReadSeeker, error)

	// Watch tells on the channel, without blocking, when the owner's mailbox has changed, until ctx ends.
	Watch(ctx context.Context, owner string) (<-chan struct{}, error)
}

// A Message as the portal shows it.
type Message struct {
	ID         uuid.UUID
	Caller     string // number or AoR; empty: withheld
	CallerName string // what the caller calls itself: not to be trusted
	ReceivedAt time.Time
	Duration   time.Duration
	Urgent     bool
	Heard      bool
	Saved      bool
	DeletedAt  time.Time // zero: not deleted
}

// A Trunk as the portal shows it.
type Trunk struct {
	Name      string
	Address   string
	State     string // such as "registered", "reachable", "refused"
	OK        bool   // calls can go out
	LastError string // in plain words; empty: none
	Calls     int    // at this moment
	MaxCalls  int
	Since     time.Time // of the state
}
