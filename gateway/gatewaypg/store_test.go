package gatewaypg_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
	"tandem/migrations/pgtest"
)

func store(t *testing.T) (*gatewaypg.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t)
	return gatewaypg.New(pool), pool
}

func carrier(name string) gatewaypg.Trunk {
	return gatewaypg.Trunk{Enabled: true, Trunk: gateway.Trunk{CallerNumber: "+15550000000", Trunk: trunk.Trunk{
		Name: name, Host: "sip.example.com", Port: 5070, Transport: sipua.TCP, Mode: trunk.Register, User: "u", AuthUser: "a",
		Password: "s3cret", Realm: "r", FromDomain: "d.example", Codecs: []call.Codec{call.PCMA}, SRTP: trunk.SRTPOptional,
		MaxCalls: 7, Sources: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Expires: 10 * time.Minute}}}
}

func addUser(t *testing.T, pool *pgxpool.Pool, aor string, mayCallOut bool) {
	t.Helper()
	_, err := pool.Exec(context.Background(), `INSERT INTO users (id, aor, name, may_call_out, caller_number, ring_ms)
		VALUES ($1, $2, 'Somebody', $3, '+15557770000', 9000)`, uuid.Must(uuid.NewV7()), aor, mayCallOut)
	if err != nil {
		t.Fatal(err)
	}
}

func TestTrunkPasswordGoesInAndNotOut(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	ctx := context.Background()
	want := carrier("carrier")
	if err := s.PutTrunk(ctx, want); err != nil {
		t.Fatal(err)
	}
	listed, err := s.Trunks(ctx)
	if err != nil || len(listed) != 1 {
		t.Fatalf("Trunks = %v, %v; want one", listed, err)
	}
	shown := want
	shown.Password, shown.HasPassword = "", true
	if diff := cmp.Diff(shown, listed[0], cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("what was put is not what is listed (-want +got):\n%s", diff)
	}
	listed[0].MaxCalls++ // an edit, password unseen
	if err := s.PutTrunk(ctx, listed[0]); err != nil {
		t.Fatal(err)
	}
	setup, err := s.Setup(ctx)
	if err != nil || len(setup.Trunks) != 1 {
		t.Fatalf("Setup = %v, %v; want one trunk", setup, err)
	}
	if got := setup.Trunks[0]; string(got.Password) != "s3cret" || got.MaxCalls != listed[0].MaxCalls {
		t.Errorf("after the edit: password kept %v, %d calls", string(got.Password) == "s3cret", got.MaxCalls)
	}
	listed[0].Host = "other.example.com"
	if err := s.PutTrunk(ctx, listed[0]); !errors.Is(err, gatewaypg.ErrInvalid) {
		t.Errorf("another host without a password of its own: %v, want ErrInvalid", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	ctx := context.Background()
	if err := s.PutTrunk(ctx, carrier("carrier")); err != nil {
		t.Fatal(err)
	}
	without := carrier("nopassword")
	without.Password = ""
	to := func(k route.TargetKind, v string) route.Target { return route.Target{Kind: k, Value: v} }
	for name, c := range map[string]struct{ err, want error }{
		"registration without password": {s.PutTrunk(ctx, without), gatewaypg.ErrInvalid},
		"name with a space":             {s.PutTrunk(ctx, carrier("my carrier")), gatewaypg.ErrInvalid},
		"route to no trunk":             {s.PutRoute(ctx, route.Outbound{Prefix: "+1", Trunk: "none"}), gatewaypg.ErrNotFound},
		"prefix without plus":           {s.PutRoute(ctx, route.Outbound{Prefix: "1", Trunk: "carrier"}), gatewaypg.ErrInvalid},
		"number without plus":           {s.PutNumber(ctx, route.Number{E164: "15551230000", Target: to(route.ToMenu, "m")}), gatewaypg.ErrInvalid},
		"user target without domain":    {s.PutNumber(ctx, route.Number{E164: "+15551230000", Target: to(route.ToUser, "bob")}), gatewaypg.ErrInvalid},
		"number that leads to itself":   {s.PutNumber(ctx, route.Number{E164: "+15551230000", Target: to(route.ToNumber, "+15551230000")}), gatewaypg.ErrInvalid},
		"unknown kind of target":        {s.PutNumber(ctx, route.Number{E164: "+15551230000", Target: to("fax", "x")}), gatewaypg.ErrInvalid},
		"deleting what is not there":    {s.DeleteNumber(ctx, "+15559999999"), gatewaypg.ErrNotFound},
		"classes of nobody":             {s.SetClasses(ctx, "nobody@example.net", []route.Class{route.Premium}), gatewaypg.ErrNotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v; want %v", name, c.err, c.want)
		}
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	s, pool := store(t)
	ctx := context.Background()
	disabled := carrier("disabled")
	disabled.Enabled = false
	addUser(t, pool, "alice@example.net", true)
	number := route.Number{E164: "+15550001000", Target: route.Target{Kind: route.ToUser, Value: "alice@example.net"}, Label: "Alice"}
	must(t, s.PutTrunk(ctx, carrier("carrier")), s.PutTrunk(ctx, disabled), s.PutNumber(ctx, number),
		s.PutRoute(ctx, route.Outbound{Prefix: "+", Trunk: "carrier", Priority: 3}),
		s.SetClasses(ctx, "alice@example.net", []route.Class{route.Premium, route.Satellite}))
	got, err := s.Setup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := route.Snapshot{Numbers: []route.Number{number}, Routes: []route.Outbound{{Prefix: "+", Trunk: "carrier", Priority: 3}},
		Users: []route.User{{AoR: "alice@example.net", Name: "Somebody", MayCallOut: true, CallerNumber: "+15557770000", RingMS: 9000,
			Classes: []route.Class{route.Premium, route.Satellite}}}}
	if diff := cmp.Diff(want, got.Snapshot); diff != "" {
		t.Errorf("Setup (-want +got):\n%s", diff)
	}
	if len(got.Trunks) != 1 || got.Trunks[0].Name != "carrier" {
		t.Errorf("Setup has trunks %v; want the one that is enabled", got.Trunks)
	}
}

// Whoever writes, and whatever, a gateway hears of it.
func TestWatch(t *testing.T) {
	t.Parallel()
	s, pool := store(t)
	ctx, cancel := context.WithCancel(context.Background())
	changed, done := make(chan struct{}, 100), make(chan error, 1)
	go func() { done <- s.Watch(ctx, func() { changed <- struct{}{} }) }()
	<-changed // once at the beginning
	if n := pool.Stat().AcquiredConns(); n > 0 {
		t.Errorf("%d connections of the pool are held for listening", n)
	}
	for _, sql := range []string{
		`INSERT INTO users (id, aor, name) VALUES ('019b0000-0000-7000-8000-000000000001', 'a@b', 'A')`,
		`UPDATE users SET may_call_out = true`,
		`INSERT INTO trunks (id, name, host, mode) VALUES ('019b0000-0000-7000-8000-000000000002', 't', 'h', 'address')`,
		`INSERT INTO routes (id, prefix, trunk_id) VALUES ('019b0000-0000-7000-8000-000000000003', '+', '019b0000-0000-7000-8000-000000000002')`,
		`DELETE FROM trunks`,
	} {
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		<-changed
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v; want the context's error", err)
	}
}

func TestCallRecord(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	ctx := context.Background()
	began := time.Now().Truncate(time.Microsecond)
	r := cdr.Record{ID: uuid.Must(uuid.NewV7()), Gateway: "aa", Direction: cdr.Inbound, Called: "5550001000", StartedAt: began,
		Caller: call.Party{Number: "+15551230000", Name: "Bad \xff\x00 name"}, Trunk: "carrier"}
	must(t, s.OpenCall(ctx, &r))
	up, err := s.Calls(ctx, gatewaypg.CallFilter{})
	if err != nil || len(up) != 1 || !up[0].EndedAt.IsZero() || up[0].Caller.Number != "+15551230000" {
		t.Fatalf("while it is up: %+v, %v", up, err)
	}
	r.Number, r.Target, r.RingingAt, r.AnsweredAt = "+15550001000", "user:bob@example.net", began.Add(time.Second), began.Add(2*time.Second)
	must(t, s.AnswerCall(ctx, &r))
	r.EndedAt, r.Cause, r.ReleasedBy = began.Add(5*time.Second), call.NormalClearing, cdr.Called
	r.CallerMedia = cdr.Media{Codec: "PCMA", Received: 150, Lost: 3, Jitter: time.Millisecond, MOS: 4.2}
	must(t, s.CloseCall(ctx, &r))
	again := r
	again.Cause = call.UserBusy
	must(t, s.CloseCall(ctx, &again)) // a second close changes nothing
	got, err := s.Calls(ctx, gatewaypg.CallFilter{AoR: "bob@example.net"})
	if err != nil || len(got) != 1 {
		t.Fatalf("Calls of bob = %v, %v; want one", got, err)
	}
	r.Caller.Name = "Bad ?? name"
	if diff := cmp.Diff(r, got[0], cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if others, err := s.Calls(ctx, gatewaypg.CallFilter{AoR: "eve@example.net"}); err != nil || len(others) != 0 {
		t.Errorf("Calls of somebody else = %v, %v; want none", others, err)
	}
}

// A gateway that was killed leaves records open; its next start closes them, and nobody else's.
func TestCloseAbandoned(t *testing.T) {
	t.Parallel()
	s, _ := store(t)
	ctx := context.Background()
	for _, gw := range []string{"dead", "dead", "alive"} {
		must(t, s.OpenCall(ctx, &cdr.Record{ID: uuid.Must(uuid.NewV7()), Gateway: gw, Direction: cdr.Outbound, Called: "1", StartedAt: time.Now()}))
	}
	if n, err := s.CloseAbandoned(ctx, "dead"); err != nil || n != 2 {
		t.Errorf("CloseAbandoned = %d, %v; want 2", n, err)
	}
	calls, err := s.Calls(ctx, gatewaypg.CallFilter{})
	open := slices.DeleteFunc(calls, func(r cdr.Record) bool { return !r.EndedAt.IsZero() })
	if err != nil || len(open) != 1 || open[0].Gateway != "alive" {
		t.Errorf("still open: %v, %v; want the living gateway's", open, err)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
