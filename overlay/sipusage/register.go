package sipusage

import (
	"context"
	"fmt"
	"log/slog"

	"tandem/overlay"
	"tandem/overlay/wire"
)

// prefs says that this node takes calls by SIPS (RFC 7904 3.2).
const prefs = "(sip.schemes=SIPS)"

// Register keeps aor registered at the node of o until ctx ends, and then removes the registration. It returns at
// once: see Publication.Ready, Err and Wait. It refreshes before the Lifetime ends and when the way to the node has
// changed. aor must be the user of the node's certificate, else the overlay refuses.
func Register(ctx context.Context, o Overlay, aor string, log *slog.Logger) (*overlay.Publication, error) {
	aor, err := ParseAoR(aor)
	if err != nil {
		return nil, err
	}
	put := func(ctx context.Context, v overlay.Value) error {
		v.Key, v.Lifetime = wire.NodeKey(o.NodeID()), Lifetime
		if err := o.Store(ctx, wire.HashResource([]byte(aor)), wire.KindSIPRegistration, v); err != nil {
			return fmt.Errorf("register %s: %w", aor, err)
		}
		return nil
	}
	return overlay.Publish(ctx, overlay.Published{
		What:     "registration of " + aor,
		Lifetime: Lifetime,
		Changed:  o.PathChanged,
		Publish: func(ctx context.Context) error {
			data, err := record(o.Path())
			if err != nil {
				return err
			}
			return put(ctx, overlay.Value{Exists: true, Data: data})
		},
		Remove: func(ctx context.Context) error { return put(ctx, overlay.Value{Exists: false}) },
	}, log), nil
}

func record(path []wire.Destination) ([]byte, error) {
	if path == nil {
		return nil, overlay.ErrNotConnected
	}
	r := wire.SIPRegistration{Type: wire.SIPRegistrationRoute, ContactPrefs: prefs, Route: path}
	return r.MarshalBinary()
}
