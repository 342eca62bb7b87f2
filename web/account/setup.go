package account

import (
	"context"
	"time"

	"tandem/web/account/internal/db"
)

// setupLife is how long a setup link is good; the next start of a server peer prints a new one.
const setupLife = 24 * time.Hour

// SetupSecret makes a one-time secret with which the first browser becomes the administrator, or says ErrSetUp
// when there is one already.
func (s *Store) SetupSecret(ctx context.Context) (string, error) {
	if set, err := s.IsSetUp(ctx); err != nil || set {
		return "", firstError(err, ErrSetUp)
	}
	if err := s.q.DeleteExpiredSetupSecrets(ctx); err != nil {
		return "", plain("make setup secret", err)
	}
	secret := newSecret()
	err := s.q.InsertSetupSecret(ctx, db.InsertSetupSecretParams{SecretHash: hashSecret(secret), ExpiresAt: time.Now().Add(setupLife)})
	return secret, plain("make setup secret", err)
}

// IsSetUp tells whether there is an administrator.
func (s *Store) IsSetUp(ctx context.Context) (bool, error) {
	set, err := s.q.HasAdministrator(ctx)
	return set, plain("look for an administrator", err)
}

// SetUp creates the first administrator. ErrRefused: the secret is not good; ErrSetUp: somebody was first, which
// only a holder of a good secret could learn anyway. Once it succeeds all setup secrets are gone.
func (s *Store) SetUp(ctx context.Context, secret string, n NewUser) (User, error) {
	good, err := s.q.SetupSecretIsGood(ctx, hashSecret(secret))
	if err != nil || !good {
		return User{}, firstError(plain("set up", err), ErrRefused)
	}
	n.Role = RoleAdministrator
	if n.Password == "" {
		return User{}, &InvalidError{"password", "must have at least 10 characters"}
	}
	row, err := s.prepare(ctx, n) // hashed before the lock is taken
	if err != nil {
		return User{}, err
	}
	var u db.User
	err = s.inTx(ctx, func(q *db.Queries) error {
		if err := q.LockAdministrators(ctx); err != nil {
			return err
		}
		if set, err := q.HasAdministrator(ctx); err != nil || set {
			return firstError(err, ErrSetUp)
		}
		if u, err = q.InsertUser(ctx, row); err != nil {
			return err
		}
		return q.DeleteSetupSecrets(ctx)
	})
	return user(u), plain("set up", err)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
