package config_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"tandem/overlay/config"
	"tandem/overlay/wire"
)

var photo = config.Kind{ID: 0xf0000077, Model: wire.ModelSingle, Access: "USER-MATCH", MaxCount: 1, MaxSize: 900}

func (o owner) block(t testing.TB, k config.Kind) []byte {
	t.Helper()
	block, err := config.SignKind(k, o.signer)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// two is an owner, a document with two kind-signers, and the second of them.
func two(t testing.TB) (owner, owner, *config.Document) {
	o := newOwner(t)
	other := o
	other.signer = o.issue("other@example.org", node(0xbb))
	d := o.document()
	d.KindSigners = append(d.KindSigners, node(0xbb))
	return o, other, o.sign(t, d)
}

// RELOAD: CFG-10
func TestKindsBesideTheDocument(t *testing.T) {
	o, other, d := two(t)
	block := o.block(t, photo)
	next, err := d.WithKinds([][]byte{block}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if next.Models()(photo.ID) != wire.ModelSingle || d.Models()(photo.ID) != 0 {
		t.Error("not in the new document alone")
	}
	if got := next.LearnedKinds(); len(got) != 1 || !bytes.Equal(got[photo.ID], block) {
		t.Errorf("to be passed on: %v", got)
	}
	if again, err := next.WithKinds([][]byte{block, block}, noon); err != nil || len(again.LearnedKinds()) != 1 {
		t.Errorf("the same again: %v", err)
	}
	larger := photo
	larger.MaxSize = 1000
	if _, err := next.WithKinds([][]byte{other.block(t, larger)}, noon); !errors.Is(err, config.ErrConflict) {
		t.Errorf("by another signer: %v, want ErrConflict", err)
	}
	changed, err := next.WithKinds([][]byte{o.block(t, larger)}, noon)
	if err != nil || changed.Kinds[len(changed.Kinds)-1].MaxSize != 1000 {
		t.Errorf("changed by its signer: %v", err)
	}
	own := d.Kinds[0]
	own.MaxSize++
	if _, err := d.WithKinds([][]byte{o.block(t, own)}, noon); !errors.Is(err, config.ErrConflict) {
		t.Errorf("other than the document says: %v, want ErrConflict", err)
	}
	if same, err := d.WithKinds([][]byte{o.block(t, d.Kinds[0])}, noon); err != nil || len(same.LearnedKinds()) != 0 {
		t.Errorf("as the document says: %v", err)
	}
}

func TestKindsRefused(t *testing.T) {
	o, _, d := two(t)
	block := string(o.block(t, photo))
	stranger := o
	stranger.signer = o.issue("eve@example.org", node(0xee))
	for _, row := range []struct {
		name  string
		block string
		want  error
	}{
		{"by a stranger", string(stranger.block(t, photo)), config.ErrSignature},
		{"changed", strings.Replace(block, "900", "901", 1), config.ErrSignature},
		{"without a signature", block[:strings.Index(block, "<kind-signature>")] + "</kind-block>", config.ErrSignature},
		{"two", block + block, config.ErrMalformed},
		{"none", "<kind/>", config.ErrMalformed},
		{"nothing", "", config.ErrMalformed},
		{"more behind it", block + "</kinds><kinds>", config.ErrMalformed},
	} {
		if got, err := d.WithKinds([][]byte{[]byte(row.block)}, noon); !errors.Is(err, row.want) {
			t.Errorf("%s: taken %t, %v, want %v", row.name, got != nil, err, row.want)
		}
	}
	var many [][]byte
	for i := range 65 {
		k := photo
		k.ID += wire.KindID(i)
		many = append(many, o.block(t, k))
	}
	if _, err := d.WithKinds(many[:64], noon); err != nil {
		t.Errorf("64 Kinds: %v", err)
	}
	if _, err := d.WithKinds(many, noon); err == nil {
		t.Error("no bound")
	}
}

// A signer that is not one any more takes its Kinds along (§11.1); others stay through a new document.
func TestKindsThroughANewDocument(t *testing.T) {
	o, other, d := two(t)
	second := photo
	second.ID++
	before, err := d.WithKinds([][]byte{o.block(t, photo), other.block(t, second)}, noon)
	if err != nil {
		t.Fatal(err)
	}
	n := o.document()
	n.Sequence++
	after := o.sign(t, n).KeepingKinds(before, noon) // 0xbb is no kind-signer any more
	if got := after.LearnedKinds(); len(got) != 1 || got[photo.ID] == nil {
		t.Errorf("kept %v, want %v alone", got, photo.ID)
	}
	n.Kinds = append(n.Kinds, photo)
	if after = o.sign(t, n).KeepingKinds(before, noon); len(after.LearnedKinds()) != 0 || after.Models()(photo.ID) == 0 {
		t.Error("not the document's own now")
	}
}

func FuzzKindBlock(f *testing.F) {
	o, _, d := two(f)
	f.Add(o.block(f, photo))
	f.Fuzz(func(t *testing.T, block []byte) {
		if next, err := d.WithKinds([][]byte{block}, noon); err == nil && len(next.Kinds) > len(d.Kinds)+1 {
			t.Errorf("%q brings %d Kinds", block, len(next.Kinds)-len(d.Kinds))
		}
	})
}
