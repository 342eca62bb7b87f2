package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"tandem/attendant"
	"tandem/attendant/attendantpg"
	"tandem/gateway"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/media"
	"tandem/gateway/prompt"
	"tandem/overlay"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg"
	"tandem/web"
	"tandem/web/account"
)

type serveCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print one JSON object when ready."`
}

// drainFor is how long calls that are up may take to end after SIGTERM.
const drainFor = 45 * time.Second

// serveReady is printed when everything is up.
type serveReady struct {
	Overlay    string `json:"overlay"`
	Node       string `json:"node_id"`
	Reload     string `json:"reload"`
	OverlaySIP string `json:"overlay_sip"`
	Enrollment string `json:"enrollment"`
	SIP        string `json:"sip"`
	Portal     string `json:"portal"`
	Setup      string `json:"setup,omitempty"` // makes the first browser the administrator
}

func (c serveCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := newLogger(cfg.Log)
	slog.SetDefault(log)
	again, stop := secondSignal()
	defer stop()
	s := &site{cfg: cfg, log: log}
	defer s.close()
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := s.announce(ctx, c.JSON); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("stopping: no new calls, the ones that are up may end; a second signal hangs them up", "within", drainFor)
	case err := <-s.failed:
		return err
	}
	drain, cancel := context.WithTimeoutCause(again, drainFor, errDrained)
	defer cancel()
	s.withdraw()
	if err := s.gateway.Drain(drain); err != nil {
		log.Warn("hanging up the calls that are still up", "calls", len(s.gateway.Status().Calls), "err", err)
	}
	return nil
}

var errDrained = errors.New("the time to end is over")

// hangUpFor is how long the far sides may take to hear that a call is over.
const hangUpFor = 4 * time.Second

// hangUp ends the calls that are up, while there still are connections to say so.
func (s *site) hangUp() {
	ctx, cancel := context.WithTimeout(context.Background(), hangUpFor)
	defer cancel()
	if err := s.gateway.HangUp(ctx); err != nil {
		s.log.Warn("not everybody was told that their call is over", "err", err)
	}
}

// A site is the running server peer. Its parts start in the order of start and stop in reverse.
type site struct {
	cfg Config
	log *slog.Logger

	db        *database
	accounts  *account.Store
	directory *gatewaypg.Store
	mailboxes *voicemailpg.Store
	voicemail *voicemail.Service
	menus     *attendantpg.Store
	authority *authority
	node      *overlay.Node
	engine    *media.Engine
	gateway   *gateway.Gateway
	portal    string // its address for people
	setup     string
	offers    *offers

	background sync.WaitGroup
	run        context.Context // of everything in the background
	failed     chan error
	closers    []func()
}

// onClose adds f to what close does, last first.
func (s *site) onClose(f func()) { s.closers = append(s.closers, f) }

func (s *site) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// goRun runs f in the background; its failure, unless we are stopping, ends the whole.
func (s *site) goRun(what string, f func(ctx context.Context) error) {
	s.background.Add(1)
	go func() {
		defer s.background.Done()
		if err := f(s.run); err != nil && s.run.Err() == nil {
			select {
			case s.failed <- fmt.Errorf("%s: %w", what, err):
			default:
			}
		}
	}()
}

func (s *site) start(ctx context.Context) error {
	s.failed = make(chan error, 1)
	var err error
	if s.db, err = openDatabase(ctx, s.cfg, s.log); err != nil {
		return err
	}
	s.onClose(s.db.Close)
	run, stop := context.WithCancel(context.Background())
	s.run = run
	s.onClose(func() { stop(); s.background.Wait() })
	for _, part := range []func(context.Context) error{s.startStores, s.startOverlay, s.startGateway, s.startEnrollment, s.startPortal} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) startStores(ctx context.Context) (err error) {
	accounts := account.DefaultConfig()
	accounts.Domain = s.cfg.Overlay.Name
	if s.accounts, err = account.New(s.db.Pool, accounts); err != nil {
		return err
	}
	s.directory = gatewaypg.New(s.db.Pool)
	s.menus = attendantpg.New(s.db.Pool)
	s.mailboxes = voicemailpg.New(s.db.Pool, s.log)
	s.goRun("voicemail's notices", s.mailboxes.Run)
	return s.applyTrunk(ctx)
}

// startOverlay joins the overlay of the database, or founds it.
func (s *site) startOverlay(ctx context.Context) (err error) {
	if s.authority, err = openAuthority(ctx, s.db.Pool, s.cfg, s.accounts, s.log); err != nil {
		return err
	}
	if s.node, err = s.authority.join(ctx); err != nil {
		return err
	}
	s.onClose(func() {
		leave, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.node.Leave(leave)
		_ = s.node.Close()
	})
	return nil
}

func (s *site) startGateway(ctx context.Context) (err error) {
	prompts, err := prompt.Open(s.cfg.Prompts.Directory, s.log)
	if err != nil {
		return err
	}
	if s.engine, err = newEngine(s.cfg, s.log); err != nil {
		return err
	}
	s.onClose(func() { _ = s.engine.Close() })
	s.voicemail = voicemail.New(voicemail.Config{Store: s.mailboxes, Prompts: prompts, Logger: s.log})
	s.onClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.voicemail.Close(ctx); err != nil {
			s.log.Error("messages may be incomplete", "err", err)
		}
	})
	s.goRun("voicemail", s.voicemail.Run)
	transfer := &transfer{domain: s.cfg.Overlay.Name}
	spoken := attendant.Config{Menus: s.menus, Connect: transfer, Prompts: prompts, Logger: s.log}
	if voice, err := prompt.FindSynthesizer(); err == nil {
		spoken.Speak = voice.Speak
	} else {
		s.log.Info("texts in menus are not spoken", "err", err)
	}
	menus := attendant.New(spoken)
	config := gateway.Config{
		Node: s.node.NodeID().String(), Domain: s.cfg.Overlay.Name, Region: s.cfg.Region,
		UDP: s.cfg.SIP.Listen, TCP: s.cfg.SIP.Listen, TLS: s.cfg.SIP.TLS, Advertise: s.cfg.SIP.Advertise,
		Directory: s.directory, Records: s.directory, Overlay: network{s.node}, Media: s.engine,
		Voicemail: mailboxes{s.voicemail}, Menus: menuHandlers{menus}, Logger: s.log,
	}
	if config.TLS != "" {
		pair, err := tls.LoadX509KeyPair(s.cfg.SIP.Cert, s.cfg.SIP.Key)
		if err != nil {
			return fmt.Errorf("sip.cert: %w", err)
		}
		config.TLSServer = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if s.gateway, err = gateway.New(ctx, config); err != nil {
		return err
	}
	transfer.gateway = s.gateway
	s.goRun("the gateway", s.gateway.Run)
	s.authority.revoke = s.gateway.Revoke
	s.authority.tellRevoked()
	serveSIP(s.node, s.gateway, s.log)
	s.offers = newOffers(s.node, s.directory, s.log)
	s.goRun("service discovery", s.offers.run)
	s.onClose(s.hangUp)
	s.onClose(s.withdraw)
	return nil
}

// withdraw stops offering services, so that callers go elsewhere.
func (s *site) withdraw() { s.offers.withdraw() }

func (s *site) startEnrollment(ctx context.Context) error {
	l, err := net.Listen("tcp", s.cfg.Enrollment.Listen)
	if err != nil {
		return fmt.Errorf("enrollment.listen: %w", err)
	}
	server, err := s.authority.server(l.Addr())
	if err != nil {
		_ = l.Close()
		return err
	}
	s.serveHTTP("the enrollment server", server, func() error { return server.ServeTLS(l, "", "") })
	if err := s.authority.publish(ctx, s.node); err != nil {
		return err
	}
	s.goRun("the overlay", s.node.Wait)
	s.goRun("the overlay's configuration", func(ctx context.Context) error { return s.authority.follow(ctx, s.node) })
	return nil
}

func (s *site) startPortal(ctx context.Context) error {
	l, err := net.Listen("tcp", s.cfg.Web.Listen)
	if err != nil {
		return fmt.Errorf("web.listen: %w", err)
	}
	s.portal = orElse(s.cfg.Web.URL, "http://"+l.Addr().String())
	portal, err := web.New(s.portalConfig())
	if err != nil {
		_ = l.Close()
		return err
	}
	s.goRun("the portal", portal.Run)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", metrics{s.gateway, s.engine, s.node}.handler())
	mux.Handle("/", portal)
	server := web.NewServer(mux, s.log)
	s.serveHTTP("the portal", server, func() error { return server.Serve(l) })
	secret, err := s.accounts.SetupSecret(ctx)
	switch {
	case err == nil:
		s.setup = s.portal + "/setup#" + secret
	case !errors.Is(err, account.ErrSetUp):
		return err
	}
	return nil
}

// ready says whether calls and messages can be taken.
func (s *site) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	var problems []error
	if err := s.db.Ping(ctx); err != nil {
		problems = append(problems, errors.New("the database does not answer"))
	}
	if status, err := s.node.Status(ctx); err != nil || !status.Joined {
		problems = append(problems, errors.New("not joined to the overlay"))
	}
	if s.gateway.Status().Draining {
		problems = append(problems, errors.New("stopping"))
	}
	if err := errors.Join(problems...); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// serveHTTP runs a server until everything stops.
func (s *site) serveHTTP(what string, server *http.Server, serve func() error) {
	s.goRun(what, func(ctx context.Context) error {
		defer context.AfterFunc(ctx, func() {
			stop, cancel := context.WithTimeout(context.Background(), 3*time.Second)
			defer cancel()
			if server.Shutdown(stop) != nil {
				_ = server.Close()
			}
		})()
		return serve()
	})
}

// announce tells people, or a program, where everything is.
func (s *site) announce(ctx context.Context, asJSON bool) error {
	status, err := s.node.Status(ctx)
	if err != nil {
		return err
	}
	ready := serveReady{
		Overlay: s.cfg.Overlay.Name, Node: status.NodeID, Reload: status.Address, OverlaySIP: status.SIPAddress,
		Enrollment: s.authority.enrollment, SIP: s.gateway.Addr("UDP").String(), Portal: s.portal, Setup: s.setup,
	}
	if asJSON {
		return printJSON(os.Stdout, ready)
	}
	fmt.Printf("tandem serves the overlay %s as node %s.\n  portal       %s\n  enrollment   https://%s\n  overlay      %s\n  SIP trunks   %s\n",
		ready.Overlay, ready.Node, ready.Portal, ready.Enrollment, ready.Reload, ready.SIP)
	if ready.Setup != "" {
		fmt.Printf("\nOpen this in a browser to become the administrator:\n  %s\n", ready.Setup)
	}
	return nil
}

// newEngine makes the media engine of a server peer or a client.
func newEngine(cfg Config, log *slog.Logger) (*media.Engine, error) {
	first, last, err := cfg.Media.Range()
	if err != nil {
		return nil, fmt.Errorf("media.ports: %w", err)
	}
	c := media.Config{PortMin: first, PortMax: last, Logger: log}
	if a := cfg.Media.Address; a != "" {
		c.Listen = netip.MustParseAddr(a) // validated
	}
	if a := cfg.Media.Advertise; a != "" {
		c.Advertise = netip.MustParseAddr(a)
	}
	engine, err := media.NewEngine(c)
	if err != nil {
		return nil, fmt.Errorf("start the media engine on ports %s-%s: %w", strconv.Itoa(int(first)), strconv.Itoa(int(last)), err)
	}
	return engine, nil
}
