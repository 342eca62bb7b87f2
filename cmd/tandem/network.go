package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"tandem/gateway/route"
	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/redir"
	"tandem/overlay/sipusage"
	"tandem/overlay/wire"
)

// network shows the overlay to the gateway and the phone as they want to see it: route.Overlay.
type network struct{ node *overlay.Node }

func (n network) Locate(ctx context.Context, aor string) ([]route.Contact, error) {
	found, err := sipusage.Locate(ctx, n.node, aor)
	if errors.Is(err, sipusage.ErrNotRegistered) || errors.Is(err, sipusage.ErrBadAoR) {
		return nil, fmt.Errorf("%w: %w", route.ErrNotRegistered, err)
	} else if err != nil {
		return nil, err
	}
	contacts := make([]route.Contact, 0, len(found))
	for _, c := range found {
		contact, err := contactOf(c.NodeID, c.Path)
		if err != nil {
			return nil, err
		}
		contacts = append(contacts, contact)
	}
	return contacts, nil
}

func (n network) Services(ctx context.Context, name string, key []byte) ([]route.Contact, error) {
	at := n.node.NodeID()
	if key != nil {
		at = redir.Key(key)
	}
	found, err := redir.Find(ctx, n.node, name, at)
	if errors.Is(err, redir.ErrNoProvider) {
		return nil, fmt.Errorf("%w: %w", route.ErrNoService, err)
	} else if err != nil {
		return nil, err
	}
	contacts := make([]route.Contact, 0, len(found))
	for _, p := range found {
		contact, err := contactOf(p.NodeID, p.Path)
		if err != nil {
			return nil, err
		}
		contacts = append(contacts, contact)
	}
	return contacts, nil
}

func (n network) Connect(ctx context.Context, c route.Contact) (net.Conn, route.Peer, error) {
	path, err := wire.UnmarshalDestinations(c.Path)
	if err != nil {
		return nil, route.Peer{}, fmt.Errorf("path to %s: %w", c.Node, err)
	}
	conn, peer, err := n.node.AppAttach(ctx, path, overlay.AppSIPS)
	if err != nil {
		return nil, route.Peer{}, err
	}
	return conn, peerOf(peer), nil
}

func contactOf(node wire.NodeID, path []wire.Destination) (route.Contact, error) {
	raw, err := wire.MarshalDestinations(path)
	if err != nil {
		return route.Contact{}, fmt.Errorf("path to %s: %w", node, err)
	}
	return route.Contact{Node: node.String(), Path: raw}, nil
}

// service is one of ours to offer: the server of SIPS connections.
type server interface {
	Serve(conn net.Conn, peer route.Peer) error
}

// serveSIP hands connections that others open to the application SIPS to s.
func serveSIP(node *overlay.Node, s server, log *slog.Logger) {
	node.HandleApp(overlay.AppSIPS, func(ctx context.Context, conn *tls.Conn, from cert.Peer) {
		if err := s.Serve(conn, peerOf(from)); err != nil {
			log.Warn("connection refused", "aor", from.User, "err", err)
			_ = conn.Close()
		}
	})
}
