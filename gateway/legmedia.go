package gateway

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"tandem/gateway/media"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// overlayMedia makes the media of a call from the overlay.
func (g *Gateway) overlayMedia(leg *sipua.Leg) (sipua.Media, error) {
	return g.peers.Media(leg.Info().Node, nil)
}

// resolveTime bounds the look-up of a carrier's name.
const resolveTime = 2 * time.Second

// trunkMedia makes the media of a call from a carrier, as its trunk says.
func (g *Gateway) trunkMedia(leg *sipua.Leg) (sipua.Media, error) {
	t, ok := g.trunks.Get(leg.Info().Trunk)
	if !ok {
		return nil, trunk.ErrUnknown
	}
	ctx, cancel := context.WithTimeout(leg.Context(), resolveTime)
	defer cancel()
	return g.trunkSession(ctx, t)
}

var security = map[trunk.SRTP]media.Security{trunk.SRTPForbidden: media.Forbidden, trunk.SRTPOptional: media.Optional,
	trunk.SRTPRequired: media.Required}

func (g *Gateway) trunkSession(ctx context.Context, t trunk.Trunk) (*media.Session, error) {
	addr, err := hostAddr(ctx, t.Host)
	if err != nil {
		return nil, fmt.Errorf("find trunk %s: %w", t.Name, err)
	}
	return g.cfg.Media.NewSession(media.SessionConfig{Peer: addr, Codecs: t.Codecs, Security: security[t.SRTP]})
}

// hostAddr is the address of a carrier's host, which media is then measured by.
func hostAddr(ctx context.Context, host string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addrs) == 0 {
		return netip.Addr{}, fmt.Errorf("%w: %w", trunk.ErrDown, err)
	}
	return addrs[0].Unmap(), nil
}
