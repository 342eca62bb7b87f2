package sipusage

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"

	"tandem/overlay"
	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// Connect opens a new SIPS connection to the contact: AppAttach with application 5061. The certificate of the other
// end holds c.NodeID, the last of the destination list, or else the connection is closed (RFC 7904 5.1). Whoever uses
// the connection keeps it alive (RFC 5626 3.5).
func Connect(ctx context.Context, o Overlay, c Contact) (*tls.Conn, cert.Peer, error) {
	conn, peer, err := o.AppAttach(ctx, c.Path, wire.ApplicationSIPS)
	if err != nil {
		return nil, cert.Peer{}, fmt.Errorf("connect to %s at %v: %w", c.AoR, c.NodeID, err)
	}
	if !slices.Contains(peer.NodeIDs, c.NodeID) {
		_ = conn.Close()
		return nil, cert.Peer{}, fmt.Errorf("connect to %s at %v: %w", c.AoR, c.NodeID, overlay.ErrWrongNode)
	}
	return conn, peer, nil
}
