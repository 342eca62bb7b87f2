package gateway_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/media"
	"tandem/gateway/phone"
	"tandem/gateway/route"
	"tandem/gateway/route/routetest"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
	"tandem/migrations/pgtest"
)

// A site is a small world: an overlay, a gateway with its database, a carrier, and phones that tests add.
type site struct {
	t       *testing.T
	log     *slog.Logger
	net     *routetest.Network
	media   *media.Engine
	pool    *pgxpool.Pool
	store   *gatewaypg.Store
	setup   gateway.Directory // of the gateways made from now on; the store
	records cdr.Recorder      // likewise
	gw      *gateway.Gateway
	carrier *carrier
	mail    *mailboxes
	menus   menus
}

// newSite starts everything on loopback. Alice may call out, Bob has the number +15550001000, Carol may do nothing.
func newSite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	return newQuietSite(t)
}

// newQuietSite is newSite for a test that listens closely: nothing else of this package runs beside it.
func newQuietSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, log: testLog(t), net: &routetest.Network{}, pool: pgtest.New(t), mail: &mailboxes{}, menus: menus{}}
	s.store = gatewaypg.New(s.pool)
	s.setup, s.records = s.store, s.store
	s.media = s.engine()
	s.carrier = s.newCarrier("127.0.0.1:0")
	s.user("alice@example.net", true)
	s.user("bob@example.net", false)
	s.user("carol@example.net", false)
	s.trunk("carrier", s.carrier.ua.Addr(sipua.UDP), sipua.UDP)
	s.must(s.store.PutRoute(t.Context(), route.Outbound{Prefix: "+", Trunk: "carrier"}))
	s.number("+15550001000", route.ToUser, "bob@example.net")
	s.gw = s.gateway("0a", gateway.Limits{})
	return s
}

func testLog(t *testing.T) *slog.Logger {
	if os.Getenv("TANDEM_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) engine() *media.Engine {
	e, err := media.NewEngine(media.Config{Listen: netip.MustParseAddr("127.0.0.1"), Logger: s.log})
	s.must(err)
	s.t.Cleanup(func() { _ = e.Close() })
	return e
}

func (s *site) user(aor string, mayCallOut bool) {
	s.t.Helper()
	_, err := s.pool.Exec(s.t.Context(), `INSERT INTO users (id, aor, name, may_call_out, caller_number, ring_ms)
		VALUES ($1, $2, split_part($2, '@', 1), $3, CASE WHEN $3 THEN '+15557770000' END, 1500)`, uuid.Must(uuid.NewV7()), aor, mayCallOut)
	s.must(err)
}

func (s *site) trunk(name string, at netip.AddrPort, transport sipua.Transport) {
	s.t.Helper()
	s.must(s.store.PutTrunk(s.t.Context(), gatewaypg.Trunk{Enabled: true, Trunk: gateway.Trunk{CallerNumber: "+15559990000",
		Trunk: trunk.Trunk{Name: name, Host: at.Addr().String(), Port: int(at.Port()), Transport: transport,
			Mode: trunk.ByAddress, Codecs: []call.Codec{call.PCMA, call.PCMU}}}}))
}

func (s *site) number(n route.E164, kind route.TargetKind, value string) {
	s.t.Helper()
	s.must(s.store.PutNumber(s.t.Context(), route.Number{E164: n, Target: route.Target{Kind: kind, Value: value}}))
}

// gateway starts a gateway at a node of the overlay, which offers its services there.
func (s *site) gateway(id string, limits gateway.Limits) *gateway.Gateway {
	s.t.Helper()
	node := s.net.Join(id, "gateway@example.net")
	gw, err := gateway.New(s.t.Context(), gateway.Config{Node: id, Domain: "example.net", UDP: "127.0.0.1:0", TCP: "127.0.0.1:0",
		Directory: s.setup, Records: s.records, Overlay: node, Media: s.media, Voicemail: s.mail, Menus: s.menus, Limits: limits,
		Logger: s.log.With("at", "gateway "+id)})
	s.must(err)
	node.Accept(gw.Serve)
	for _, service := range []string{route.ServiceGateway, route.ServiceVoicemail, route.ServiceAttendant} {
		node.Offer(service)
	}
	s.run(gw.Run)
	return gw
}

// run runs something until the test ends, and waits for it.
func (s *site) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("did not end well: %v", err)
		}
	})
}

// phone adds a user's phone to the overlay, registered.
func (s *site) phone(id, aor string, change func(*phone.Config)) *phone.Phone {
	s.t.Helper()
	node := s.net.Join(id, aor)
	cfg := phone.Config{AoR: aor, Overlay: node, Media: s.media, Logger: s.log.With("at", "phone of "+aor), RingFor: 1500 * time.Millisecond,
		Gateway: func(user string) bool { return user == "gateway@example.net" }}
	if change != nil {
		change(&cfg)
	}
	p, err := phone.New(cfg)
	s.must(err)
	node.Accept(p.Serve)
	node.Register()
	s.run(p.Run)
	return p
}

// answering makes a phone answer with this handler.
func answering(h call.HandlerFunc) func(*phone.Config) {
	return func(c *phone.Config) {
		c.OnIncoming = func(context.Context, call.Leg) call.Handler { return h }
	}
}

// calls waits until n calls are on record as ended, and returns them, the newest first.
func (s *site) calls(n int) []cdr.Record {
	s.t.Helper()
	for {
		all, err := s.store.Calls(s.t.Context(), gatewaypg.CallFilter{})
		s.must(err)
		ended := 0
		for _, r := range all {
			if !r.EndedAt.IsZero() {
				ended++
			}
		}
		if ended >= n {
			return all
		}
		_, err = s.pool.Exec(s.t.Context(), "SELECT pg_sleep(0.02)")
		s.must(err)
	}
}

// carrier is the telephone network: a user agent of its own with PCMA only.
type carrier struct {
	s  *site
	ua *sipua.UA

	mu sync.Mutex
	on func(ctx context.Context, leg *sipua.Leg)
}

func (s *site) newCarrier(listen string) *carrier {
	s.t.Helper()
	c := &carrier{s: s}
	engine := s.engine()
	ua, err := sipua.Start(sipua.Config{Side: call.Trunk, UDP: listen, TCP: listen, Logger: s.log.With("at", "carrier"),
		Admit: func(sipua.Source) (sipua.Admission, bool) {
			return sipua.Admission{Trunk: "tandem", TrustIdentity: true}, true
		},
		NewMedia: func(*sipua.Leg) (sipua.Media, error) { return c.media(engine) },
		OnInvite: func(ctx context.Context, leg *sipua.Leg) {
			c.mu.Lock()
			on := c.on
			c.mu.Unlock()
			if on == nil {
				leg.Refuse(&sipua.StatusError{Code: 404})
				return
			}
			on(ctx, leg)
		}})
	s.must(err)
	c.ua = ua
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = ua.Close(ctx)
	})
	return c
}

func (c *carrier) media(e *media.Engine) (*media.Session, error) {
	return e.NewSession(media.SessionConfig{Peer: netip.MustParseAddr("127.0.0.1"), Codecs: []call.Codec{call.PCMA}})
}

// answers says what happens to calls that come to the telephone network.
func (c *carrier) answers(f func(ctx context.Context, leg *sipua.Leg)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = f
}

// call calls a number through the gateway.
func (c *carrier) call(number string) *sipua.Leg {
	c.s.t.Helper()
	m, err := c.media(c.s.media)
	c.s.must(err)
	at := c.s.gw.Addr(sipua.UDP)
	leg, err := c.ua.Invite(c.s.t.Context(), sipua.InviteConfig{URI: fmt.Sprintf("sip:%s@%s", number, at),
		From: sipua.Address{Name: "Carrier's caller", URI: "sip:+15551112222@127.0.0.1"}, Media: m,
		Hop: sipua.Hop{Transport: sipua.UDP, Host: at.Addr().String(), Port: int(at.Port())}})
	c.s.must(err)
	return leg
}

// mailboxes are handlers in voicemail's place: those of Bob and Alice exist.
type mailboxes struct {
	mu       sync.Mutex
	deposits []deposit
}

type deposit struct {
	aor    string
	reason call.Reason
}

func (m *mailboxes) Deposit(aor string, reason call.Reason) (call.Handler, error) {
	if aor != "bob@example.net" && aor != "alice@example.net" {
		return nil, gateway.ErrNotFound
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deposits = append(m.deposits, deposit{aor, reason})
	return greeting(600), nil
}

func (m *mailboxes) Retrieval(aor string) (call.Handler, error) {
	if aor != "alice@example.net" {
		return nil, gateway.ErrNotFound
	}
	return greeting(700), nil
}

func (m *mailboxes) last() deposit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.deposits) == 0 {
		return deposit{}
	}
	return m.deposits[len(m.deposits)-1]
}

// menus are handlers in the attendant's place.
type menus map[string]call.Handler

func (m menus) Menu(name string) (call.Handler, error) {
	if h, ok := m[name]; ok {
		return h, nil
	}
	return nil, gateway.ErrNotFound
}

// tone plays a frequency at -12 dBm0.
func tone(hz float64, length time.Duration) call.Source {
	return codec.Tone{Hz: []float64{hz}, Level: -12, Length: length}.Source()
}

// greeting answers, plays a tone for a second and is done.
func greeting(hz float64) call.HandlerFunc {
	return func(ctx context.Context, leg call.Leg) error {
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		return leg.Play(ctx, tone(hz, time.Second))
	}
}

// listen records until the leg ends or the context does.
func listen(ctx context.Context, leg call.Leg) measure.Report {
	var r measure.Recorder
	_ = leg.Record(ctx, &r)
	return r.Report()
}

// heard checks that a tone came through: frequency within 1 %, level within 1.5 dB, and no gap that is not a machine out
// of breath (then frames were concealed).
func heard(t *testing.T, who string, r measure.Report, hz float64) {
	t.Helper()
	gap := r.Concealed == 0 && r.Gap > 40*time.Millisecond
	if r.Frequency < hz*0.99 || r.Frequency > hz*1.01 || r.Level < -13.5 || r.Level > -10.5 || gap {
		t.Errorf("%s heard %+v; want %v Hz at -12 dBm0 without a gap", who, r, hz)
	}
}
