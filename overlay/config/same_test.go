package config_test

import (
	"testing"
	"time"

	"tandem/overlay/config"
	"tandem/overlay/wire"
)

func TestSameContent(t *testing.T) {
	o := newOwner(t)
	signed := o.sign(t, o.document())
	later := o.document()
	later.Sequence = config.Next(signed.Sequence)
	if !config.SameContent(signed, later) || !config.SameContent(signed, o.sign(t, later)) {
		t.Error("another sequence number and signature count as another content")
	}
	for name, change := range map[string]func(d *config.Document){
		"a bootstrap node":   func(d *config.Document) { d.Bootstrap = append(d.Bootstrap, "192.0.2.77:6084") },
		"a bad node":         func(d *config.Document) { d.BadNodes = []wire.NodeID{node(9)} },
		"an interval":        func(d *config.Document) { d.UpdateInterval += time.Second },
		"the message size":   func(d *config.Document) { d.MaxMessageSize++ },
		"a Kind's limit":     func(d *config.Document) { d.Kinds = append([]config.Kind(nil), d.Kinds...); d.Kinds[0].MaxCount++ },
		"a root certificate": func(d *config.Document) { d.Roots = nil },
	} {
		d := o.document()
		change(d)
		if config.SameContent(signed, d) {
			t.Errorf("%s changed and the content counts as the same", name)
		}
	}
}
