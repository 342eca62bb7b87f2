package redir

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"tandem/overlay"
	"tandem/overlay/redir/tree"
	"tandem/overlay/store"
	"tandem/overlay/wire"
)

// maxProviders bounds what one tree node may make us remember.
const maxProviders = 1000

// A Provider is a node that offers a service.
type Provider struct {
	NodeID wire.NodeID
	Path   []wire.Destination // how to reach it; ends in NodeID
	User   string             // of the certificate that signed the entry
	Stored time.Time          // when, by the provider's clock
}

// Find looks up a namespace with a search key and returns providers, best first: the closest successor of key, then
// the other entries seen on the way, in ring order from key. At least one, or ErrNoProvider.
func Find(ctx context.Context, o Overlay, namespace string, key wire.NodeID) ([]Provider, error) {
	seen := make(map[wire.NodeID]Provider)
	fetch := func(p tree.Place) ([]*big.Int, error) {
		found, err := fetchNode(ctx, o, namespace, p)
		for _, f := range found {
			if old, ok := seen[f.NodeID]; !ok || f.Stored.After(old.Stored) {
				seen[f.NodeID] = f
			}
		}
		return numbers(found), err
	}
	order, err := tree.New(o.Branching()).Find(tree.Number(key), fetch)
	if err != nil {
		return nil, fmt.Errorf("find a provider of %s: %w", namespace, err)
	}
	if len(order) == 0 {
		return nil, fmt.Errorf("%s: %w", namespace, ErrNoProvider)
	}
	providers := make([]Provider, len(order))
	for i, n := range order {
		var id wire.NodeID
		n.FillBytes(id[:])
		providers[i] = seen[id]
	}
	return providers, nil
}

// fetchNode fetches the providers in one tree node: a wildcard Fetch (4.3 step 2).
func fetchNode(ctx context.Context, o Overlay, namespace string, p tree.Place) ([]Provider, error) {
	values, err := o.Fetch(ctx, store.RedirResource(namespace, uint16(p.Level), p.Node), wire.KindReDiR)
	if err != nil {
		return nil, err
	}
	var found []Provider
	for _, v := range values {
		if f, ok := provider(v, namespace, p); ok && len(found) < maxProviders {
			found = append(found, f)
		}
	}
	return found, nil
}

// provider reads an entry. The storing peer should have refused what does not fit, but it is not to be trusted: the
// entry must be signed by the node it names, be meant for this tree node, and lead to that node.
func provider(v overlay.Value, namespace string, p tree.Place) (Provider, bool) {
	var record wire.RedirServiceProvider
	if !v.Exists || record.UnmarshalBinary(v.Data) != nil || len(record.Route) == 0 {
		return Provider{}, false
	}
	id := v.Signer.NodeID
	ok := v.Key == wire.NodeKey(id) && record.Route[len(record.Route)-1] == wire.ToNode(id) &&
		record.Namespace == namespace && int(record.Level) == p.Level && record.Node == p.Node
	return Provider{NodeID: id, Path: record.Route, User: v.Signer.User, Stored: v.StorageTime}, ok
}

func numbers(found []Provider) []*big.Int {
	out := make([]*big.Int, len(found))
	for i, f := range found {
		out[i] = tree.Number(f.NodeID)
	}
	return out
}
