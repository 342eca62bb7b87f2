package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tandem/web/account/internal/db"
)

// Renew replaces the certificate of a user's device by the one that issue makes, inside the transaction of the
// decision: if issue or the commit fails, the old one stays on record. ErrRefused: the user has no such device, it was
// revoked, or the user is disabled.
func (s *Store) Renew(ctx context.Context, aor string, node [16]byte,
	issue func(ctx context.Context) (nodeID [16]byte, certificate []byte, notAfter time.Time, err error),
) error {
	err := s.inTx(ctx, func(q *db.Queries) error {
		id, err := q.DeviceForRenewal(ctx, db.DeviceForRenewalParams{Aor: canonical(aor), NodeID: node[:]})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrRefused
		} else if err != nil {
			return err
		}
		issued, certificate, notAfter, err := issue(ctx)
		if err != nil {
			return fmt.Errorf("issue: %w", err)
		}
		if issued != node {
			return errors.New("issue: the certificate is for another node")
		}
		return q.RenewDevice(ctx, db.RenewDeviceParams{ID: id, Certificate: certificate, ExpiresAt: notAfter})
	})
	if errors.Is(err, ErrRefused) {
		return ErrRefused
	}
	return plain("renew", err)
}
