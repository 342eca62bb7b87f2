package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/overlay/config"
	"tandem/overlay/wire"
)

// RELOAD: DIA-4
func TestDiagnosticAccess(t *testing.T) {
	o := newOwner(t)
	d := config.New(overlay)
	d.ConfigurationSigners, d.KindSigners = []wire.NodeID{node(0xaa)}, []wire.NodeID{node(0xaa)}
	want := []config.DiagnosticAccess{
		{Kind: wire.DiagnosticRoutingTableSize, Nodes: []wire.NodeID{node(1), node(2)}},
		{Kind: 0xf001, Nodes: []wire.NodeID{node(1)}},
	}
	d.Diagnostics = want
	signed := o.sign(t, d)
	if diff := cmp.Diff(want, signed.Diagnostics); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if err := signed.Supported(); err != nil || !strings.Contains(string(signed.Raw), "<mandatory-extension>urn:ietf:params:xml:ns:p2p:config-diagnostics<") {
		t.Errorf("%v; the extension is mandatory", err)
	}
	if again := o.sign(t, signed); strings.Count(string(again.Raw), "mandatory-extension>") != 2 {
		t.Errorf("written again:\n%s", again.Raw)
	}
	if nodes := signed.DiagnosticNodes(); len(nodes) != 2 || len(nodes[wire.DiagnosticRoutingTableSize]) != 2 {
		t.Errorf("by Kind: %v", nodes)
	}
	d.Diagnostics = []config.DiagnosticAccess{{Kind: 1}}
	if _, err := d.Sign(o.signer); err == nil {
		t.Error("a Kind that nobody may access was written")
	}
}

// Others write numbers in their own way (RFC 7851 7).
func TestDiagnosticAccessOfOthers(t *testing.T) {
	document := func(element string) []byte {
		return []byte(`<overlay xmlns="urn:ietf:params:xml:ns:p2p:config-base" xmlns:d="urn:ietf:params:xml:ns:p2p:config-diagnostics">` +
			`<configuration instance-name="example.org" sequence="1">` + element + `</configuration></overlay>`)
	}
	id := "0x0123456789ABCDEF0123456789abcdef"
	d, err := config.Parse(document(`<d:diagnostic-kind kind="0x000B"> <d:access-node> `+id+` </d:access-node></d:diagnostic-kind>`), overlay)
	if err != nil || len(d.Diagnostics) != 1 || d.Diagnostics[0].Kind != wire.DiagnosticInstancesStored || len(d.Diagnostics[0].Nodes) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	for name, bad := range map[string]string{
		"no node":      `<d:diagnostic-kind kind="b"></d:diagnostic-kind>`,
		"no number":    `<d:diagnostic-kind kind="x"><d:access-node>` + id + `</d:access-node></d:diagnostic-kind>`,
		"17 bits":      `<d:diagnostic-kind kind="10000"><d:access-node>` + id + `</d:access-node></d:diagnostic-kind>`,
		"half a node":  `<d:diagnostic-kind kind="b"><d:access-node>0123</d:access-node></d:diagnostic-kind>`,
		"no attribute": `<d:diagnostic-kind><d:access-node>` + id + `</d:access-node></d:diagnostic-kind>`,
	} {
		if _, err := config.Parse(document(bad), overlay); !errors.Is(err, config.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}
