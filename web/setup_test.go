package web_test

import (
	"testing"

	"tandem/web"
)

func TestFirstRun(t *testing.T) {
	t.Parallel()
	s := start(t)
	secret, err := s.accounts.SetupSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	b.do("GET", "/api/portal", nil).want(200).says(`"set_up":false`).says(`"domain":"example.org"`)
	b.do("POST", "/api/setup", in{"secret": "wrong", "address": "root", "name": "Root", "password": password}).want(403)
	b.do("POST", "/api/setup", in{"secret": secret, "address": "root", "name": "Root", "password": "short"}).want(422).says("body.password")
	b.do("POST", "/api/setup", in{"secret": secret, "address": "root", "name": "Root", "password": password}).want(200)
	b.do("GET", "/api/admin/users", nil).want(200).says("root@example.org")
	b.do("GET", "/api/portal", nil).want(200).says(`"set_up":true`)
	s.browser(t).do("POST", "/api/setup", in{"secret": secret, "address": "thief", "name": "", "password": password}).want(403)
}

func TestAnAdministratorInvites(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.user(t, "root", "administrator")
	admin := s.signedIn(t, "root")

	var bob web.User
	admin.do("POST", "/api/admin/users", in{"address": "bob", "name": "Bob", "may_call_out": true}).want(200).into(&bob)
	if bob.Address != "bob@example.org" || !bob.MayCallOut || bob.CanSignIn {
		t.Errorf("%+v", bob)
	}
	admin.do("POST", "/api/admin/users", in{"address": "bob"}).want(409)
	admin.do("POST", "/api/admin/users", in{"address": "bob@elsewhere.org"}).want(422).says("body.aor")

	var device, forPassword struct {
		Invitation web.Invitation
		Link       string
	}
	admin.do("POST", "/api/admin/invitations", in{"user": bob.ID, "purpose": "device"}).want(200).into(&device)
	if want := "https://example.org/join/"; device.Link[:len(want)] != want || device.Invitation.State != "open" {
		t.Errorf("%+v", device)
	}
	admin.do("POST", "/api/admin/invitations", in{"user": bob.ID, "purpose": "password"}).want(200).into(&forPassword)
	secret := forPassword.Link[len("/welcome#"):]
	admin.do("GET", "/api/admin/invitations", nil).want(200).says(device.Invitation.ID.String())

	b := s.browser(t)
	b.do("POST", "/api/welcome/check", in{"secret": secret}).want(200).says("bob@example.org")
	b.do("POST", "/api/welcome", in{"secret": secret, "password": password}).want(200)
	b.do("GET", "/api/messages", nil).want(200)
	b.do("POST", "/api/welcome", in{"secret": secret, "password": password}).want(403)
	b.do("POST", "/api/welcome/check", in{"secret": "unknown"}).want(403)

	admin.do("DELETE", "/api/admin/invitations/"+device.Invitation.ID.String(), nil).want(204)
	admin.do("DELETE", "/api/admin/invitations/"+device.Invitation.ID.String(), nil).want(404)
	admin.do("GET", "/api/admin/invitations", nil).want(200).says(`"revoked"`).says(`"used"`)

	admin.do("PATCH", "/api/admin/users/"+bob.ID.String(), in{"may_call_out": false, "ring_seconds": 40}).want(200).says(`"ring_seconds":40`).says(`"may_call_out":false`)
	admin.do("PUT", "/api/admin/users/"+bob.ID.String()+"/password", in{"password": "a new long one"}).want(200)
	b.do("GET", "/api/messages", nil).want(401)
	admin.do("PATCH", "/api/admin/users/"+bob.ID.String(), in{"disabled": true}).want(200)
	b.do("POST", "/api/session", in{"address": "bob", "password": "a new long one"}).want(401)

	root := s.id(t, "root@example.org")
	admin.do("PATCH", "/api/admin/users/"+root, in{"disabled": true}).want(409)
	admin.do("GET", "/api/admin/users/"+bob.ID.String()+"/devices", nil).want(200).says(`"devices":[]`)
}

func TestUsersAreNoAdministrators(t *testing.T) {
	t.Parallel()
	s := start(t)
	u := s.user(t, "bob", "user")
	b := s.signedIn(t, "bob")
	for _, r := range []struct{ method, path string }{
		{"GET", "/api/admin/users"},
		{"POST", "/api/admin/users"},
		{"PATCH", "/api/admin/users/" + u.ID.String()},
		{"PUT", "/api/admin/users/" + u.ID.String() + "/password"},
		{"GET", "/api/admin/users/" + u.ID.String() + "/devices"},
		{"DELETE", "/api/admin/users/" + u.ID.String() + "/devices/" + u.ID.String()},
		{"GET", "/api/admin/invitations"},
		{"POST", "/api/admin/invitations"},
		{"DELETE", "/api/admin/invitations/" + u.ID.String()},
		{"GET", "/api/admin/overview"},
	} {
		b.do(r.method, r.path, nil).want(403)
		s.browser(t).do(r.method, r.path, nil).want(401)
	}
}

// id of a user.
func (s *site) id(t *testing.T, aor string) string {
	t.Helper()
	u, err := s.accounts.ByAoR(t.Context(), aor)
	if err != nil {
		t.Fatal(err)
	}
	return u.ID.String()
}
