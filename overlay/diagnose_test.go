package overlay_test

import (
	"errors"
	"strings"
	"testing"

	"tandem/overlay"
	"tandem/overlay/config"
	"tandem/overlay/overlaytest"
	"tandem/overlay/wire"
)

// An operator's node learns of peers what the configuration document lets it know, and others do not.
//
// RELOAD: DIA-1 DIA-2 DIA-3 DIA-4
func TestDiagnostics(t *testing.T) {
	kinds := []wire.DiagnosticKind{
		wire.DiagnosticRoutingTableSize, wire.DiagnosticSoftwareVersion, wire.DiagnosticAppUptime, wire.DiagnosticMemoryFootprint,
		wire.DiagnosticDataSizeStored, wire.DiagnosticInstancesStored,
	}
	w := overlaytest.New(t, nil)
	operator := w.Identity("operator@" + overlaytest.Name)
	next := *w.Document()
	for _, k := range kinds {
		next.Diagnostics = append(next.Diagnostics, config.DiagnosticAccess{Kind: k, Nodes: []wire.NodeID{operator.NodeID()}})
	}
	doc := w.Sign(&next)
	first := w.Start(func(c *overlay.Config) { c.Document, c.First = doc, true })
	w.WaitJoined(first)
	w.AddBootstrap(first)
	peer := func(c *overlay.Config) { c.Document = doc }
	peers := []*overlay.Node{first, w.Start(peer), w.Start(peer)}
	w.WaitJoined(peers...)
	w.WaitRing(peers...)
	asker := w.Start(func(c *overlay.Config) { c.Document, c.Client, c.Identity = doc, true, operator })
	stranger := w.Start(func(c *overlay.Config) { c.Document, c.Client = doc, true })
	w.WaitJoined(asker, stranger)
	ctx := w.Context()
	record(t, ctx, asker)

	for _, p := range peers {
		dest := []wire.Destination{wire.ToResource(wire.ResourceID(p.NodeID()))}
		d, err := asker.Diagnose(ctx, dest, kinds...)
		if err != nil || d.From != p.NodeID() || !d.Told || len(d.Info) != len(kinds) || d.Hops < 1 || d.Hops > 3 {
			t.Fatalf("diagnosis of %v: %+v, %v", p.NodeID(), d, err)
		}
		if text, err := d.Info[1].Text(); err != nil || !strings.HasPrefix(text, "tandem/") {
			t.Errorf("version %q, %v", text, err)
		}
		if n, err := d.Info[0].Number(); err != nil || n != 2 {
			t.Errorf("routing table of %d, %v, want 2", n, err)
		}
		if _, err := stranger.Diagnose(ctx, dest, kinds[0]); !errors.Is(err, wire.ErrorForbidden) {
			t.Errorf("to a stranger: %v, want %v", err, wire.ErrorForbidden)
		}
		if d, err := stranger.Diagnose(ctx, dest); err != nil || !d.Told || len(d.Info) != 0 {
			t.Errorf("times and hops to a stranger: %+v, %v", d, err)
		}
		way, err := asker.TrackPath(ctx, dest[0], kinds[0])
		if err != nil || len(way) == 0 || way[len(way)-1].From != p.NodeID() || len(way[0].Info) != 1 {
			t.Errorf("path to %v: %+v, %v", p.NodeID(), way, err)
		}
		if way, err = p.TrackPath(ctx, dest[0]); err != nil || len(way) != 1 || way[0].Hops != 0 {
			t.Errorf("path from %v to itself: %+v, %v", p.NodeID(), way, err)
		}
		if _, err := stranger.TrackPath(ctx, dest[0], kinds[0]); !errors.Is(err, wire.ErrorForbidden) {
			t.Errorf("path to a stranger: %v, want %v", err, wire.ErrorForbidden)
		}
	}
}
