package overlay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tandem/overlay/peer"
	"tandem/overlay/wire"
)

// clock gives storage times that only go up: a value must be newer than the one it replaces (7).
type clock struct {
	mu   sync.Mutex
	last wire.Timestamp
}

// next is the time now, or later than any given before and than after.
func (c *clock) next(now time.Time, after wire.Timestamp) wire.Timestamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(wire.TimestampOf(now), c.last+1, after+1)
	return c.last
}

// Store stores values of one Kind at a Resource-ID, signed by this node, and returns when the responsible peer has
// them. An error that wraps a wire.ErrorCode is that peer's refusal.
func (n *Node) Store(ctx context.Context, at wire.ResourceID, kind wire.KindID, values ...Value) error {
	err := n.store(ctx, at, kind, n.storageTimes.next(time.Now(), 0), values)
	if errors.Is(err, wire.ErrorDataTooOld) {
		// Our clock is behind that of another of our processes, or was set back: go by the stored value (7).
		if stored, fetchErr := n.storedAt(ctx, at, kind, values); fetchErr == nil {
			err = n.store(ctx, at, kind, n.storageTimes.next(time.Now(), stored), values)
		}
	}
	if err != nil {
		return fmt.Errorf("store %v at %v: %w", kind, at, err)
	}
	return nil
}

func (n *Node) store(ctx context.Context, at wire.ResourceID, kind wire.KindID, storageTime wire.Timestamp, values []Value) error {
	data, err := n.signValues(at, kind, storageTime, values)
	if err != nil {
		return err
	}
	_, err = n.request(ctx, peer.Request{
		Dest: []wire.Destination{wire.ToResource(at)},
		Body: &wire.StoreReq{Resource: at, Kinds: []wire.StoreKindData{{Kind: kind, Values: data}}},
	})
	return err
}

func (n *Node) signValues(at wire.ResourceID, kind wire.KindID, storageTime wire.Timestamp, values []Value) ([]wire.StoredData, error) {
	model := n.document.Load().Models()(kind)
	if model == 0 {
		return nil, wire.ErrorUnknownKind
	}
	data := make([]wire.StoredData, len(values))
	for i, v := range values {
		data[i] = wire.StoredData{
			StorageTime: storageTime,
			Lifetime:    v.Lifetime,
			Value:       wire.StoredValue{Model: model, Index: v.Index, Key: v.Key, Exists: v.Exists, Data: v.Data},
		}
		if err := n.identity.Load().SignValue(at, kind, &data[i]); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// storedAt is the latest storage time of what values would replace, removed ones included.
func (n *Node) storedAt(ctx context.Context, at wire.ResourceID, kind wire.KindID, values []Value) (latest wire.Timestamp, err error) {
	var keys []wire.DictionaryKey
	for _, v := range values {
		keys = append(keys, v.Key)
	}
	found, err := n.fetch(ctx, at, kind, keys)
	for _, v := range found {
		latest = max(latest, v.Data.StorageTime)
	}
	return latest, err
}

// Fetch returns the values of a Kind at a Resource-ID that exist and whose signatures hold. With keys, only those
// of a dictionary. None is an empty slice, not an error.
func (n *Node) Fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys ...wire.DictionaryKey) ([]Value, error) {
	found, err := n.fetch(ctx, at, kind, keys)
	if err != nil {
		return nil, fmt.Errorf("fetch %v at %v: %w", kind, at, err)
	}
	var values []Value
	for _, v := range found {
		if v.Data.Value.Exists {
			values = append(values, valueOf(v))
		}
	}
	return values, nil
}

func (n *Node) fetch(ctx context.Context, at wire.ResourceID, kind wire.KindID, keys []wire.DictionaryKey) ([]peer.Value, error) {
	specifier := wire.Specifier{Kind: kind, Model: n.document.Load().Models()(kind)}
	switch specifier.Model {
	case wire.ModelDictionary:
		specifier.Keys = keys
	case wire.ModelArray:
		specifier.Ranges = []wire.ArrayRange{{First: 0, Last: wire.AppendIndex}}
	}
	response, err := n.request(ctx, peer.Request{
		Dest: []wire.Destination{wire.ToResource(at)},
		Body: &wire.FetchReq{Resource: at, Specifiers: []wire.Specifier{specifier}},
	})
	if err != nil {
		return nil, err
	}
	if response.Partial {
		n.log.Info("some fetched values were left out: their signatures do not hold", "kind", kind, "resource_id", at)
	}
	return response.Values, nil
}

func valueOf(v peer.Value) Value {
	d := v.Data
	return Value{
		Key: d.Value.Key, Index: d.Value.Index, Exists: d.Value.Exists, Data: d.Value.Data,
		Lifetime: d.Lifetime, StorageTime: d.StorageTime.Time(),
		Signer: Signer{NodeID: v.Signer.NodeID, User: v.Signer.User},
	}
}
