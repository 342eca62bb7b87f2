package account_test

import (
	"errors"
	"testing"

	"tandem/web/account"
)

func TestTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	first, err := s.SetupSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.SetupSecret(t.Context()) // of another server peer
	if err != nil {
		t.Fatal(err)
	}
	root := account.NewUser{AoR: "root", Password: password}
	if _, err := s.SetUp(t.Context(), first+"A", root); !errors.Is(err, account.ErrRefused) {
		t.Errorf("a wrong secret: %v, want ErrRefused", err)
	}
	if _, err := s.SetUp(t.Context(), first, account.NewUser{AoR: "root"}); err == nil {
		t.Error("without a password it worked")
	}
	u, err := s.SetUp(t.Context(), first, root)
	if err != nil || !u.IsAdministrator() {
		t.Fatalf("%+v, %v", u, err)
	}
	for _, secret := range []string{first, second} {
		if _, err := s.SetUp(t.Context(), secret, account.NewUser{AoR: "thief", Password: password}); err == nil {
			t.Error("there are two first administrators")
		}
	}
	if _, err := s.SetupSecret(t.Context()); !errors.Is(err, account.ErrSetUp) {
		t.Errorf("another secret: %v, want ErrSetUp", err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	a := create(t, s, account.NewUser{AoR: "a", Role: account.RoleAdministrator})
	b := create(t, s, account.NewUser{AoR: "b", Role: account.RoleAdministrator})
	if _, err := s.DisableUser(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DisableUser(t.Context(), b.ID); !errors.Is(err, account.ErrLastAdmin) {
		t.Errorf("%v, want ErrLastAdmin", err)
	}
	if got, err := s.ByID(t.Context(), b.ID); err != nil || got.Disabled() {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.EnableUser(t.Context(), a.ID); err != nil || got.Disabled() {
		t.Errorf("enable: %+v, %v", got, err)
	}
}
