package gateway

import (
	"net/netip"

	"tandem/gateway/media"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// overlayMedia makes the media of a call from the overlay.
func (g *Gateway) overlayMedia(leg *sipua.Leg) (sipua.Media, error) {
	return g.peers.Media(leg.Info().Node, nil)
}

// trunkMedia makes the media of a call from a carrier.
func (g *Gateway) trunkMedia(leg *sipua.Leg) (sipua.Media, error) {
	return g.trunkSession(leg.Info().Trunk, leg.Remote())
}

var security = map[trunk.SRTP]media.Security{trunk.SRTPForbidden: media.Forbidden, trunk.SRTPOptional: media.Optional,
	trunk.SRTPRequired: media.Required}

// trunkSession is media as the trunk wants it, towards an address of its.
func (g *Gateway) trunkSession(name string, peer netip.Addr) (*media.Session, error) {
	t, ok := g.trunks.Get(name)
	if !ok {
		return nil, trunk.ErrUnknown
	}
	return g.cfg.Media.NewSession(media.SessionConfig{Peer: peer, Codecs: t.Codecs, Security: security[t.SRTP]})
}
