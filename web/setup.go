package web

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"tandem/web/account"
)

// errLink is the one answer to every link that is no good.
var errLink = huma.Error403Forbidden("This link has been used, or is too old. Ask for a new one.")

type setUpIn struct {
	Body struct {
		Secret   string `json:"secret" maxLength:"100"`
		Address  string `json:"address" maxLength:"320"`
		Name     string `json:"name" maxLength:"100"`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (p *Portal) setUp(ctx context.Context, in *setUpIn) (*sessionOut, error) {
	u, err := p.cfg.Accounts.SetUp(ctx, in.Body.Secret, account.NewUser{
		AoR: in.Body.Address, Name: in.Body.Name, Password: in.Body.Password, MayCallOut: true,
	})
	if errors.Is(err, account.ErrRefused) || errors.Is(err, account.ErrSetUp) {
		return nil, errLink
	}
	if err != nil {
		return nil, err
	}
	p.log.InfoContext(ctx, "the first administrator has been set up", "aor", u.AoR)
	return &sessionOut{asViewer(u)}, p.begin(ctx, u)
}

type checkWelcomeIn struct {
	Body struct {
		Secret string `json:"secret" maxLength:"100"`
	}
}

// checkWelcome takes the secret in the body: addresses end up in logs.
func (p *Portal) checkWelcome(ctx context.Context, in *checkWelcomeIn) (*sessionOut, error) {
	u, err := p.cfg.Accounts.PasswordInvitation(ctx, in.Body.Secret)
	if errors.Is(err, account.ErrRefused) {
		return nil, errLink
	}
	return &sessionOut{asViewer(u)}, err
}

type welcomeIn struct {
	Body struct {
		Secret   string `json:"secret" maxLength:"100"`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (p *Portal) welcome(ctx context.Context, in *welcomeIn) (*sessionOut, error) {
	u, err := p.cfg.Accounts.RedeemPassword(ctx, in.Body.Secret, in.Body.Password)
	if errors.Is(err, account.ErrRefused) {
		return nil, errLink
	}
	if err != nil {
		return nil, err
	}
	return &sessionOut{asViewer(u)}, p.begin(ctx, u)
}
