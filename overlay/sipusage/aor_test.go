package sipusage

import (
	"errors"
	"slices"
	"testing"

	"tandem/overlay/wire"
)

func TestParseAoR(t *testing.T) {
	for in, want := range map[string]string{
		"alice@example.org":                   "alice@example.org",
		"sip:alice@Example.ORG;transport=tls": "alice@example.org",
		"SIPS:alice%2ebob@example.org":        "alice.bob@example.org",
		"Alice@example.org":                   "Alice@example.org",
	} {
		if got, err := ParseAoR(in); err != nil || got != want {
			t.Errorf("ParseAoR(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "alice", "@example.org", "alice@", "sip:", "a%zz@b", "a%00@b", "tel:+15550100"} {
		if got, err := ParseAoR(in); !errors.Is(err, ErrBadAoR) {
			t.Errorf("ParseAoR(%q) = %q, %v, want %v", in, got, err, ErrBadAoR)
		}
	}
}

// RELOAD: SIP-4
func TestGRUU(t *testing.T) {
	path := []wire.Destination{wire.ToNode(wire.NodeID{1}), wire.ToNode(wire.NodeID{2})}
	gruu, err := GRUU("alice@example.org", path)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := parseGRUU("sips:" + gruu)
	if !ok || c.AoR != "alice@example.org" || c.NodeID != (wire.NodeID{2}) || !slices.Equal(c.Path, path) {
		t.Errorf("%s: got %+v, %v", gruu, c, ok)
	}
	resource, err := GRUU("a@b", []wire.Destination{wire.ToResource(wire.ResourceID{1})})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"alice@example.org", "alice@example.org;gr=", "alice@example.org;gr=!", "a@b;gr=MDEyMzQ1Njc4OTAxMjM0NTY3ODk~", resource} {
		if c, ok := parseGRUU(in); ok {
			t.Errorf("%s: got %+v, want it refused", in, c)
		}
	}
}

func FuzzGRUU(f *testing.F) {
	f.Add("alice@example.org;gr=ARAAAAAAAAAAAAAAAAAAAAAB")
	f.Add("sip:a@b;x;gr=;gr=AA~~")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parseGRUU(s)
		if !ok {
			return
		}
		again, err := GRUU(c.AoR, c.Path)
		if err != nil {
			t.Fatalf("%q: %+v: %v", s, c, err)
		}
		if d, ok := parseGRUU(again); !ok || d.NodeID != c.NodeID || !slices.Equal(d.Path, c.Path) {
			t.Errorf("%q is %+v, written %q and read as %+v", s, c, again, d)
		}
	})
}
