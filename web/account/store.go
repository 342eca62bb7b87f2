package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/web/account/internal/db"
)

// Config of a Store.
type Config struct {
	// Domain is the overlay's name. Addresses must be in it; a bare name is completed with it. Empty: any domain.
	Domain string

	// Hash is the cost of a password. Raising it makes sign-in slower and guessing dearer; old hashes stay valid.
	Hash argon2id.Params
}

// DefaultConfig is RFC 9106's second recommended choice: 64 MiB, three passes, four lanes.
func DefaultConfig() Config {
	return Config{Hash: argon2id.Params{Memory: 64 * 1024, Iterations: 3, Parallelism: 4, SaltLength: 16, KeyLength: 32}}
}

// Store is the accounts in Postgres. Its methods may be called from any goroutine.
type Store struct {
	cfg     Config
	pool    *pgxpool.Pool
	q       *db.Queries
	hashing chan struct{} // a slot for each password being hashed, so that memory is bounded
	decoy   string        // the hash that an unknown address is compared with
}

// New returns the accounts of a migrated database.
func New(pool *pgxpool.Pool, cfg Config) (*Store, error) {
	s := &Store{cfg: cfg, pool: pool, q: db.New(pool), hashing: make(chan struct{}, 4)}
	decoy, err := argon2id.CreateHash(newSecret(), &s.cfg.Hash)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	s.decoy = decoy
	return s, nil
}

// inTx runs f in a transaction that is committed if f succeeds.
func (s *Store) inTx(ctx context.Context, f func(q *db.Queries) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return f(s.q.WithTx(tx)) })
}

// plain turns what the database says into what callers branch on, and adds the operation to the rest.
func plain(op string, err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &pg) && pg.ConstraintName == "users_aor_key":
		return ErrExists
	}
	return fmt.Errorf("%s: %w", op, err)
}
