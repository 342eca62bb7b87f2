package web

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const noDatabase = "The database does not answer. Try again in a moment."

// databaseAway tells whether err says that the database cannot be reached, or is just going: not that it refused
// something.
func databaseAway(err error) bool {
	var pg *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, new(*pgconn.ConnectError)):
		return true
	case errors.As(err, &pg):
		// Connection exception, too many connections, operator intervention (shut down, starting up).
		return strings.HasPrefix(pg.Code, "08") || pg.Code == "53300" || strings.HasPrefix(pg.Code, "57P")
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	}
	return err != nil && pgconn.SafeToRetry(err) // nothing was sent: the connection was lost before
}
