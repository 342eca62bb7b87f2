package attach

import (
	"context"
	"errors"

	"tandem/gateway/call"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// Media makes the media of a leg to a node. In the overlay it is SRTP, always.
func (p *Pool) Media(node string, codecs []call.Codec) (*media.Session, error) {
	return p.media.NewSession(media.SessionConfig{Peer: p.Addr(node), Codecs: codecs, Security: media.Required})
}

// Invite calls somebody at a node: c.Hop and c.Media are filled in. codecs may be nil. A connection that turns out
// to be dead is replaced once.
func (p *Pool) Invite(ctx context.Context, to route.Contact, codecs []call.Codec, c sipua.InviteConfig) (*sipua.Leg, error) {
	reused := p.ua.Reach(to.Node)
	leg, err := p.invite(ctx, to, codecs, c)
	if err != nil && reused && ctx.Err() == nil && !p.ua.Reach(to.Node) {
		return p.invite(ctx, to, codecs, c)
	}
	return leg, err
}

func (p *Pool) invite(ctx context.Context, to route.Contact, codecs []call.Codec, c sipua.InviteConfig) (*sipua.Leg, error) {
	hop, err := p.Reach(ctx, to)
	if err != nil {
		return nil, err
	}
	s, err := p.Media(to.Node, codecs)
	if err != nil {
		return nil, err
	}
	c.Hop, c.Media, c.Info.Side, c.Info.Node = hop, s, call.Overlay, to.Node
	leg, err := p.ua.Invite(ctx, c)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	context.AfterFunc(leg.Context(), func() { p.bury(leg, to.Node) })
	return leg, nil
}

// bury closes a connection over which an INVITE got no response at all: nothing else will come over it either, and the
// next call shall not wait for it again. The leg has ended.
func (p *Pool) bury(leg *sipua.Leg, node string) {
	var s *sipua.StatusError
	if errors.As(leg.WaitAnswer(context.Background()), &s) && s.Local && s.Code == 408 && s.Cause == call.NoUserResponse {
		p.ua.Disconnect(node)
	}
}
