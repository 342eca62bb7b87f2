package web

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
)

// maxBody is the longest request, in bytes: all of them are small forms.
const maxBody = 64 << 10

// routes is all there is, and its description.
func (p *Portal) routes() (http.Handler, *huma.OpenAPI) {
	r, doc := chi.NewRouter(), document()
	r.Use(p.name, p.logged, p.recovered, p.protected) // request id, log, panics, response headers
	r.Use(limited, sameOrigin())                      // size of the body, cross-site requests

	r.Route("/api", func(r chi.Router) {
		r.Use(p.sessions.LoadAndSave, p.identified)
		r.NotFound(p.noSuchThing)
		r.MethodNotAllowed(p.noSuchMethod)

		// Anybody.
		anybody := api(r, doc)
		get(p, anybody, "/portal", "What a browser must know before anybody signed in", p.about)
		get(p, anybody, "/session", "Who is signed in", p.session)
		remove(p, anybody, "/session", "Sign out", p.signOut)

		// Anybody with a secret, at the pace of a person.
		secret := api(r.With(perMinute(30)), doc)
		post(p, secret, "/session", "Sign in", p.signIn)
		post(p, secret, "/setup", "Become the first administrator", p.setUp)
		post(p, secret, "/welcome/check", "Whose password an invitation sets", p.checkWelcome)
		post(p, secret, "/welcome", "Choose a password by invitation", p.welcome)

		// The user's own.
		r.Group(func(r chi.Router) {
			r.Use(p.users)
			own := api(r, doc)
			put(p, own, "/password", "Change the own password", p.changePassword)
			get(p, own, "/devices", "The own devices", p.ownDevices)
			get(p, own, "/messages", "The own messages, newest first", p.messages)
			get(p, own, "/messages/{id}", "One message", p.message)
			patch(p, own, "/messages/{id}", "Mark a message as heard or as new", p.markMessage)
			remove(p, own, "/messages/{id}", "Put a message in the trash, or throw it away", p.deleteMessage)
			post(p, own, "/messages/{id}/restore", "Take a message out of the trash", p.restoreMessage)
			get(p, own, "/messages/{id}/peaks", "How loud a message is over time", p.peaks)
			r.Get("/messages/{id}/audio", p.audio)
			r.Head("/messages/{id}/audio", p.audio)
			r.Get("/events", p.events)
		})

		// The administrator's.
		r.Group(func(r chi.Router) {
			r.Use(p.users, p.administrators)
			admin := api(r, doc)
			get(p, admin, "/admin/users", "All users", p.listUsers)
			post(p, admin, "/admin/users", "Create a user", p.createUser)
			patch(p, admin, "/admin/users/{id}", "Change, disable or enable a user", p.changeUser)
			put(p, admin, "/admin/users/{id}/password", "Set a user's password", p.setPassword)
			get(p, admin, "/admin/users/{id}/devices", "A user's devices", p.devices)
			remove(p, admin, "/admin/users/{id}/devices/{device}", "Revoke a device's certificate", p.revokeDevice)
			get(p, admin, "/admin/invitations", "Invitations, newest first", p.listInvitations)
			post(p, admin, "/admin/invitations", "Invite; the answer is the only one with the link", p.invite)
			remove(p, admin, "/admin/invitations/{id}", "Revoke an invitation", p.revokeInvitation)
			get(p, admin, "/admin/overview", "Trunks, numbers, latest calls and state", p.overview)
		})

		describeStreams(doc)
		r.Get("/openapi.json", serveDocument(doc))
	})

	// The pages.
	r.With(middleware.Compress(5)).Get("/*", p.page.serve)
	return r, doc
}

// from is the address that a connection comes from; of IPv6 its /64. Behind a proxy all clients share the proxy's:
// headers that say otherwise are not believed.
func from(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "", fmt.Errorf("remote address: %w", err)
	}
	return httprate.CanonicalizeIP(host), nil
}

// perMinute lets n requests a minute pass from one address.
func perMinute(n int) func(http.Handler) http.Handler {
	return httprate.LimitBy(n, time.Minute, from, httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusTooManyRequests, "Too many tries from this address. Wait a minute.")
	}))
}

// api registers operations on r into one document.
func api(r chi.Router, doc *huma.OpenAPI) huma.API {
	return huma.NewAPI(huma.Config{OpenAPI: doc, Formats: huma.DefaultFormats, DefaultFormat: "application/json"}, humachi.NewAdapter(r))
}
