package route_test

import (
	"errors"
	"slices"
	"testing"

	"tandem/gateway/route"
)

func table() *route.Table {
	to := func(k route.TargetKind, v string) route.Target { return route.Target{Kind: k, Value: v} }
	return route.NewTable(route.Snapshot{
		Region: "US",
		Numbers: []route.Number{
			{E164: "+15550001000", Target: to(route.ToUser, "bob@example.net")},
			{E164: "+15550001001", Target: to(route.ToNumber, "+15550001000")},
			{E164: "+15550001002", Target: to(route.ToNumber, "+15550001003")},
			{E164: "+15550001003", Target: to(route.ToNumber, "+15550001002")},
		},
		Routes: []route.Outbound{
			{Prefix: "+", Trunk: "rest"},
			{Prefix: "+1", Trunk: "backup", Priority: 2},
			{Prefix: "+1", Trunk: "america", Priority: 1},
			{Prefix: "+4420", Trunk: "london"},
		},
		Users: []route.User{
			{AoR: "alice@example.net", MayCallOut: true},
			{AoR: "bob@example.net"},
			{AoR: "carol@example.net", MayCallOut: true, Disabled: true},
			{AoR: "dave@example.net", MayCallOut: true, Classes: []route.Class{route.Satellite}},
		},
	})
}

func TestTarget(t *testing.T) {
	tb := table()
	for _, n := range []route.E164{"+15550001000", "+15550001001"} {
		if got, err := tb.Target(n); err != nil || got.Value != "bob@example.net" {
			t.Errorf("Target(%s) = %v, %v; want bob", n, got, err)
		}
	}
	for _, n := range []route.E164{"+15550009999", "+15550001002"} {
		if got, err := tb.Target(n); !errors.Is(err, route.ErrUnknownNumber) {
			t.Errorf("Target(%s) = %v, %v; want ErrUnknownNumber", n, got, err)
		}
	}
}

func TestOutboundLongestPrefixThenPriority(t *testing.T) {
	tb := table()
	for n, want := range map[route.E164][]string{
		"+15551230000":  {"america", "backup"},
		"+442079460018": {"london"},
		"+441212345678": {"rest"},
	} {
		rs, err := tb.Outbound(n)
		var got []string
		for _, r := range rs {
			got = append(got, r.Trunk)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Outbound(%s) = %v, %v; want %v", n, got, err, want)
		}
	}
	if rs, err := route.NewTable(route.Snapshot{}).Outbound("+15551230000"); !errors.Is(err, route.ErrNoRoute) {
		t.Errorf("Outbound without routes = %v, %v; want ErrNoRoute", rs, err)
	}
}

func TestMayCall(t *testing.T) {
	tb := table()
	for _, c := range []struct {
		aor     string
		number  route.E164
		allowed bool
	}{
		{"alice@example.net", "+15551230000", true},
		{"Alice@Example.net", "+442079460018", true},
		{"bob@example.net", "+15551230000", false},    // may not call out
		{"carol@example.net", "+15551230000", false},  // disabled
		{"nobody@example.net", "+15551230000", false}, // unknown
		{"alice@example.net", "+881612345678", false}, // satellite
		{"dave@example.net", "+881612345678", true},   // opened to him
		{"dave@example.net", "+18765551234", false},   // but Jamaica was not
		{"alice@example.net", "+19005551234", false},
	} {
		err := tb.MayCall(c.aor, c.number)
		if allowed := err == nil; allowed != c.allowed || !allowed && !errors.Is(err, route.ErrNotAllowed) {
			t.Errorf("MayCall(%s, %s) = %v; want allowed %v", c.aor, c.number, err, c.allowed)
		}
	}
}

// Every range that toll fraud aims at, in whatever spelling it is dialed, is of an expensive class.
func TestExpensiveClasses(t *testing.T) {
	for class, numbers := range map[route.Class][]string{
		route.Satellite: {"+870773111632", "tel:+881-6-1234-5678", "00882 1612345678", "%2B883510001234567"},
		route.Premium:   {"+979123456789", "1-900-555-1234", "+449098790000", "+33899123456", "+4990012345678", "0044 909 879 0000"},
		route.Offshore: {"1-242-555-1234", "+12465551234", "+12645551234", "+12685551234", "+12845551234", "+13455551234",
			"+14415551234", "+14735551234", "+16495551234", "+16585551234", "+16645551234", "+17215551234", "+17585551234",
			"+17675551234", "+17845551234", "+18095551234", "+18295551234", "+18495551234", "+18685551234", "+18695551234",
			"011 1 876 555 1234"},
	} {
		for _, dialed := range numbers {
			region := "US"
			if dialed[:2] == "00" {
				region = "DE"
			}
			n, err := route.Normalize(dialed, region)
			if got := route.ClassOf(n); err != nil || got != class {
				t.Errorf("ClassOf(%q = %s) = %q, %v; want %q", dialed, n, got, err, class)
			}
		}
	}
	for _, n := range []route.E164{"+15551230000", "+12125551234", "+442079460018", "+4930123456", "+390612345678", "+17875551234"} {
		if got := route.ClassOf(n); got != "" {
			t.Errorf("ClassOf(%s) = %q; want none", n, got)
		}
	}
}

func TestGatewayServicesMostSpecificFirst(t *testing.T) {
	got := route.GatewayServices("+15551230000")
	want := []string{"pstn-gateway:+15551", "pstn-gateway:+1555", "pstn-gateway:+155", "pstn-gateway:+15", "pstn-gateway:+1", "pstn-gateway"}
	if !slices.Equal(got, want) {
		t.Errorf("GatewayServices = %v; want %v", got, want)
	}
}
