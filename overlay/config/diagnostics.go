package config

import (
	"fmt"
	"strconv"
	"strings"

	"tandem/overlay/wire"
)

// nsDiagnostics is the XML namespace of RFC 7851 §9.6.
const nsDiagnostics = "urn:ietf:params:xml:ns:p2p:config-diagnostics"

// DiagnosticAccess is a diagnostic-kind element: who may ask nodes for one diagnostic Kind (RFC 7851 §7). Nobody else may.
type DiagnosticAccess struct {
	Kind  wire.DiagnosticKind
	Nodes []wire.NodeID // access-node elements, at least one
}

type xmlDiagnosticAccess struct {
	Kind  string   `xml:"kind,attr"`
	Nodes []string `xml:"urn:ietf:params:xml:ns:p2p:config-diagnostics access-node"`
}

// readDiagnostics reads numbers in hexadecimal, with or without 0x before them.
func (x *xmlConfiguration) readDiagnostics(d *Document, r *reader) {
	for _, a := range x.Diagnostics {
		text := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(a.Kind)), "0x")
		kind, err := strconv.ParseUint(text, 16, 16)
		if err != nil {
			r.fail("diagnostic-kind", a.Kind)
		}
		if len(a.Nodes) == 0 {
			r.fail("diagnostic-kind without access-node", a.Kind)
		}
		for i, n := range a.Nodes {
			a.Nodes[i] = strings.TrimPrefix(strings.TrimSpace(n), "0x")
		}
		d.Diagnostics = append(d.Diagnostics, DiagnosticAccess{wire.DiagnosticKind(kind), r.nodes("access-node", a.Nodes)})
	}
}

// diagnostics writes the elements and, as the RFC requires, that the extension is mandatory.
func (w *writer) diagnostics(d *Document) {
	if len(d.Diagnostics) == 0 {
		return
	}
	if !contains(d.MandatoryExtensions, nsDiagnostics) {
		w.element("mandatory-extension", nsDiagnostics)
	}
	for _, a := range d.Diagnostics {
		if len(a.Nodes) == 0 {
			w.err = fmt.Errorf("diagnostic Kind %v: no node may access it", a.Kind)
			return
		}
		fmt.Fprintf(w, "<diag:diagnostic-kind xmlns:diag=\"%s\" kind=\"%04x\">\n", nsDiagnostics, uint16(a.Kind))
		list(w, "diag:access-node", a.Nodes)
		w.WriteString("</diag:diagnostic-kind>\n")
	}
}

// DiagnosticNodes are the nodes that may ask for each diagnostic Kind.
func (d *Document) DiagnosticNodes() map[wire.DiagnosticKind][]wire.NodeID {
	nodes := make(map[wire.DiagnosticKind][]wire.NodeID, len(d.Diagnostics))
	for _, a := range d.Diagnostics {
		nodes[a.Kind] = append(nodes[a.Kind], a.Nodes...)
	}
	return nodes
}
