package account

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tandem/web/account/internal/db"
)

// After freeAttempts wrong passwords in a row each further one doubles the wait, up to longestBlock.
const (
	freeAttempts = 5
	longestBlock = 15 * time.Minute
)

// Authenticate returns the user whose address and password these are. Otherwise the answer is ErrRefused, the
// same and after the same work for an unknown address, a disabled user, one without a password and a wrong
// password; or *ThrottledError when there were too many of those.
func (s *Store) Authenticate(ctx context.Context, aor, password string) (User, error) {
	aor = complete(aor, s.cfg.Domain)
	bucket := bucketOf(aor)
	if err := s.countAttempt(ctx, bucket); err != nil {
		return User{}, err
	}
	if strings.ContainsRune(aor, 0) {
		aor = "" // the database has no such text, and nobody such an address
	}
	u, err := s.q.UserByAoR(ctx, aor)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return User{}, fmt.Errorf("authenticate: %w", err)
	}
	known := err == nil && u.PasswordHash != nil && u.DisabledAt == nil
	hash := s.decoy
	if known {
		hash = *u.PasswordHash
	}
	match, err := s.matches(ctx, password, hash)
	if err != nil {
		return User{}, err
	}
	if !match || !known {
		return User{}, ErrRefused
	}
	return user(u), plain("authenticate", s.q.ForgetFailures(ctx, bucket))
}

// SetPassword replaces a password without asking for the old one and ends the user's sessions.
func (s *Store) SetPassword(ctx context.Context, id uuid.UUID, password string) (User, error) {
	u, err := s.ByID(ctx, id)
	if err != nil {
		return User{}, err
	}
	return s.setPassword(ctx, s.q, u, password)
}

// ChangePassword replaces a password by somebody who knows it: ErrRefused or *ThrottledError if not.
// It ends the user's sessions.
func (s *Store) ChangePassword(ctx context.Context, id uuid.UUID, old, password string) (User, error) {
	u, err := s.ByID(ctx, id)
	if err != nil {
		return User{}, err
	}
	if u, err = s.Authenticate(ctx, u.AoR, old); err != nil {
		return User{}, err
	}
	return s.setPassword(ctx, s.q, u, password)
}

func (s *Store) setPassword(ctx context.Context, q *db.Queries, u User, password string) (User, error) {
	hash, err := s.hash(ctx, u.AoR, password)
	if err != nil {
		return User{}, err
	}
	row, err := q.SetPassword(ctx, db.SetPasswordParams{ID: u.ID, PasswordHash: hash})
	return user(row), plain("set password", err)
}

// countAttempt counts a failure in advance, or says how long to wait.
func (s *Store) countAttempt(ctx context.Context, bucket int32) error {
	longest := int32(longestBlock.Seconds())
	_, err := s.q.CountAttempt(ctx, db.CountAttemptParams{Bucket: bucket, Free: freeAttempts, LongestS: longest})
	if !errors.Is(err, pgx.ErrNoRows) {
		return plain("count sign-in", err)
	}
	wait, err := s.q.BlockedFor(ctx, db.BlockedForParams{Bucket: bucket, Free: freeAttempts, LongestS: longest})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("count sign-in: %w", err)
	}
	return &ThrottledError{RetryAfter: max(time.Second, time.Duration(wait*float64(time.Second)))}
}

func bucketOf(aor string) int32 {
	h := sha256.Sum256([]byte(aor))
	return int32(binary.BigEndian.Uint16(h[:]))
}

// hash checks a new password and hashes it.
func (s *Store) hash(ctx context.Context, aor, password string) (*string, error) {
	if err := checkPassword(aor, password); err != nil {
		return nil, err
	}
	if err := s.slot(ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.hashing }()
	hash, err := argon2id.CreateHash(password, &s.cfg.Hash)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return &hash, nil
}

func (s *Store) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := s.slot(ctx); err != nil {
		return false, err
	}
	defer func() { <-s.hashing }()
	if len(password) > maxPassword {
		password = "" // never a password, but the same work
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return match, nil
}

func (s *Store) slot(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
	}
}
