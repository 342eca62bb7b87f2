package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tandem/web/account"
)

// sessionLife is how long a sign-in lasts.
const sessionLife = 14 * 24 * time.Hour

func newSessions(cfg Config) *scs.SessionManager {
	s := scs.New()
	s.Store = pgxstore.NewWithCleanupInterval(cfg.Pool, 0) // Run cleans up
	s.Lifetime = sessionLife
	s.HashTokenInStore = true
	s.Cookie.Name = "tandem_session"
	s.Cookie.HttpOnly = true
	s.Cookie.SameSite = http.SameSiteLaxMode
	s.Cookie.Secure = cfg.TLS
	if cfg.TLS {
		s.Cookie.Name = "__Host-tandem_session"
	}
	s.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		cfg.Log.ErrorContext(r.Context(), "session store failed", "request_id", requestID(r.Context()), "err", err)
		problem(w, http.StatusServiceUnavailable, noDatabase)
	}
	return s
}

// identified finds out who asks. A session of a disabled user, or begun before the password changed, is nobody's.
func (p *Portal) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, err := p.whoIs(r.Context())
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			p.refuse(w, r, err)
			return
		}
		if err == nil {
			r = r.WithContext(context.WithValue(r.Context(), keyUser, u))
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Portal) whoIs(ctx context.Context) (account.User, error) {
	id, err := uuid.Parse(p.sessions.GetString(ctx, "user"))
	if err != nil {
		return account.User{}, account.ErrNotFound
	}
	u, err := p.cfg.Accounts.ByID(ctx, id)
	if err == nil && (u.Disabled() || u.SessionEpoch != p.sessions.GetInt(ctx, "epoch")) {
		return account.User{}, account.ErrNotFound
	}
	return u, err
}

// viewer is who asks.
func viewer(ctx context.Context) (account.User, bool) {
	u, ok := ctx.Value(keyUser).(account.User)
	return u, ok
}

// me is the user in a handler behind users.
func me(ctx context.Context) account.User {
	u, _ := viewer(ctx)
	return u
}

// users lets only those pass who are signed in.
func (p *Portal) users(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := viewer(r.Context()); !ok {
			problem(w, http.StatusUnauthorized, "Sign in first.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// administrators lets only those pass.
func (p *Portal) administrators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !me(r.Context()).IsAdministrator() {
			problem(w, http.StatusForbidden, "This is for administrators.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// begin makes this session u's, under a new token.
func (p *Portal) begin(ctx context.Context, u account.User) error {
	if err := p.sessions.RenewToken(ctx); err != nil {
		return err
	}
	p.sessions.Put(ctx, "user", u.ID.String())
	p.sessions.Put(ctx, "epoch", u.SessionEpoch)
	return nil
}

// Portal facts for a browser that nobody has signed in with.
type aboutOut struct {
	Body struct {
		Domain string `json:"domain" doc:"Name of the overlay; completes addresses"`
		SetUp  bool   `json:"set_up" doc:"Whether there is an administrator"`
	}
}

func (p *Portal) about(ctx context.Context, _ *struct{}) (*aboutOut, error) {
	set, err := p.cfg.Accounts.IsSetUp(ctx)
	out := &aboutOut{}
	out.Body.Domain, out.Body.SetUp = p.cfg.Domain, set
	return out, err
}

type sessionOut struct{ Body Viewer }

// Viewer is who is signed in.
type Viewer struct {
	ID            uuid.UUID `json:"id" format:"uuid"`
	Address       string    `json:"address"`
	Name          string    `json:"name"`
	Administrator bool      `json:"administrator"`
}

func asViewer(u account.User) Viewer {
	return Viewer{ID: u.ID, Address: u.AoR, Name: u.Name, Administrator: u.IsAdministrator()}
}

func (p *Portal) session(ctx context.Context, _ *struct{}) (*sessionOut, error) {
	u, ok := viewer(ctx)
	if !ok {
		return nil, huma.Error401Unauthorized("Nobody is signed in.")
	}
	return &sessionOut{asViewer(u)}, nil
}

type signInIn struct {
	Body struct {
		Address  string `json:"address" maxLength:"320" doc:"Without @domain: in the overlay's"`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (p *Portal) signIn(ctx context.Context, in *signInIn) (*sessionOut, error) {
	u, err := p.cfg.Accounts.Authenticate(ctx, in.Body.Address, in.Body.Password)
	if err != nil {
		// Not the address: some type their password there.
		p.log.InfoContext(ctx, "sign-in refused", "remote", requestOf(ctx).remote, "err", err)
		return nil, err
	}
	p.log.InfoContext(ctx, "signed in", "aor", u.AoR, "remote", requestOf(ctx).remote)
	return &sessionOut{asViewer(u)}, p.begin(ctx, u)
}

func (p *Portal) signOut(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, p.sessions.Destroy(ctx)
}

type changePasswordIn struct {
	Body struct {
		Old string `json:"old" maxLength:"1024"`
		New string `json:"new" maxLength:"1024"`
	}
}

// changePassword ends the user's other sessions; this one goes on.
func (p *Portal) changePassword(ctx context.Context, in *changePasswordIn) (*struct{}, error) {
	u, err := p.cfg.Accounts.ChangePassword(ctx, me(ctx).ID, in.Body.Old, in.Body.New)
	if errors.Is(err, account.ErrRefused) {
		return nil, &account.InvalidError{Field: "old", Reason: "is not your password"}
	}
	if err != nil {
		return nil, err
	}
	return nil, p.begin(ctx, u)
}
