package redir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"sync"

	"tandem/overlay"
	"tandem/overlay/redir/tree"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// Register makes the node of o findable as a provider in a namespace until ctx ends, and then removes its entries.
// It returns at once: see Publication.Ready, Err and Wait. Entries are refreshed at 90 % of their Lifetime (4.4) and
// when the way to the node has changed.
func Register(ctx context.Context, o Overlay, namespace string, log *slog.Logger) *overlay.Publication {
	r := &registrar{o: o, namespace: namespace, placed: make(map[tree.Place]bool)}
	return overlay.Publish(ctx, overlay.Published{
		What:     "service " + namespace,
		Lifetime: Lifetime,
		Changed:  o.PathChanged,
		Publish:  r.publish,
		Remove:   r.remove,
	}, log)
}

// A registrar keeps one provider's entries in one namespace.
type registrar struct {
	o         Overlay
	namespace string

	mu     sync.Mutex
	placed map[tree.Place]bool // where entries may still stand
}

// publish walks the whole registration again (4.4: "MUST repeat the entire registration process").
func (r *registrar) publish(ctx context.Context) error {
	path := r.o.Path()
	if path == nil {
		return overlay.ErrNotConnected
	}
	t := tree.New(r.o.Branching())
	own := tree.Number(r.o.NodeID())
	fetch := func(p tree.Place) ([]*big.Int, error) {
		found, err := fetchNode(ctx, r.o, r.namespace, p)
		return numbers(found), err
	}
	err := t.Register(own, fetch, func(p tree.Place) error { return r.store(ctx, p, path) })
	if err != nil {
		return fmt.Errorf("register for %s: %w", r.namespace, err)
	}
	return nil
}

func (r *registrar) store(ctx context.Context, p tree.Place, path []wire.Destination) error {
	record := wire.RedirServiceProvider{
		Route: path, Namespace: r.namespace, Level: uint16(p.Level), Node: p.Node,
	}
	data, err := record.MarshalBinary()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.placed[p] = true
	r.mu.Unlock()
	return r.put(ctx, p, overlay.Value{Exists: true, Data: data})
}

func (r *registrar) put(ctx context.Context, p tree.Place, v overlay.Value) error {
	v.Key = wire.NodeKey(r.o.NodeID())
	v.Lifetime = Lifetime
	return r.o.Store(ctx, store.RedirResource(r.namespace, uint16(p.Level), p.Node), wire.KindReDiR, v)
}

// remove stores exists=False in place of all entries (4.6).
func (r *registrar) remove(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var wg sync.WaitGroup
	errs := make(chan error, len(r.placed))
	for p := range r.placed {
		wg.Go(func() { errs <- r.put(ctx, p, overlay.Value{Exists: false}) })
	}
	wg.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return all
}
