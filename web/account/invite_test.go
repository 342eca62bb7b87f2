package account_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tandem/web/account"
)

type issue = func(context.Context) ([16]byte, []byte, time.Time, error)

// certificate issues one for the node.
func certificate(node byte) issue {
	return func(context.Context) ([16]byte, []byte, time.Time, error) {
		return [16]byte{node}, []byte("certificate"), time.Now().Add(time.Hour), nil
	}
}

func invite(t *testing.T, s *account.Store, u account.User, p account.Purpose) (account.Invitation, string) {
	t.Helper()
	i, secret, err := s.Invite(t.Context(), u.ID, p, 0)
	if err != nil || secret == "" {
		t.Fatalf("invite: %q, %v", secret, err)
	}
	return i, secret
}

func TestAnInvitationIsGoodOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice := create(t, s, account.NewUser{AoR: "alice"})
	create(t, s, account.NewUser{AoR: "bob"})
	_, secret := invite(t, s, alice, account.ForDevice)

	if err := s.Admit(t.Context(), "bob@example.org", secret, certificate(1)); !errors.Is(err, account.ErrRefused) {
		t.Errorf("for another user: %v, want ErrRefused", err)
	}
	if err := s.Admit(t.Context(), "alice@example.org", secret+"A", certificate(1)); !errors.Is(err, account.ErrRefused) {
		t.Errorf("unknown secret: %v, want ErrRefused", err)
	}
	if err := s.Admit(t.Context(), "Alice@example.org", secret, certificate(1)); err != nil {
		t.Fatalf("the first time: %v", err)
	}
	if err := s.Admit(t.Context(), "alice@example.org", secret, certificate(2)); !errors.Is(err, account.ErrRefused) {
		t.Errorf("the second time: %v, want ErrRefused", err)
	}
	devices, err := s.Devices(t.Context(), alice.ID)
	if err != nil || len(devices) != 1 || devices[0].NodeID != [16]byte{1} || string(devices[0].Certificate) != "certificate" {
		t.Errorf("devices: %+v, %v", devices, err)
	}
	list, err := s.Invitations(t.Context())
	if err != nil || len(list) != 1 || list[0].RedeemedAt.IsZero() || list[0].AoR != alice.AoR {
		t.Errorf("invitations: %+v, %v", list, err)
	}
}

func TestAFailedIssueLeavesTheSecretGood(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice := create(t, s, account.NewUser{AoR: "alice"})
	_, secret := invite(t, s, alice, account.ForDevice)
	broken := errors.New("no key")
	err := s.Admit(t.Context(), alice.AoR, secret, func(context.Context) (id [16]byte, cert []byte, end time.Time, err error) {
		return id, cert, end, broken
	})
	if !errors.Is(err, broken) || errors.Is(err, account.ErrRefused) {
		t.Errorf("%v, want the issuer's error", err)
	}
	if err := s.Admit(t.Context(), alice.AoR, secret, certificate(1)); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

func TestTwoWhoRedeemAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice := create(t, s, account.NewUser{AoR: "alice"})
	_, secret := invite(t, s, alice, account.ForDevice)
	var issued, admitted atomic.Int32
	var both sync.WaitGroup
	for n := range 8 {
		both.Go(func() {
			err := s.Admit(context.Background(), alice.AoR, secret, func(ctx context.Context) ([16]byte, []byte, time.Time, error) {
				issued.Add(1)
				return certificate(byte(n))(ctx)
			})
			if err == nil {
				admitted.Add(1)
			}
		})
	}
	both.Wait()
	if issued.Load() != 1 || admitted.Load() != 1 {
		t.Errorf("%d issued, %d admitted; want one of each", issued.Load(), admitted.Load())
	}
}

func TestInvitationsThatAreNoGood(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	alice := create(t, s, account.NewUser{AoR: "alice"})
	revoked, revokedSecret := invite(t, s, alice, account.ForDevice)
	_, expired := invite(t, s, alice, account.ForDevice)
	_, forPassword := invite(t, s, alice, account.ForPassword)
	if err := s.RevokeInvitation(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeInvitation(t.Context(), revoked.ID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	_, err := pool.Exec(t.Context(), `UPDATE invitations SET created_at = now() - interval '2 h', expires_at = now() - interval '1 h'
		WHERE id <> $1 AND purpose = 'device'`, revoked.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"revoked": revokedSecret, "expired": expired, "for a password": forPassword, "empty": ""} {
		if err := s.Admit(t.Context(), alice.AoR, secret, certificate(1)); !errors.Is(err, account.ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", name, err)
		}
	}
	if _, err := s.DisableUser(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RedeemPassword(t.Context(), forPassword, password); !errors.Is(err, account.ErrRefused) {
		t.Errorf("of a disabled user: %v, want ErrRefused", err)
	}
	if _, _, err := s.Invite(t.Context(), alice.ID, account.ForDevice, 0); err == nil {
		t.Error("a disabled user was invited")
	}
	if _, _, err := s.Invite(t.Context(), uuid.New(), account.ForDevice, 0); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("nobody was invited: %v", err)
	}
}

func TestAPasswordByInvitation(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice := create(t, s, account.NewUser{AoR: "alice"})
	_, secret := invite(t, s, alice, account.ForPassword)
	if u, err := s.PasswordInvitation(t.Context(), secret); err != nil || u.ID != alice.ID {
		t.Errorf("whose: %+v, %v", u, err)
	}
	var invalid *account.InvalidError
	if _, err := s.RedeemPassword(t.Context(), secret, "short"); !errors.As(err, &invalid) {
		t.Errorf("a short one: %v", err)
	}
	if _, err := s.RedeemPassword(t.Context(), secret, password); err != nil {
		t.Fatalf("after a short one: %v", err)
	}
	if _, err := s.RedeemPassword(t.Context(), secret, "yet another one"); !errors.Is(err, account.ErrRefused) {
		t.Errorf("twice: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), alice.AoR, password); err != nil {
		t.Errorf("sign in: %v", err)
	}
}

func TestRevokedNodes(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice, bob := create(t, s, account.NewUser{AoR: "alice"}), create(t, s, account.NewUser{AoR: "bob"})
	for n, u := range []account.User{alice, alice, bob} {
		_, secret := invite(t, s, u, account.ForDevice)
		if err := s.Admit(t.Context(), u.AoR, secret, certificate(byte(n+1))); err != nil {
			t.Fatal(err)
		}
	}
	devices, err := s.Devices(t.Context(), alice.ID)
	if err != nil || len(devices) != 2 {
		t.Fatalf("%+v, %v", devices, err)
	}
	if err := s.RevokeDevice(t.Context(), bob.ID, devices[0].ID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("by another owner: %v, want ErrNotFound", err)
	}
	if err := s.RevokeDevice(t.Context(), alice.ID, devices[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DisableUser(t.Context(), bob.ID); err != nil {
		t.Fatal(err)
	}
	nodes, err := s.RevokedNodes(t.Context())
	if err != nil || len(nodes) != 2 || nodes[0] != [16]byte{2} || nodes[1] != [16]byte{3} {
		t.Errorf("%v, %v; want alice's newer device and bob's", nodes, err)
	}
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice, bob := create(t, s, account.NewUser{AoR: "alice"}), create(t, s, account.NewUser{AoR: "bob"})
	_, secret := invite(t, s, alice, account.ForDevice)
	if err := s.Admit(t.Context(), alice.AoR, secret, certificate(1)); err != nil {
		t.Fatal(err)
	}
	node := [16]byte{1}
	renewed := func(context.Context) ([16]byte, []byte, time.Time, error) {
		return node, []byte("renewed"), time.Now().Add(2 * time.Hour), nil
	}
	if err := s.Renew(t.Context(), alice.AoR, node, renewed); err != nil {
		t.Fatal(err)
	}
	devices, err := s.Devices(t.Context(), alice.ID)
	if err != nil || len(devices) != 1 || string(devices[0].Certificate) != "renewed" {
		t.Errorf("devices: %+v, %v", devices, err)
	}
	if err := s.Renew(t.Context(), alice.AoR, node, certificate(2)); err == nil {
		t.Error("renewed for another node")
	}
	refused := func(what, aor string, node [16]byte) {
		t.Helper()
		if err := s.Renew(t.Context(), aor, node, renewed); !errors.Is(err, account.ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", what, err)
		}
	}
	refused("another's device", bob.AoR, node)
	refused("an unknown device", alice.AoR, [16]byte{9})
	if err := s.RevokeDevice(t.Context(), alice.ID, devices[0].ID); err != nil {
		t.Fatal(err)
	}
	refused("a revoked device", alice.AoR, node)
}

// Of the links that somebody mislaid, only the last one works. Another user's, and those for a password, stay.
func TestInvitingAnewRevokesWhatIsOpen(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice, bob := create(t, s, account.NewUser{AoR: "alice"}), create(t, s, account.NewUser{AoR: "bob"})
	_, first := invite(t, s, alice, account.ForDevice)
	_, bobs := invite(t, s, bob, account.ForDevice)
	_, forPassword := invite(t, s, alice, account.ForPassword)
	_, second, err := s.InviteAnew(t.Context(), alice.ID, account.ForDevice, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Admit(t.Context(), alice.AoR, first, certificate(1)); !errors.Is(err, account.ErrRefused) {
		t.Errorf("the first invitation: %v, want ErrRefused", err)
	}
	if err := s.Admit(t.Context(), alice.AoR, second, certificate(2)); err != nil {
		t.Errorf("the second invitation: %v", err)
	}
	if err := s.Admit(t.Context(), bob.AoR, bobs, certificate(3)); err != nil {
		t.Errorf("the invitation of another: %v", err)
	}
	if _, err := s.PasswordInvitation(t.Context(), forPassword); err != nil {
		t.Errorf("the invitation for a password: %v", err)
	}
}
