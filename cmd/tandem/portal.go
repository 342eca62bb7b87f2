package main

import (
	"context"
	"strings"

	"tandem/gateway/cdr"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/trunk"
	"tandem/web"
)

// portalConfig shows the portal what it is allowed to see.
func (s *site) portalConfig() web.Config {
	return web.Config{
		Pool: s.db.Pool, Accounts: s.accounts, Messages: s.mailboxes, Link: s.authority.link,
		Trunks:  func() []trunk.State { return s.gateway.Status().Trunks },
		Numbers: s.directory.Numbers,
		Calls: func(ctx context.Context, limit int) ([]cdr.Record, error) {
			return s.directory.Calls(ctx, gatewaypg.CallFilter{Limit: limit})
		},
		Status: s.portalStatus, Domain: s.cfg.Overlay.Name, Version: version,
		TLS: strings.HasPrefix(s.portal, "https://"), Log: s.log,
	}
}

func (s *site) portalStatus(ctx context.Context) (map[string]any, error) {
	node, err := s.node.Status(ctx)
	if err != nil {
		return nil, err
	}
	gw := s.gateway.Status()
	return map[string]any{"overlay": node, "calls": len(gw.Calls), "draining": gw.Draining, "media": s.engine.Stats()}, nil
}
