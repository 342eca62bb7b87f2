package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// looks runs tandem overlay for bob, for people and for programs, and returns what it printed for people.
func (w *world) looks(t *testing.T, into any, args ...string) string {
	t.Helper()
	args = append(append([]string{"overlay"}, args...), "--dir", w.dir+"/bob")
	if err := json.Unmarshal(must(t, nil, tandem, append(args, "--json")...), into); err != nil {
		t.Errorf("tandem %v: %v", args, err)
	}
	return string(must(t, nil, tandem, args...))
}

// Everything that tandem overlay can be asked, of a ring of two server peers with a phone.
func TestLookIntoTheOverlay(t *testing.T) {
	w := newWorld(t)
	_, first := w.serve(t, "first")
	w.apply(t, trunkSite("192.0.2.1"))
	_, second := w.serve(t, "second")
	w.phone(t, w.enroll(t, "alice"), "127.0.0.1:0")
	w.enroll(t, "bob")

	var status struct {
		User     string `json:"user"`
		Phase    string `json:"phase"`
		Via      string `json:"via"`
		Outcomes []any  `json:"outcomes"`
	}
	text := w.looks(t, &status, "status")
	if status.User != "bob@localhost" || status.Phase != "attached" || !strings.Contains(text, "bob@localhost, a client of the overlay localhost") {
		t.Errorf("status: %+v\n%s", status, text)
	}

	var ring []struct {
		Node  string  `json:"node_id"`
		Share float64 `json:"share"`
	}
	until(t, "the ring to have two peers", func() bool {
		text = w.looks(t, &ring, "ring")
		return len(ring) == 2
	})
	if s := ring[0].Share + ring[1].Share; s < 0.999 || s > 1.001 {
		t.Errorf("the shares of the ring are %v together, want 1", s)
	}
	for _, node := range []string{first.Node, second.Node} {
		if !strings.Contains(text, node) {
			t.Errorf("the ring lacks %s:\n%s", node, text)
		}
		var hops []struct {
			Node string `json:"node_id"`
		}
		w.looks(t, &hops, "route", node)
		if len(hops) == 0 || hops[len(hops)-1].Node != node {
			t.Errorf("route to %s: %v", node, hops)
		}
		var pongs []struct {
			Node string `json:"node_id"`
			Hops int    `json:"hops"`
		}
		w.looks(t, &pongs, "ping", node)
		if len(pongs) != 1 || pongs[0].Node != node || pongs[0].Hops < 1 || pongs[0].Hops > 2 {
			t.Errorf("ping %s: %v", node, pongs)
		}
	}

	var found []struct {
		Node string `json:"node_id"`
		Via  string `json:"via"`
	}
	if text := w.looks(t, &found, "lookup", "alice@localhost"); len(found) != 1 || found[0].Via == "" || !strings.Contains(text, found[0].Node) {
		t.Errorf("lookup: %+v\n%s", found, text)
	}
	var values []struct {
		User  string `json:"user"`
		Means string `json:"means"`
	}
	text = w.looks(t, &values, "fetch", "sip-registration", "alice@localhost")
	if len(values) != 1 || values[0].User != "alice@localhost" || !strings.Contains(text, "reached by way of node "+found[0].Via) {
		t.Errorf("fetch: %+v\n%s", values, text)
	}
	until(t, "both peers to offer voicemail", func() bool {
		w.looks(t, &found, "services", "voice-mail")
		return len(found) == 2
	})
	w.looks(t, &values, "fetch", "redir", "voice-mail", "--level", "0")
	if len(values) == 0 || !strings.Contains(values[0].Means, `provides "voice-mail"`) {
		t.Errorf("fetch of the root of a ReDiR tree: %+v", values)
	}
	w.refuses(t)
}

// refuses asks for what is not there and what makes no sense: one sentence, and its exit status.
func (w *world) refuses(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		status int
		args   []string
	}{
		{3, []string{"lookup", "carol@localhost"}},
		{3, []string{"services", "time-machine"}},
		{3, []string{"fetch", "sip-registration", "carol@localhost"}},
		{3, []string{"route", "00112233445566778899aabbccddeeff"}},
		{2, []string{"lookup", "carol"}},
		{2, []string{"fetch", "sip", "carol@localhost"}},
		{1, []string{"fetch", "0xf0000001", "carol"}},
		{1, []string{"ping", "carol", "--ask", "software_version"}}, // bob may not know
		{1, []string{"route", "carol", "--ask", "app_uptime"}},
		{2, []string{"ping", "carol", "--ask", "weather"}},
	} {
		out, errs, status := run(t, nil, tandem, append(append([]string{"overlay"}, c.args...), "--dir", w.dir+"/bob")...)
		if status != c.status || len(out) != 0 || !bytes.HasPrefix(errs, []byte("tandem: ")) || bytes.Count(errs, []byte("\n")) != 1 {
			t.Errorf("tandem overlay %v: exit status %d, want %d\n%s%s", c.args, status, c.status, out, errs)
		}
	}
}
