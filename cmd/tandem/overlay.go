package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"time"

	"tandem/overlay"
	"tandem/overlay/redir"
	"tandem/overlay/sipusage"
	"tandem/overlay/wire"
)

type overlayCmd struct {
	Status   overlayStatusCmd   `cmd:"" help:"How this identity is attached."`
	Ring     overlayRingCmd     `cmd:"" help:"Walk once around the ring."`
	Lookup   overlayLookupCmd   `cmd:"" help:"Where a user is registered."`
	Services overlayServicesCmd `cmd:"" help:"Who offers a service."`
	Ping     overlayPingCmd     `cmd:"" help:"Ask a node, or the peer responsible for a name, for a sign of life."`
	Route    overlayRouteCmd    `cmd:"" help:"Every hop on the way to a node, or to the peer responsible for a name."`
	Fetch    overlayFetchCmd    `cmd:"" help:"The values stored under a name."`
}

// lookInto is what these commands share: each attaches as a client, asks, and leaves.
type lookInto struct {
	configFlag
	Dir  string `type:"path" placeholder:"DIR" help:"The identity, as tandem enroll wrote it."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// askWait bounds a question: a walk around a large ring takes a while.
const askWait = 5 * time.Minute

func (l lookInto) with(ctx context.Context, ask func(ctx context.Context, node *overlay.Node) (any, error)) error {
	cfg, err := l.load()
	if err != nil {
		return err
	}
	if cfg.Log.Level == "info" {
		cfg.Log.Level = "warn" // the answer is what the caller wants
	}
	dir, err := identityDir(l.Dir)
	if err != nil {
		return err
	}
	unlock, err := lockIdentity(dir)
	if err != nil {
		return err
	}
	defer unlock()
	log := newLogger(cfg.Log)
	id, doc, err := loadIdentity(ctx, dir, log)
	if err != nil {
		return err
	}
	node, err := attachNode(ctx, cfg, log, dir, id, doc, nil)
	if err != nil {
		return err
	}
	defer node.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, askWait, fmt.Errorf("the overlay %s did not answer within %v", doc.InstanceName, askWait))
	defer cancel()
	answer, err := ask(ctx, node)
	if err != nil {
		return sentence(err)
	}
	if l.JSON {
		return printJSON(os.Stdout, answer)
	}
	fmt.Println(answer)
	return nil
}

// sentence says in one what went wrong.
func sentence(err error) error {
	var refusal *wire.ErrorResponse
	switch {
	case errors.Is(err, sipusage.ErrNotRegistered), errors.Is(err, redir.ErrNoProvider), errors.Is(err, overlay.ErrNotThere):
		return nothingError{err}
	case errors.Is(err, sipusage.ErrBadAoR):
		return usage("%v", err)
	case errors.As(err, &refusal):
		return fmt.Errorf("another node refused: %w", refusal)
	}
	return err
}

type overlayStatusCmd struct{ lookInto }

func (c overlayStatusCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		s, err := node.Status(ctx)
		return nodeStatus(s), err
	})
}

type overlayRingCmd struct{ lookInto }

// maxRing bounds a walk: a ring that changes under it might never close.
const maxRing = 10000

// Run asks for the peer after each peer, beginning anywhere, until it comes round.
func (c overlayRingCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		var found ring
		at := wire.ResourceID{}
		for len(found) < maxRing {
			p, err := node.Probe(ctx, []wire.Destination{wire.ToResource(at)})
			if err != nil {
				return nil, fmt.Errorf("the peer responsible for %v: %w", at, err)
			}
			if len(found) > 0 && p.NodeID.String() == found[0].Node {
				break
			}
			found = append(found, ringPeer{
				Node: p.NodeID.String(), User: p.User, Share: p.Share, Resources: p.Resources,
				Uptime: int(p.Uptime.Seconds()), MS: milliseconds(p.RTT),
			})
			at = after(p.NodeID)
		}
		return found, nil
	})
}

// after is the Resource-ID that follows a Node-ID on the ring.
func after(n wire.NodeID) wire.ResourceID {
	one := new(big.Int).Add(new(big.Int).SetBytes(n[:]), big.NewInt(1))
	var out wire.ResourceID
	one.And(one, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)))
	one.FillBytes(out[:])
	return out
}

type overlayLookupCmd struct {
	lookInto
	AoR string `arg:"" name:"address" help:"An address, such as bob@example.org."`
}

func (c overlayLookupCmd) Run(ctx context.Context) error {
	if _, err := sipusage.ParseAoR(c.AoR); err != nil {
		return usage("%v", err)
	}
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		found, err := sipusage.Locate(ctx, node, c.AoR)
		if err != nil {
			return nil, err
		}
		var out places
		for _, x := range found {
			out = append(out, placeOf(x.NodeID, x.AoR, x.Path))
		}
		return out, nil
	})
}

type overlayServicesCmd struct {
	lookInto
	Name string `arg:"" help:"pstn-gateway, pstn-gateway:+CC, voice-mail or auto-attendant."`
}

func (c overlayServicesCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		found, err := redir.Find(ctx, node, c.Name, node.NodeID())
		if err != nil {
			return nil, err
		}
		var out places
		for _, x := range found {
			p := placeOf(x.NodeID, x.User, x.Path)
			p.Since = &x.Stored
			out = append(out, p)
		}
		return out, nil
	})
}

type overlayPingCmd struct {
	lookInto
	asking
	What  string `arg:"" help:"A Node-ID in hex, or any name."`
	Count int    `short:"n" default:"1" help:"How often."`
}

func (c overlayPingCmd) Run(ctx context.Context) error {
	if c.What == "" || c.Count < 1 {
		return usage("ping what, how often?")
	}
	kinds, err := c.kinds()
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		var out pongs
		for range c.Count {
			got, err := node.Diagnose(ctx, []wire.Destination{destination(c.What)}, kinds...)
			if errors.Is(err, overlay.ErrTimeout) {
				return nil, fmt.Errorf("%s does not answer", c.What)
			} else if err != nil {
				return nil, err
			}
			out = append(out, pongOf(got))
		}
		return out, nil
	})
}

// asking is for commands that can ask nodes for diagnostic information.
type asking struct {
	Ask []string `placeholder:"KIND" help:"Ask for diagnostic information, too: software_version, routing_table_size, app_uptime, ... The configuration document says who may know."`
}

// kinds are the diagnostic Kinds asked for, by their names.
func (a asking) kinds() (kinds []wire.DiagnosticKind, err error) {
	for _, name := range a.Ask {
		found := false
		for k := wire.DiagnosticStatus; k <= wire.DiagnosticBattery; k++ {
			if k.String() == name {
				kinds, found = append(kinds, k), true
			}
		}
		if !found {
			return nil, usage("%q is no diagnostic information", name)
		}
	}
	return kinds, nil
}

type overlayRouteCmd struct {
	lookInto
	asking
	What string `arg:"" help:"A Node-ID in hex, or any name."`
}

func (c overlayRouteCmd) Run(ctx context.Context) error {
	if c.What == "" {
		return usage("route to what?")
	}
	kinds, err := c.kinds()
	if err != nil {
		return err
	}
	if len(kinds) > 0 {
		return c.track(ctx, kinds)
	}
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		found, err := node.Route(ctx, destination(c.What))
		if errors.Is(err, overlay.ErrTimeout) {
			return nil, fmt.Errorf("%v does not answer, hop %d of the way to %s", found[len(found)-1].NodeID, len(found), c.What)
		} else if err != nil {
			return nil, err
		}
		var out hops
		for _, h := range found {
			out = append(out, hop{Node: h.NodeID.String(), MS: milliseconds(h.RTT)})
		}
		return out, nil
	})
}

// track asks every node on the way for diagnostic information, by PathTrack (RFC 7851).
func (c overlayRouteCmd) track(ctx context.Context, kinds []wire.DiagnosticKind) error {
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		found, err := node.TrackPath(ctx, destination(c.What), kinds...)
		if err != nil {
			return nil, err
		}
		var out pongs
		for _, d := range found {
			out = append(out, pongOf(d))
		}
		return out, nil
	})
}

// destination is a node, or the peer responsible for a name.
func destination(what string) wire.Destination {
	if raw, err := hex.DecodeString(what); err == nil && len(raw) == len(wire.NodeID{}) {
		return wire.ToNode(wire.NodeID(raw))
	}
	return wire.ToResource(wire.HashResource([]byte(what)))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
