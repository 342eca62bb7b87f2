package account_test

import (
	"errors"
	"testing"

	"tandem/web/account"
)

func TestRenew(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice, bob := create(t, s, account.NewUser{AoR: "alice"}), create(t, s, account.NewUser{AoR: "bob"})
	_, secret := invite(t, s, alice, account.ForDevice)
	if err := s.Admit(t.Context(), alice.AoR, secret, certificate(1)); err != nil {
		t.Fatal(err)
	}
	node := [16]byte{1}
	if err := s.Renew(t.Context(), alice.AoR, node, certificate(1)); err != nil {
		t.Errorf("her own device: %v", err)
	}
	if err := s.Renew(t.Context(), alice.AoR, node, certificate(2)); err == nil || errors.Is(err, account.ErrRefused) {
		t.Errorf("a certificate for another node: %v, want the error to say so", err)
	}
	for name, aor := range map[string]string{"another's device": bob.AoR, "nobody": "carol@example.org"} {
		if err := s.Renew(t.Context(), aor, node, certificate(1)); !errors.Is(err, account.ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", name, err)
		}
	}
	devices, err := s.Devices(t.Context(), alice.ID)
	if err != nil || len(devices) != 1 {
		t.Fatalf("%+v, %v; want the one device", devices, err)
	}
	if err := s.RevokeDevice(t.Context(), alice.ID, devices[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Renew(t.Context(), alice.AoR, node, certificate(1)); !errors.Is(err, account.ErrRefused) {
		t.Errorf("a revoked device: %v, want ErrRefused", err)
	}
}
