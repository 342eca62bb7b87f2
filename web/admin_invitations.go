package web

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tandem/web/account"
)

// Invitation is one as an administrator sees it.
type Invitation struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	Address   string    `json:"address"`
	Purpose   string    `json:"purpose" enum:"device,password"`
	State     string    `json:"state" enum:"open,used,revoked,expired"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func asInvitation(i account.Invitation) Invitation {
	return Invitation{
		ID: i.ID, Address: i.AoR, Purpose: string(i.Purpose), State: state(i, time.Now()),
		CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	}
}

func state(i account.Invitation, now time.Time) string {
	switch {
	case !i.RedeemedAt.IsZero():
		return "used"
	case !i.RevokedAt.IsZero():
		return "revoked"
	case !now.Before(i.ExpiresAt):
		return "expired"
	}
	return "open"
}

type invitationsOut struct {
	Body struct {
		Invitations []Invitation `json:"invitations" nullable:"false"`
	}
}

func (p *Portal) listInvitations(ctx context.Context, _ *struct{}) (*invitationsOut, error) {
	list, err := p.cfg.Accounts.Invitations(ctx)
	out := &invitationsOut{}
	out.Body.Invitations = each(list, asInvitation)
	return out, err
}

type inviteIn struct {
	Body struct {
		User    uuid.UUID `json:"user" format:"uuid"`
		Purpose string    `json:"purpose" enum:"device,password"`
		Hours   int       `json:"hours,omitempty" minimum:"1" maximum:"720" doc:"How long it is good; default a week"`
	}
}

type inviteOut struct {
	Body struct {
		Invitation Invitation `json:"invitation"`
		Link       string     `json:"link" doc:"For a device: what tandem enroll takes. For a password: the path of a page here. It is not shown again"`
	}
}

func (p *Portal) invite(ctx context.Context, in *inviteIn) (*inviteOut, error) {
	purpose := account.Purpose(in.Body.Purpose)
	if purpose == account.ForDevice && p.cfg.Link == nil {
		return nil, huma.Error409Conflict("This server does not enroll devices.")
	}
	i, secret, err := p.cfg.Accounts.Invite(ctx, in.Body.User, purpose, time.Duration(in.Body.Hours)*time.Hour)
	if err != nil {
		return nil, err
	}
	p.log.InfoContext(ctx, "invited", "aor", i.AoR, "purpose", i.Purpose, "by", me(ctx).AoR)
	out := &inviteOut{}
	out.Body.Invitation = asInvitation(i)
	out.Body.Link = "/welcome#" + secret // behind the #: it stays in the browser
	if purpose == account.ForDevice {
		out.Body.Link = p.cfg.Link(i.AoR, secret)
	}
	return out, nil
}

func (p *Portal) revokeInvitation(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, p.cfg.Accounts.RevokeInvitation(ctx, in.ID)
}
