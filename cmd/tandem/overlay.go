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
}

// lookInto is what these commands share: each attaches as a client, asks, and leaves.
type lookInto struct {
	configFlag
	Dir  string `type:"path" placeholder:"DIR" help:"The identity, as tandem enroll wrote it."`
	JSON bool   `name:"json" help:"Print JSON."`
}

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
	node, err := overlay.Start(ctx, overlay.Config{
		Identity: id, Document: doc, Client: true, Advertise: cfg.Overlay.Advertise, Logger: log,
		Bootstrap: append(splitList(cfg.Overlay.Bootstrap), readPeers(dir)...),
	})
	if err == nil {
		err = waitAttached(ctx, node)
	}
	if err != nil {
		return fmt.Errorf("attach to the overlay %s: %w", doc.InstanceName, err)
	}
	defer node.Close()
	answer, err := ask(ctx, node)
	if err != nil {
		return err
	}
	if l.JSON {
		return printJSON(os.Stdout, answer)
	}
	fmt.Println(answer)
	return nil
}

type overlayStatusCmd struct{ lookInto }

// nodeStatus prints a status for people.
type nodeStatus overlay.Status

func (s nodeStatus) String() string {
	out := fmt.Sprintf("%s in the overlay %s, node %s at %s\nconfiguration document %d\n", s.User, s.Overlay, s.NodeID, s.Address, s.Sequence)
	for _, l := range s.Links {
		out += fmt.Sprintf("link to %s at %s, round trip %v\n", l.NodeID, l.Address, l.RTT.Round(10*time.Microsecond))
	}
	return out[:len(out)-1]
}

func (c overlayStatusCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		s, err := node.Status(ctx)
		return nodeStatus(s), err
	})
}

type overlayRingCmd struct{ lookInto }

// ring is the peers in the order of their Node-IDs.
type ring []string

func (r ring) String() string {
	out := fmt.Sprintf("%d peers:", len(r))
	for _, n := range r {
		out += "\n" + n
	}
	return out
}

// maxRing bounds a walk: a ring that changes under it might never close.
const maxRing = 10000

// Run asks for the peer after each peer, beginning anywhere, until it comes round.
func (c overlayRingCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		var found ring
		at := wire.ResourceID{}
		for len(found) < maxRing {
			pong, err := node.Ping(ctx, []wire.Destination{wire.ToResource(at)})
			if err != nil {
				return nil, fmt.Errorf("the peer responsible for %v: %w", at, err)
			}
			if len(found) > 0 && pong.From.String() == found[0] {
				return found, nil
			}
			found = append(found, pong.From.String())
			at = after(pong.From)
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
	AoR string `arg:"" help:"An address, such as bob@example.org."`
}

// places prints where somebody or something is.
type places []place

type place struct {
	Node string `json:"node_id"`
	User string `json:"user,omitempty"`
	Via  string `json:"via,omitempty"` // the peer a client is attached to
}

func (p places) String() string {
	out := ""
	for _, x := range p {
		out += x.Node
		if x.User != "" {
			out += " (" + x.User + ")"
		}
		if x.Via != "" {
			out += " by way of " + x.Via
		}
		out += "\n"
	}
	return out[:max(len(out)-1, 0)]
}

func placeOf(node wire.NodeID, user string, path []wire.Destination) place {
	p := place{Node: node.String(), User: user}
	if len(path) > 1 {
		p.Via = path[0].String()
	}
	return p
}

func (c overlayLookupCmd) Run(ctx context.Context) error {
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
			out = append(out, placeOf(x.NodeID, x.User, x.Path))
		}
		return out, nil
	})
}

type overlayPingCmd struct {
	lookInto
	What string `arg:"" help:"A Node-ID in hex, or any name."`
}

type pong struct {
	Node string  `json:"node_id"`
	MS   float64 `json:"rtt_ms"`
}

func (p pong) String() string { return fmt.Sprintf("%s answered after %.1f ms", p.Node, p.MS) }

func (c overlayPingCmd) Run(ctx context.Context) error {
	if c.What == "" {
		return usage("ping what?")
	}
	return c.with(ctx, func(ctx context.Context, node *overlay.Node) (any, error) {
		got, err := node.Ping(ctx, []wire.Destination{destination(c.What)})
		if errors.Is(err, overlay.ErrTimeout) {
			return nil, fmt.Errorf("%s does not answer", c.What)
		} else if err != nil {
			return nil, err
		}
		return pong{got.From.String(), float64(got.RTT.Microseconds()) / 1000}, nil
	})
}

// destination is a node, or the peer responsible for a name.
func destination(what string) wire.Destination {
	if raw, err := hex.DecodeString(what); err == nil && len(raw) == len(wire.NodeID{}) {
		return wire.ToNode(wire.NodeID(raw))
	}
	return wire.ToResource(wire.HashResource([]byte(what)))
}
