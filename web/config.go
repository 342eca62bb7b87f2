package web

import (
	"context"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/trunk"
	"tandem/voicemail"
	"tandem/web/account"
)

// Config of a Portal. What is marked optional may be nil: the portal then does without.
type Config struct {
	// Pool is the database of the sessions.
	Pool *pgxpool.Pool

	// Accounts are the users.
	Accounts *account.Store

	// Messages are the users' mailboxes.
	Messages voicemail.Inbox

	// Link makes the address for "tandem enroll" of a one-time secret. Optional: no invitations for devices.
	Link func(aor, secret string) string

	// Trunks, Numbers and Calls feed the administrator's overview. Optional.
	Trunks  func() []trunk.State
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
