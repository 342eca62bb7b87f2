package overlay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tandem/overlay/config"
	"tandem/overlay/peer"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// policies are the access control policies by their names in the document.
var policies = map[string]store.Policy{
	"USER-MATCH": store.UserMatch, "NODE-MATCH": store.NodeMatch, "USER-NODE-MATCH": store.UserNodeMatch,
	"NODE-MULTIPLE": store.NodeMultiple, "NODE-ID-MATCH": store.NodeIDMatch,
}

// settings is what the core needs to know of a document.
func settings(d *config.Document) peer.Settings {
	return peer.Settings{
		Document: d.Raw, Sequence: d.Sequence, Kinds: kinds(d),
		UpdateInterval: d.UpdateInterval, PingInterval: d.PingInterval, NotReactive: !d.Reactive,
		InitialTTL: d.InitialTTL, ReliabilityTimer: d.ReliabilityTimer, MaxMessageSize: d.MaxMessageSize,
		NoClients: !d.ClientsPermitted, Diagnostics: d.DiagnosticNodes(), KindBlocks: d.LearnedKinds(),
	}
}

// kinds are the registered Kinds with the document's limits, and the document's own. For a registered Kind the
// registry's model and policy win (RFC 6940 11.1).
func kinds(d *config.Document) store.Kinds {
	all := store.Registered(d.BranchingFactor)
	for _, k := range d.Kinds {
		kind, registered := all[k.ID]
		if !registered {
			kind = store.Kind{ID: k.ID, Model: k.Model, Policy: policies[k.Access], Branching: d.BranchingFactor}
		}
		kind.MaxCount, kind.MaxSize = k.MaxCount, k.MaxSize
		if k.MaxNodeMultiple > 0 {
			kind.MaxNodeMultiple = k.MaxNodeMultiple
		}
		if kind.Policy != 0 {
			all[k.ID] = kind
		}
	}
	return all
}

func (n *Node) maxMessage() int { return n.document.Load().MaxMessageSize }

// SetDocument applies a newer configuration document after verifying it against the present one, and passes it on
// to others.
func (n *Node) SetDocument(ctx context.Context, raw []byte) error {
	next, err := n.document.Load().VerifyNext(raw, time.Now())
	if err != nil {
		return err
	}
	var applied error
	if err := n.call(ctx, func(now time.Time) { applied = n.apply(now, next) }); err != nil {
		return err
	}
	return applied
}

// AddKinds makes this node know Kinds that the configuration document does not have, by their signed kind-blocks (6.5.4,
// config.SignKind). Others learn them from it when they are asked to keep or find values of these Kinds.
func (n *Node) AddKinds(ctx context.Context, blocks ...[]byte) error {
	var applied error
	if err := n.call(ctx, func(now time.Time) { applied = n.learnKinds(now, blocks) }); err != nil {
		return err
	}
	return applied
}

// learnKinds puts Kinds in force, in the loop.
func (n *Node) learnKinds(now time.Time, blocks [][]byte) error {
	next, err := n.document.Load().WithKinds(blocks, now)
	if err != nil {
		return err
	}
	n.document.Store(next)
	n.core.SetSettings(now, settings(next))
	n.log.Info("Kinds learned", "kinds", len(next.LearnedKinds()))
	return nil
}

// takeKinds verifies Kinds that came by ConfigUpdate, and answers.
func (n *Node) takeKinds(a *peer.Document) {
	n.wg.Go(func() {
		// Away from the loop: whoever sends what does not hold costs the loop nothing.
		_, err := n.document.Load().WithKinds(a.Kinds, time.Now())
		if err != nil {
			n.refusals.Note("Kinds refused", a.From.NodeID.String(), err.Error())
		}
		n.tell(func(now time.Time) {
			if err == nil {
				err = n.learnKinds(now, a.Kinds)
			}
			n.core.Reply(now, a.ID, &wire.ConfigUpdateAns{}, documentError(err))
		})
	})
}

// takeDocument verifies a document that came by ConfigUpdate, away from the loop, and answers.
func (n *Node) takeDocument(a *peer.Document) {
	if a.Kinds != nil {
		n.takeKinds(a)
		return
	}
	present := n.document.Load()
	n.wg.Go(func() {
		next, err := present.VerifyNext(a.Raw, time.Now())
		if err != nil && !errors.Is(err, config.ErrNotNewer) {
			n.refusals.Note("configuration document refused", a.From.NodeID.String(), err.Error())
		}
		n.tell(func(now time.Time) {
			if err == nil {
				err = n.apply(now, next)
			}
			n.core.Reply(now, a.ID, &wire.ConfigUpdateAns{}, documentError(err))
		})
	})
}

// documentError is what the sender of a document is told.
func documentError(err error) error {
	switch {
	case err == nil, errors.Is(err, config.ErrNotNewer):
		return nil
	case errors.Is(err, config.ErrSignature), errors.Is(err, config.ErrConflict):
		return wire.ErrorForbidden
	}
	return wire.ErrorInvalidMessage
}

// apply puts a verified document in force, in the loop. A node that cannot do what it asks leaves the overlay and closes
// (11.1).
func (n *Node) apply(now time.Time, next *config.Document) error {
	present := n.document.Load()
	if !config.Newer(next.Sequence, present.Sequence) {
		return fmt.Errorf("%w: %d after %d", config.ErrNotNewer, next.Sequence, present.Sequence)
	}
	if err := next.Supported(); err != nil {
		n.log.Error("the overlay's new configuration cannot be met: leaving", "err", err)
		n.core.Leave(now, func(time.Time) { n.cancel(err) })
		return err
	}
	next = next.KeepingKinds(present, now)
	n.document.Store(next)
	n.verifier.SetTrust(next.Trust())
	n.addresses.configured(next.Bootstrap)
	n.core.SetSettings(now, settings(next))
	for _, c := range n.linksInOrder() {
		c.link.SetLimit(next.MaxMessageSize)
		if revoked(next, c.node) {
			c.link.Close()
		}
	}
	n.log.Info("configuration document applied", "sequence", next.Sequence)
	if n.cfg.OnDocument != nil {
		n.cfg.OnDocument(next.Raw)
	}
	return nil
}

func revoked(d *config.Document, node wire.NodeID) bool {
	for _, bad := range d.BadNodes {
		if bad == node {
			return true
		}
	}
	return false
}
