package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	goyaml "go.yaml.in/yaml/v3"

	"tandem/attendant"
	"tandem/cmd/tandem/carrier"
	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
	"tandem/gateway/phone"
	"tandem/gateway/prompt"
	"tandem/overlay/enroll"
)

type demoCmd struct {
	Once bool   `help:"Stop when everything has been shown."`
	JSON bool   `name:"json" help:"Print a report as JSON; what happens goes to standard error."`
	Web  string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the portal listens; any free port if that one is taken."`
}

// The demo's numbers: 555-0100 to 555-0199 are set aside for such use.
const (
	demoCarrierTone = "+12025550100" // at the carrier: answers with a tone
	demoBob         = "+12025550112" // ours: leads to bob
	demoCaller      = "+12025550123" // who calls bob
	demoSaid        = 1004.0         // Hz, what alice says
	demoHeard       = 1333.0         // Hz, what the carrier says
	demoTone        = 3 * time.Second
)

// demoReport is what the demo has found out by listening.
type demoReport struct {
	OK        bool           `json:"ok"`
	Outbound  *demoOutbound  `json:"outbound,omitempty"`
	Voicemail *demoVoicemail `json:"voicemail,omitempty"`
	Portal    string         `json:"portal,omitempty"`
	Seconds   float64        `json:"seconds"`
	Error     string         `json:"error,omitempty"`
}

type demoOutbound struct {
	To           string         `json:"to"`
	SetupMS      int64          `json:"setup_ms"`
	CallerHeard  measure.Report `json:"caller_heard"`
	CarrierHeard carrier.Heard  `json:"carrier_heard"`
}

type demoVoicemail struct {
	From          string         `json:"from"`
	SaidSeconds   float64        `json:"said_seconds"`
	StoredSeconds float64        `json:"stored_seconds"`
	ToneSeconds   float64        `json:"tone_seconds"` // how much of it is the tone that was said after the words
	Heard         measure.Report `json:"heard"`
}

func (c demoCmd) Run(ctx context.Context) error {
	begun := time.Now()
	d := &demo{cmd: c, password: "demo-" + strings.ToLower(rand.Text()[:8])}
	defer d.close()
	err := d.show(ctx)
	d.report.Seconds = time.Since(begun).Seconds()
	d.report.OK = err == nil
	if err != nil {
		d.report.Error = err.Error()
	}
	if c.JSON {
		if printErr := printJSON(os.Stdout, d.report); printErr != nil {
			return printErr
		}
	}
	if err != nil || c.Once {
		return err
	}
	d.say("")
	d.say("Everything works and stays up. The portal is at %s", d.ready.Portal)
	d.say("  sign in as  bob@localhost    password  %s   (his message is there)", d.password)
	d.say("  or as       alice@localhost  password  %s   (the administrator)", d.password)
	d.say("Alice's overlay phone takes softphones at %s, bob's at %s (any password).", d.alice.phone.Status().Listen, d.bob.phone.Status().Listen)
	d.say("Dial %s from alice for the carrier's tone; …0101 is an echo. Ctrl-C ends the demo.", demoCarrierTone)
	d.ringOnly.Store(false)
	<-ctx.Done()
	d.say("Stopping.")
	return nil
}

// A demo is everything that it started.
type demo struct {
	cmd      demoCmd
	dir      string
	password string
	report   demoReport
	ready    serveReady
	server   *process
	carrier  *process
	alice    *client
	bob      *client
	ringOnly atomic.Bool // bob's phone rings and nobody answers
	closers  []func()
}

func (d *demo) close() {
	for i := len(d.closers) - 1; i >= 0; i-- {
		d.closers[i]()
	}
}

// say tells what happens as it happens.
func (d *demo) say(format string, args ...any) {
	out := os.Stdout
	if d.cmd.JSON {
		out = os.Stderr
	}
	fmt.Fprintf(out, format+"\n", args...)
}

func (d *demo) show(ctx context.Context) error {
	var err error
	if d.dir, err = os.MkdirTemp("", "tandem-demo-"); err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	d.closers = append(d.closers, func() { _ = os.RemoveAll(d.dir) })
	// The private Postgres may run as another user: it must be able to walk in.
	if err := os.Chmod(d.dir, 0o711); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.startCarrier, d.startServer, d.setUp, d.startPhones, d.callOut, d.leaveMessage, d.listen} {
		limited, cancel := context.WithTimeoutCause(ctx, 90*time.Second, errors.New("it took more than 90 s"))
		err := step(limited)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) startCarrier(ctx context.Context) (err error) {
	d.carrier, err = startProcess(d.dir, "carrier", withoutSettings(os.Environ()), "carrier", "--json", "--listen", "127.0.0.1:0", "--password", d.password)
	if err != nil {
		return err
	}
	d.closers = append(d.closers, d.carrier.stop)
	e, err := d.event(ctx, "listening")
	if err != nil {
		return err
	}
	d.report.Portal = "" // known when the server is up
	d.ready.SIP = e.Text
	d.say("A SIP carrier listens at %s: it speaks A-law and wants a password.", e.Text)
	return nil
}

// event waits for the carrier to report what.
func (d *demo) event(ctx context.Context, what string) (carrier.Event, error) {
	for {
		var e carrier.Event
		if err := d.carrier.next(ctx, &e); err != nil {
			return e, err
		}
		if e.Event == what {
			return e, nil
		}
		if e.Event == "failed" {
			return e, fmt.Errorf("the carrier's call to %s failed: %s", e.To, e.Text)
		}
	}
}

func (d *demo) startServer(ctx context.Context) (err error) {
	carrierAddr := d.ready.SIP
	d.say("Starting a server peer: its own overlay, its own Postgres, the portal …")
	d.server, err = startProcess(d.dir, "server", d.environment(), "serve", "--json")
	if err != nil {
		return err
	}
	d.closers = append(d.closers, d.server.stop)
	if err := d.server.next(ctx, &d.ready); err != nil {
		return err
	}
	d.report.Portal = d.ready.Portal
	d.say("The server peer %s… serves the overlay %q; the portal is at %s.", d.ready.Node[:8], d.ready.Overlay, d.ready.Portal)
	d.ready.SIP = carrierAddr
	return nil
}

// environment keeps the demo apart from any real tandem on this machine: free ports, a directory of its own.
func (d *demo) environment() []string {
	portal := d.cmd.Web
	if l, err := net.Listen("tcp", portal); err == nil {
		_ = l.Close()
	} else {
		portal = "127.0.0.1:0"
	}
	return append(withoutSettings(os.Environ()),
		"TANDEM_DATA="+filepath.Join(d.dir, "server"), "TANDEM_OVERLAY_NAME=localhost", "TANDEM_OVERLAY_LISTEN=127.0.0.1:0",
		"TANDEM_OVERLAY_SIP=127.0.0.1:0", "TANDEM_OVERLAY_ADVERTISE=127.0.0.1", "TANDEM_ENROLLMENT_LISTEN=127.0.0.1:0",
		"TANDEM_WEB_LISTEN="+portal, "TANDEM_SIP_LISTEN=127.0.0.1:0", "TANDEM_MEDIA_ADDRESS=127.0.0.1", "TANDEM_LOG_LEVEL=info",
	)
}

// withoutSettings leaves out what is meant for a real tandem: the demo must not write into its database.
func withoutSettings(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "TANDEM_") })
}

// setUp applies a site file as an administrator would.
func (d *demo) setUp(ctx context.Context) error {
	s := Site{
		Users: []SiteUser{
			{Address: "alice", Name: "Alice", Administrator: true, Password: d.password, CallsOut: true, Number: "+12025550111"},
			{Address: "bob", Name: "Bob", Password: d.password, CallsOut: true, Number: demoBob, Ring: 4 * time.Second},
		},
		Trunks:  []SiteTrunk{{Name: "carrier", Host: d.ready.SIP, User: "tandem", Password: d.password, Number: "+12025550110"}},
		Routes:  []SiteRoute{{Prefix: "+", Trunk: "carrier"}},
		Numbers: []SiteNumber{{Number: "+12025550111", To: "user:alice"}, {Number: demoBob, To: "user:bob"}, {Number: "+12025550110", To: "menu:main"}},
		Menus: []attendant.Menu{{
			Name: "main", Prompt: attendant.Prompt{{Sound: "vm-enter-num-to-call"}},
			Options: map[string]attendant.Target{"1": {User: "alice@localhost"}, "2": {User: "bob@localhost"}, "9": {Mailbox: "bob@localhost"}},
		}},
	}
	raw, err := goyaml.Marshal(s)
	if err != nil {
		return fmt.Errorf("write the site file: %w", err)
	}
	file := filepath.Join(d.dir, "site.yaml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return fmt.Errorf("write the site file: %w", err)
	}
	apply, err := startProcess(d.dir, "apply", d.environment(), "apply", "-f", file, "--json")
	if err != nil {
		return err
	}
	defer apply.stop()
	var done applied
	if err := apply.next(ctx, &done); err != nil {
		return err
	}
	for _, name := range []string{"alice", "bob"} {
		link := done.Invitations[name+"@localhost"]
		if _, _, err := enroll.Client(ctx, link, filepath.Join(d.dir, name)); err != nil {
			return fmt.Errorf("enroll %s: %w", name, err)
		}
		d.say("%s enrolled with an invitation: the key was made here, the certificate names %s@localhost.", name, name)
	}
	if _, err := d.event(ctx, "registered"); err != nil {
		return err
	}
	d.say("The gateway registered at the carrier.")
	return nil
}

func (d *demo) startPhones(ctx context.Context) (err error) {
	d.ringOnly.Store(true)
	ringing := func(ctx context.Context, _ call.Leg) call.Handler {
		if !d.ringOnly.Load() {
			return nil
		}
		return call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
			d.say("Bob's phone rings. Nobody answers.")
			if err := leg.Ring(ctx); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
	}
	if d.alice, err = d.phone(ctx, "alice", nil); err != nil {
		return err
	}
	d.bob, err = d.phone(ctx, "bob", ringing)
	return err
}

func (d *demo) phone(ctx context.Context, name string, incoming func(context.Context, call.Leg) call.Handler) (*client, error) {
	cfg := DefaultConfig()
	log := newLogger(Log{Level: "error"})
	c, err := startClient(ctx, cfg, log, clientOptions{dir: filepath.Join(d.dir, name), softphones: "127.0.0.1:0", ring: 25 * time.Second, onIncoming: incoming})
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, c.Close)
	if err := c.register(ctx, log); err != nil {
		return nil, err
	}
	d.say("%s's phone is on the overlay as node %s….", name, c.node.NodeID().String()[:8])
	return c, nil
}

// callOut lets alice call the telephone network and both sides listen.
func (d *demo) callOut(ctx context.Context) error {
	d.say("Alice calls %s: gateway by ReDiR, SIPS by AppAttach, SRTP, then the trunk …", demoCarrierTone)
	begun := time.Now()
	leg, err := d.alice.phone.Call(ctx, demoCarrierTone, phone.CallOptions{})
	if err != nil {
		return fmt.Errorf("alice's call: %w", err)
	}
	o := &demoOutbound{To: demoCarrierTone, SetupMS: time.Since(begun).Milliseconds()}
	d.say("Answered after %d ms. Both sides talk for 4 s.", o.SetupMS)
	talk, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	ear := &measure.Recorder{}
	recorded := make(chan error, 1)
	go func() { recorded <- leg.Record(talk, ear) }()
	_ = leg.Play(talk, codec.Tone{Hz: []float64{demoSaid}, Level: -10}.Source()) // ends with the time
	_ = <-recorded                                                               // likewise
	leg.Hangup(call.NormalClearing)
	e, err := d.event(ctx, "ended")
	if err != nil {
		return err
	}
	o.CallerHeard, o.CarrierHeard = ear.Report(), *e.Heard
	d.report.Outbound = o
	d.say("The carrier heard %.0f Hz for %.1f s, alice heard %.0f Hz for %.1f s.",
		o.CarrierHeard.Frequency, o.CarrierHeard.Seconds, o.CallerHeard.Frequency, o.CallerHeard.Audible.Seconds())
	return errors.Join(
		near("what the carrier heard", o.CarrierHeard.Frequency, demoSaid),
		near("what alice heard", o.CallerHeard.Frequency, demoHeard),
		atLeast("what alice heard", o.CallerHeard.Audible.Seconds(), 3),
		atLeast("what the carrier heard", o.CarrierHeard.Seconds, 3),
	)
}

// leaveMessage lets the carrier call bob, who does not answer.
func (d *demo) leaveMessage(ctx context.Context) error {
	pcm, err := d.message()
	if err != nil {
		return err
	}
	file := filepath.Join(d.dir, "message.wav")
	if err := carrier.WriteWAV(file, pcm); err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	d.report.Voicemail = &demoVoicemail{From: demoCaller, SaidSeconds: float64(len(pcm)) / call.SampleRate}
	d.say("The telephone network calls bob at %s …", demoBob)
	if _, err := fmt.Fprintf(d.carrier.in, "call %s from %s play %s after beep for 500ms\n", demoBob, demoCaller, file); err != nil {
		return fmt.Errorf("tell the carrier: %w", err)
	}
	if _, err := d.event(ctx, "answered"); err != nil {
		return err
	}
	d.say("Voicemail answers with bob's greeting; the caller waits for the beep and speaks.")
	if _, err := d.event(ctx, "ended"); err != nil {
		return err
	}
	d.say("The caller has hung up.")
	return nil
}

// message is a few spoken words and a tone that can be recognized when it is heard again.
func (d *demo) message() ([]int16, error) {
	sounds, err := prompt.Open(DefaultConfig().Prompts.Directory, nil)
	if err != nil {
		return nil, err
	}
	speech, err := sounds.Pack("en").Say("vm-youhave", "digits/1", "vm-message")
	if err != nil {
		return nil, err
	}
	all := codec.Join(speech, codec.Silence(200*time.Millisecond), codec.Tone{Hz: []float64{demoSaid}, Level: -10, Length: demoTone}.Source())
	var pcm []int16
	var frame call.PCM
	for all.ReadFrame(&frame) == nil {
		pcm = append(pcm, frame[:]...)
	}
	return pcm, nil
}

// listen signs in at the portal as bob and listens to the message.
func (d *demo) listen(ctx context.Context) error {
	p, err := signIn(ctx, d.ready.Portal, "bob@localhost", d.password)
	if err != nil {
		return err
	}
	audio, err := p.firstMessage(ctx, demoCaller)
	if err != nil {
		return err
	}
	v := d.report.Voicemail
	v.Heard = measure.Analyze(audio)
	v.StoredSeconds = float64(len(audio)) / call.SampleRate
	v.ToneSeconds = toneSeconds(audio, demoSaid)
	d.say("Bob's mailbox holds a message of %.1f s from %s; listening to it: words, then %.0f Hz for %.1f s.",
		v.StoredSeconds, v.From, demoSaid, v.ToneSeconds)
	return errors.Join(
		atLeast("the tone in the stored message", v.ToneSeconds, demoTone.Seconds()-0.2),
		atLeast("the stored message", v.StoredSeconds, v.SaidSeconds-0.5),
	)
}

// toneSeconds adds up the tenths of a second that are a pure tone of that frequency.
func toneSeconds(pcm []int16, hz float64) float64 {
	const window = call.SampleRate / 10
	n := 0
	for ; len(pcm) >= window; pcm = pcm[window:] {
		if got, purity := measure.Frequency(pcm[:window]); purity > 0.9 && near("", got, hz) == nil {
			n++
		}
	}
	return float64(n) / 10
}

func near(what string, got, want float64) error {
	if got < want*0.99 || got > want*1.01 {
		return fmt.Errorf("%s has %.1f Hz, not %.0f Hz", what, got, want)
	}
	return nil
}

func atLeast(what string, got, want float64) error {
	if got < want {
		return fmt.Errorf("%s lasts %.2f s, not %.2f s", what, got, want)
	}
	return nil
}
