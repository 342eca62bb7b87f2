package config

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"time"

	"tandem/overlay/cert"
	"tandem/overlay/wire"
)

// ErrConflict is a Kind that is known already and differs (§6.5.4.2).
var ErrConflict = errors.New("conflicts with a Kind that is known")

// maxLearned bounds the Kinds that come beside the document.
const maxLearned = 64

// SignKind writes a kind-block for a Kind that is not in the document, to be spread by ConfigUpdate (§6.5.4). The signer must
// be among the kind-signers of the documents in force.
func SignKind(k Kind, signer *cert.Identity) ([]byte, error) {
	w := &writer{signer: signer}
	w.kindBlock(&k)
	if w.err != nil {
		return nil, fmt.Errorf("sign a Kind: %w", w.err)
	}
	return bytes.TrimSpace(w.Bytes()), nil
}

// WithKinds is d with the Kinds of kind-blocks that came by ConfigUpdate (§6.5.4.2). Each is signed by a kind-signer of d.
// What the document says of a Kind cannot be changed that way, as blocks have no order; nor can another signer change one
// that came before. The errors wrap ErrMalformed, ErrSignature or ErrConflict; d then stays as it is, altogether.
func (d *Document) WithKinds(blocks [][]byte, now time.Time) (*Document, error) {
	next := *d
	next.Kinds = slices.Clone(d.Kinds)
	v := cert.NewVerifier(d.InstanceName, d.Trust(), func() time.Time { return now })
	for _, block := range blocks {
		k, err := parseKindBlock(block)
		if err != nil {
			return nil, fmt.Errorf("%w: kind-block: %w", ErrMalformed, err)
		}
		if err := k.verify(v, d.KindSigners); err != nil {
			return nil, err
		}
		if err := next.learn(k, v); err != nil {
			return nil, err
		}
	}
	if n := len(next.LearnedKinds()); n > maxLearned {
		return nil, fmt.Errorf("%w: %d Kinds beside the document", ErrConflict, n)
	}
	return &next, nil
}

// learn adds a verified Kind or puts it in the place of an earlier one by the same signer.
func (d *Document) learn(k Kind, v *cert.Verifier) error {
	i := slices.IndexFunc(d.Kinds, func(o Kind) bool { return o.ID == k.ID })
	if i < 0 {
		d.Kinds = append(d.Kinds, k)
		return nil
	}
	old := &d.Kinds[i]
	if bytes.Equal(old.raw, k.raw) {
		return nil
	}
	before, err := v.Blob(old.raw, old.signature)
	if err != nil {
		return fmt.Errorf("%w: Kind %v", ErrConflict, k.ID)
	}
	after, err := v.Blob(k.raw, k.signature)
	if err != nil || old.block == nil || before.NodeID != after.NodeID {
		return fmt.Errorf("%w: Kind %v", ErrConflict, k.ID)
	}
	*old = k
	return nil
}

// LearnedKinds are the kind-blocks of Kinds that came beside the document, as they came.
func (d *Document) LearnedKinds() map[wire.KindID][]byte {
	blocks := map[wire.KindID][]byte{}
	for _, k := range d.Kinds {
		if k.block != nil {
			blocks[k.ID] = k.block
		}
	}
	return blocks
}

// KeepingKinds is d with the learned Kinds of the document before it, as far as their signers are still kind-signers and d
// does not have those Kinds itself (§11.1).
func (d *Document) KeepingKinds(before *Document, now time.Time) *Document {
	next := d
	for _, k := range before.Kinds {
		if k.block == nil {
			continue
		}
		if with, err := next.WithKinds([][]byte{k.block}, now); err == nil {
			next = with
		}
	}
	return next
}

// parseKindBlock reads one kind-block, in which the default namespace may be left to be understood.
func parseKindBlock(block []byte) (Kind, error) {
	const before, after = `<kinds xmlns="` + nsBase + `">`, `</kinds>`
	if len(block) > 1<<16 {
		return Kind{}, errors.New("too long")
	}
	wrapped := slices.Concat([]byte(before), block, []byte(after))
	var x struct {
		Blocks []xmlKindBlock `xml:"urn:ietf:params:xml:ns:p2p:config-base kind-block"`
	}
	dec := xml.NewDecoder(bytes.NewReader(wrapped))
	if err := dec.Decode(&x); err != nil {
		return Kind{}, err
	}
	if len(x.Blocks) != 1 || dec.InputOffset() != int64(len(wrapped)) {
		return Kind{}, errors.New("not one kind-block")
	}
	d, r := new(Document), new(reader)
	(&xmlConfiguration{KindBlocks: x.Blocks}).readKinds(d, r)
	if r.err != nil {
		return Kind{}, r.err
	}
	d.signed = wrapped
	if err := attachKinds(d); err != nil {
		return Kind{}, err
	}
	d.Kinds[0].block = bytes.Clone(block)
	return d.Kinds[0], nil
}
