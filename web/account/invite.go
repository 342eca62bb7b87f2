package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"tandem/web/account/internal/db"
)

// InvitationLife is how long an invitation is good when nobody says otherwise.
const InvitationLife = 7 * 24 * time.Hour

// Invite makes an invitation and returns its secret, which nothing else can tell again. life 0: InvitationLife.
func (s *Store) Invite(ctx context.Context, userID uuid.UUID, purpose Purpose, life time.Duration) (Invitation, string, error) {
	return s.invite(ctx, s.q, userID, purpose, life)
}

// InviteAnew invites like Invite, and revokes the user's open invitations of the same purpose: only the new one is good.
func (s *Store) InviteAnew(ctx context.Context, userID uuid.UUID, purpose Purpose, life time.Duration) (i Invitation, secret string, err error) {
	err = s.inTx(ctx, func(q *db.Queries) error {
		p := db.RevokeInvitationsOfPurposeParams{UserID: userID, Purpose: string(purpose)}
		if err := q.RevokeInvitationsOfPurpose(ctx, p); err != nil {
			return plain("revoke invitations", err)
		}
		i, secret, err = s.invite(ctx, q, userID, purpose, life)
		return err
	})
	return i, secret, err
}

func (*Store) invite(ctx context.Context, q *db.Queries, userID uuid.UUID, purpose Purpose, life time.Duration) (Invitation, string, error) {
	u, err := q.UserByID(ctx, userID)
	if err != nil {
		return Invitation{}, "", plain("find user", err)
	}
	if u.DisabledAt != nil {
		return Invitation{}, "", &InvalidError{"user", "is disabled"}
	}
	if life <= 0 {
		life = InvitationLife
	}
	secret := newSecret()
	row, err := q.InsertInvitation(ctx, db.InsertInvitationParams{
		ID: uuid.Must(uuid.NewV7()), UserID: userID, Purpose: string(purpose),
		SecretHash: hashSecret(secret), ExpiresAt: time.Now().Add(life),
	})
	return invitation(row, u.Aor), secret, plain("invite", err)
}

// Invitations lists the latest 500, newest first.
func (s *Store) Invitations(ctx context.Context) ([]Invitation, error) {
	rows, err := s.q.Invitations(ctx)
	list := make([]Invitation, len(rows))
	for i, row := range rows {
		list[i] = invitation(row.Invitation, row.Aor)
	}
	return list, plain("list invitations", err)
}

// RevokeInvitation makes an open invitation worthless: ErrNotFound if there is none to revoke.
func (s *Store) RevokeInvitation(ctx context.Context, id uuid.UUID) error {
	n, err := s.q.RevokeInvitation(ctx, id)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return plain("revoke invitation", err)
}

// Admit redeems a device's invitation for the user aor. issue makes the certificate; it is called at most once,
// inside the transaction of the decision: if it or the commit fails, the secret stays good. ErrRefused covers
// unknown, used, revoked and expired secrets, another user's, and disabled users.
func (s *Store) Admit(ctx context.Context, aor, secret string,
	issue func(ctx context.Context) (nodeID [16]byte, certificate []byte, notAfter time.Time, err error),
) error {
	err := s.inTx(ctx, func(q *db.Queries) error {
		inv, err := q.RedeemInvitation(ctx, db.RedeemInvitationParams{SecretHash: hashSecret(secret), Purpose: string(ForDevice)})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && inv.Aor != canonical(aor) {
			return ErrRefused
		}
		if err != nil {
			return err
		}
		nodeID, certificate, notAfter, err := issue(ctx)
		if err != nil {
			return fmt.Errorf("issue: %w", err)
		}
		return q.InsertDevice(ctx, db.InsertDeviceParams{
			ID: uuid.Must(uuid.NewV7()), UserID: inv.UserID, InvitationID: uuid.NullUUID{UUID: inv.ID, Valid: true},
			NodeID: nodeID[:], Certificate: certificate, ExpiresAt: notAfter,
		})
	})
	if errors.Is(err, ErrRefused) {
		return ErrRefused
	}
	return plain("admit", err)
}

// PasswordInvitation tells whose password the secret may set, without using it up.
func (s *Store) PasswordInvitation(ctx context.Context, secret string) (User, error) {
	u, err := s.q.PasswordInvitationUser(ctx, hashSecret(secret))
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrRefused
	}
	return user(u), plain("look up invitation", err)
}

// RedeemPassword uses an invitation up and sets the password. A password that cannot be leaves it good.
func (s *Store) RedeemPassword(ctx context.Context, secret, password string) (User, error) {
	u, err := s.PasswordInvitation(ctx, secret)
	if err != nil {
		return User{}, err
	}
	err = s.inTx(ctx, func(q *db.Queries) error {
		_, err := q.RedeemInvitation(ctx, db.RedeemInvitationParams{SecretHash: hashSecret(secret), Purpose: string(ForPassword)})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrRefused
		}
		if err != nil {
			return err
		}
		u, err = s.setPassword(ctx, q, u, password)
		return err
	})
	return u, plain("redeem invitation", err)
}

// Devices lists a user's devices, newest first.
func (s *Store) Devices(ctx context.Context, userID uuid.UUID) ([]Device, error) {
	rows, err := s.q.DevicesOfUser(ctx, userID)
	list := make([]Device, len(rows))
	for i, d := range rows {
		list[i] = Device{
			ID: d.ID, NodeID: [16]byte(d.NodeID), Certificate: d.Certificate,
			IssuedAt: d.IssuedAt, ExpiresAt: d.ExpiresAt, RevokedAt: value(d.RevokedAt),
		}
	}
	return list, plain("list devices", err)
}

// RevokeDevice puts a user's device on the list of RevokedNodes: ErrNotFound if the user has no such device.
func (s *Store) RevokeDevice(ctx context.Context, userID, deviceID uuid.UUID) error {
	n, err := s.q.RevokeDevice(ctx, db.RevokeDeviceParams{ID: deviceID, UserID: userID})
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return plain("revoke device", err)
}

// RevokedNodes are the Node-IDs that the configuration document should name as bad-node: revoked devices and
// those of disabled users, as long as their certificates last.
func (s *Store) RevokedNodes(ctx context.Context) ([][16]byte, error) {
	rows, err := s.q.RevokedNodes(ctx)
	nodes := make([][16]byte, len(rows))
	for i, id := range rows {
		nodes[i] = [16]byte(id)
	}
	return nodes, plain("list revoked nodes", err)
}

// newSecret is 130 random bits as text that survives being read aloud.
func newSecret() string { return rand.Text() }

func hashSecret(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

func invitation(i db.Invitation, aor string) Invitation {
	return Invitation{
		ID: i.ID, UserID: i.UserID, AoR: aor, Purpose: Purpose(i.Purpose), CreatedAt: i.CreatedAt,
		ExpiresAt: i.ExpiresAt, RedeemedAt: value(i.RedeemedAt), RevokedAt: value(i.RevokedAt),
	}
}
