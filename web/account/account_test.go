package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/migrations/pgtest"
	"tandem/web/account"
)

const password = "correct horse battery"

// cheap makes a password cost next to nothing.
var cheap = account.Config{Domain: "example.org", Hash: argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}}

func open(t *testing.T) (*account.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t)
	s, err := account.New(pool, cheap)
	if err != nil {
		t.Fatal(err)
	}
	return s, pool
}

func create(t *testing.T, s *account.Store, n account.NewUser) account.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), n)
	if err != nil {
		t.Fatalf("create %v: %v", n.AoR, err)
	}
	return u
}

func TestCreateCompletesAndFinds(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	u := create(t, s, account.NewUser{AoR: " Alice "})
	if u.AoR != "alice@example.org" || u.Name != "alice" || u.Role != account.RoleUser || u.MayCallOut || u.RingFor != 25*time.Second || u.HasPassword {
		t.Errorf("a bare name became %+v", u)
	}
	found, err := s.ByAoR(t.Context(), "ALICE@example.org")
	if err != nil || found.ID != u.ID {
		t.Errorf("ByAoR: %+v, %v", found, err)
	}
	if _, err := s.CreateUser(t.Context(), account.NewUser{AoR: "alice@example.org"}); !errors.Is(err, account.ErrExists) {
		t.Errorf("the same address again: %v, want ErrExists", err)
	}
	if _, err := s.ByAoR(t.Context(), "bob@example.org"); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
}

func TestWhatCannotBe(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, c := range []struct {
		field string
		user  account.NewUser
	}{
		{"aor", account.NewUser{AoR: ""}},
		{"aor", account.NewUser{AoR: "bob@elsewhere.org"}},
		{"aor", account.NewUser{AoR: "bob smith"}},
		{"aor", account.NewUser{AoR: "bob@example.org@example.org"}},
		{"aor", account.NewUser{AoR: "-bob"}},
		{"aor", account.NewUser{AoR: strings.Repeat("b", 65)}},
		{"aor", account.NewUser{AoR: "1001"}},
		{"aor", account.NewUser{AoR: "555-01.00"}},
		{"aor", account.NewUser{AoR: "Voicemail"}},
		{"aor", account.NewUser{AoR: "anonymous"}},
		{"name", account.NewUser{AoR: "bob", Name: "two\nlines"}},
		{"name", account.NewUser{AoR: "bob", Name: strings.Repeat("b", 101)}},
		{"role", account.NewUser{AoR: "bob", Role: "king"}},
		{"password", account.NewUser{AoR: "bob", Password: "short"}},
		{"password", account.NewUser{AoR: "bob", Password: "bob@example.org"}},
		{"password", account.NewUser{AoR: "bob", Password: "bobbobbobbob"}},
		{"password", account.NewUser{AoR: "bob", Password: "aaaaaaaaaaaa"}},
		{"password", account.NewUser{AoR: "bob", Password: strings.Repeat("long", 65)}},
		{"caller_number", account.NewUser{AoR: "bob", CallerNumber: "0555"}},
		{"ring", account.NewUser{AoR: "bob", RingFor: time.Hour}},
		{"timezone", account.NewUser{AoR: "bob", TimeZone: "Mars/Olympus"}},
		{"language", account.NewUser{AoR: "bob", Language: "../en"}},
	} {
		_, err := s.CreateUser(t.Context(), c.user)
		var invalid *account.InvalidError
		if p := c.user.Problems("example.org"); len(p) == 0 || p[0].Field != c.field {
			t.Errorf("%+v: problems %v, want one of %s", c.user, p, c.field)
		}
		if !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%+v: %v, want an InvalidError of %s", c.user, err, c.field)
		}
	}
	if users, err := s.ListUsers(t.Context()); err != nil || len(users) != 0 {
		t.Errorf("users were created: %v, %v", users, err)
	}
}

func TestUpdateChangesWhatIsNamed(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	u := create(t, s, account.NewUser{AoR: "alice", Name: "Alice", CallerNumber: "+15551230001"})
	yes, ring := true, 40*time.Second
	got, err := s.UpdateUser(t.Context(), u.ID, account.Change{MayCallOut: &yes, RingFor: &ring})
	if err != nil || !got.MayCallOut || got.RingFor != ring || got.Name != "Alice" || got.CallerNumber != "+15551230001" {
		t.Errorf("after the first change: %+v, %v", got, err)
	}
	none := ""
	if got, err = s.UpdateUser(t.Context(), u.ID, account.Change{CallerNumber: &none}); err != nil || got.CallerNumber != "" {
		t.Errorf("the number is still %q, %v", got.CallerNumber, err)
	}
	if _, err = s.UpdateUser(t.Context(), uuid.New(), account.Change{MayCallOut: &yes}); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
}

func TestPolicyDeniesByDefault(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	alice := create(t, s, account.NewUser{AoR: "alice", MayCallOut: true, CallerNumber: "+15551230001"})
	create(t, s, account.NewUser{AoR: "bob"})
	for aor, want := range map[string]bool{"alice@example.org": true, "bob@example.org": false, "nobody@example.org": false} {
		if got, err := s.MayCallOut(t.Context(), aor); got != want || err != nil {
			t.Errorf("MayCallOut(%s) = %v, %v; want %v", aor, got, err, want)
		}
	}
	if n, err := s.NumberOf(t.Context(), "alice@example.org"); n != "+15551230001" || err != nil {
		t.Errorf("NumberOf = %q, %v", n, err)
	}
	if _, err := s.DisableUser(t.Context(), alice.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.MayCallOut(t.Context(), "alice@example.org"); got || err != nil {
		t.Errorf("a disabled user may call out: %v, %v", got, err)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	u := create(t, s, account.NewUser{AoR: "alice", Password: password})
	create(t, s, account.NewUser{AoR: "bare"})
	off := create(t, s, account.NewUser{AoR: "off", Password: password})
	if _, err := s.DisableUser(t.Context(), off.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Authenticate(t.Context(), "Alice@Example.org", password); err != nil || got.ID != u.ID {
		t.Errorf("right: %+v, %v", got, err)
	}
	for _, c := range []struct{ aor, password string }{
		{"alice@example.org", password + "!"},
		{"alice@example.org", ""},
		{"alice@example.org", strings.Repeat("x", 10_000)},
		{"nobody@example.org", password},
		{"bare@example.org", ""},
		{"off@example.org", password},
		{"", ""},
		{"alice\x00@example.org", password},
	} {
		if _, err := s.Authenticate(t.Context(), c.aor, c.password); !errors.Is(err, account.ErrRefused) {
			t.Errorf("%q: %v, want ErrRefused", c.aor, err)
		}
	}
}

func TestABareNameSignsIn(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	u := create(t, s, account.NewUser{AoR: "alice", Password: password})
	if got, err := s.Authenticate(t.Context(), "alice", password); err != nil || got.ID != u.ID {
		t.Errorf("%+v, %v", got, err)
	}
}

// Known and unknown addresses are slowed down alike, and by the database, so that another server peer knows.
func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	create(t, s, account.NewUser{AoR: "alice", Password: password})
	other, err := account.New(pool, cheap)
	if err != nil {
		t.Fatal(err)
	}
	for _, aor := range []string{"alice@example.org", "nobody@example.org"} {
		for i := range 5 {
			if _, err := s.Authenticate(t.Context(), aor, "wrong password"); !errors.Is(err, account.ErrRefused) {
				t.Fatalf("%s, try %d: %v, want ErrRefused", aor, i, err)
			}
		}
		var throttled *account.ThrottledError
		if _, err := other.Authenticate(t.Context(), aor, password); !errors.As(err, &throttled) || throttled.RetryAfter <= 0 || throttled.RetryAfter > 15*time.Minute {
			t.Errorf("%s, after five wrong passwords: %v, want a ThrottledError", aor, err)
		}
	}
	if _, err := pool.Exec(t.Context(), `UPDATE sign_in_failures SET last_at = now() - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(t.Context(), "alice@example.org", password); err != nil {
		t.Errorf("the right password an hour later: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), "alice@example.org", "wrong password"); !errors.Is(err, account.ErrRefused) {
		t.Errorf("a success did not forget the failures: %v", err)
	}
}

func TestManyGuessesAtOnceDoNotSlipThrough(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	create(t, s, account.NewUser{AoR: "alice", Password: password})
	var looked sync.WaitGroup
	results := make(chan error, 30)
	for range 30 {
		looked.Go(func() {
			_, err := s.Authenticate(context.Background(), "alice@example.org", "wrong password")
			results <- err
		})
	}
	looked.Wait()
	close(results)
	refused := 0
	for err := range results {
		if errors.Is(err, account.ErrRefused) {
			refused++
		}
	}
	if refused > 6 {
		t.Errorf("%d of 30 passwords were looked at; want 5", refused)
	}
}

func TestANewPasswordEndsSessions(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	u := create(t, s, account.NewUser{AoR: "alice", Password: password})
	if _, err := s.ChangePassword(t.Context(), u.ID, "not the old one", "another long one"); !errors.Is(err, account.ErrRefused) {
		t.Errorf("with a wrong old password: %v", err)
	}
	changed, err := s.ChangePassword(t.Context(), u.ID, password, "another long one")
	if err != nil || changed.SessionEpoch == u.SessionEpoch {
		t.Errorf("epoch %d after %d, %v", changed.SessionEpoch, u.SessionEpoch, err)
	}
	if _, err := s.Authenticate(t.Context(), u.AoR, password); !errors.Is(err, account.ErrRefused) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), u.AoR, "another long one"); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestPasswordsAreKeptAsHashes(t *testing.T) {
	t.Parallel()
	s, pool := open(t)
	create(t, s, account.NewUser{AoR: "alice", Password: password})
	var hash string
	if err := pool.QueryRow(t.Context(), `SELECT password_hash FROM users`).Scan(&hash); err != nil || !strings.HasPrefix(hash, "$argon2id$") {
		t.Errorf("%q, %v", hash, err)
	}
}
