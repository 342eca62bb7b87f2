package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/gateway/call"
	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
	"tandem/gateway/phone"
	"tandem/gateway/sipua"
)

type callCmd struct {
	configFlag
	To     string        `arg:"" help:"A telephone number, or an address such as bob@example.org; voicemail is your own mailbox."`
	Dir    string        `type:"path" placeholder:"DIR" help:"The identity, as tandem enroll wrote it."`
	Play   string        `type:"path" placeholder:"F.wav" help:"Say this: WAV, mono, 8000 samples a second."`
	Record string        `type:"path" placeholder:"F.wav" help:"Write down what is heard."`
	Digits string        `placeholder:"1,2#" help:"Dial these once connected: 0-9, *, #, A-D; a comma waits a second."`
	For    time.Duration `placeholder:"10s" help:"Hang up after so long of ringing, or of talking; otherwise when all is played, or the other side does."`
	JSON   bool          `name:"json" help:"Print a report as JSON."`
}

// callReport says how a call went.
type callReport struct {
	To       string          `json:"to"`
	Answered bool            `json:"answered"`
	SetupMS  int64           `json:"setup_ms"`
	Seconds  float64         `json:"seconds"`
	Heard    *measure.Report `json:"heard,omitempty"`
	Digits   string          `json:"digits,omitempty"`
	Ended    string          `json:"ended"`
	Error    string          `json:"error,omitempty"`
}

// Validate finds mistakes of the command line before anybody is called; kong calls it. Exit status 2.
func (c callCmd) Validate() error {
	if c.For < 0 {
		return fmt.Errorf("--for %v: a call cannot last less than no time", c.For)
	}
	if i := strings.IndexFunc(c.Digits, func(r rune) bool { return !strings.ContainsRune(dialKeys, r) }); i >= 0 {
		return fmt.Errorf("--digits %q: a telephone has no such key as %q; its keys are 0-9, *, #, A-D, and a comma waits", c.Digits, c.Digits[i:])
	}
	return nil
}

const dialKeys = "0123456789*#ABCD,"

func (c callCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.JSON && cfg.Log.Level == "info" {
		cfg.Log.Level = "warn" // the report is what the caller wants
	}
	speech, done, err := c.speech()
	if err != nil {
		return err
	}
	defer done()
	rec, err := openRecording(c.Record)
	if err != nil {
		return err
	}
	report, err := c.dial(ctx, cfg, speech, rec)
	err = errors.Join(c.ended(ctx, err), rec.Close())
	if c.JSON {
		if err != nil {
			report.Error = err.Error()
		}
		return errors.Join(err, printJSON(os.Stdout, report))
	}
	if report.Answered {
		fmt.Println(report)
	}
	return err
}

// ended is how the command ends after err: the user's own interrupt is no failure.
func (c callCmd) ended(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return errCancelled
	}
	return err
}

// speech is what is to be said, nil for nothing. It is read from its file as it is said, until done is called.
func (c callCmd) speech() (speech call.Source, done func(), err error) {
	if c.Play == "" {
		return nil, func() {}, nil
	}
	f, err := os.Open(c.Play)
	if err != nil {
		return nil, nil, fmt.Errorf("open what to play: %w", err)
	}
	if speech, err = codec.ReadWAV(f); err != nil {
		_ = f.Close()
		return nil, nil, fmt.Errorf("%s: %w", c.Play, err)
	}
	return speech, func() { _ = f.Close() }, nil
}

// dial attaches to the overlay and places the call.
func (c callCmd) dial(ctx context.Context, cfg Config, speech call.Source, rec *recording) (callReport, error) {
	cl, err := startClient(ctx, cfg, newLogger(cfg.Log), clientOptions{dir: c.Dir})
	if err != nil {
		return callReport{To: c.To, Ended: notAnswered}, err
	}
	defer cl.Close()
	return c.place(ctx, cl.phone, speech, rec)
}

func (r callReport) String() string {
	s := fmt.Sprintf("Talked to %s for %.1f s (%s)", r.To, r.Seconds, r.Ended)
	if h := r.Heard; h != nil && h.Audible > 0 {
		s += fmt.Sprintf(", heard %.1f s of sound", h.Audible.Seconds())
		if h.Purity > 0.8 {
			s += fmt.Sprintf(", a tone of %.0f Hz", h.Frequency)
		}
	}
	if r.Digits != "" {
		s += ", digits " + r.Digits
	}
	return s + "."
}

// notAnswered is how a call ended that did not come about.
const notAnswered = "not answered"

func (c callCmd) place(ctx context.Context, p *phone.Phone, speech call.Source, rec *recording) (callReport, error) {
	report := callReport{To: c.To, Ended: notAnswered}
	begun := time.Now()
	leg, err := c.ring(ctx, p)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return report, err
	} else if err != nil {
		return report, explainCall(c.To, err)
	}
	report.Answered, report.SetupMS = true, time.Since(begun).Milliseconds()
	answered := time.Now()
	heard, err := c.talk(ctx, leg, speech, rec, &report)
	leg.Hangup(call.NormalClearing)
	<-leg.Context().Done()
	report.Seconds = time.Since(answered).Seconds()
	report.Heard = &heard
	var cause call.Cause
	if errors.As(context.Cause(leg.Context()), &cause) {
		report.Ended = cause.String()
		if err == nil && cutOff(cause) {
			err = &callFailure{fmt.Sprintf("call %s: the call was cut off: %s", c.To, cause), cause}
		}
	}
	return report, err
}

// ring calls until somebody answers, --for is over, or ctx ends.
func (c callCmd) ring(ctx context.Context, p *phone.Phone) (*sipua.Leg, error) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	timer := time.AfterFunc(1<<62, func() { giveUp(errRangLong) })
	defer timer.Stop()
	var mu sync.Mutex // several phones may ring at once
	var shown string
	return p.Call(ctx, c.To, phone.CallOptions{Progress: func(_ call.Leg, p sipua.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if shown == "" && c.For > 0 {
			timer.Reset(c.For)
		}
		if text := progressText(p); text != shown {
			c.show(text)
			shown = text
		}
	}})
}

// show tells a person how the call is getting on.
func (c callCmd) show(text string) {
	if !c.JSON {
		fmt.Fprintf(os.Stderr, "%s: %s\n", c.To, text)
	}
}

func progressText(p sipua.Progress) string {
	switch {
	case p.EarlyMedia:
		return "in progress, listening"
	case p.Status == 180:
		return "ringing"
	default:
		return fmt.Sprintf("in progress (%d)", p.Status)
	}
}

// talk plays, dials and listens at the same time, until all that was asked for is done or the call is over.
func (c callCmd) talk(ctx context.Context, leg *sipua.Leg, speech call.Source, rec *recording, report *callReport) (measure.Report, error) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	defer context.AfterFunc(leg.Context(), done)()
	if c.For > 0 {
		timer := time.AfterFunc(c.For, done)
		defer timer.Stop()
	}
	ear, err := rec.ear()
	if err != nil {
		return measure.Report{}, err
	}
	var group errgroup.Group
	group.Go(func() error { return leg.Record(ctx, ear) })
	digits := make(chan string, 1)
	go func() { digits <- collectDigits(ctx, leg) }()
	says := func() error {
		if speech != nil {
			if err := leg.Play(ctx, speech); err != nil {
				return err
			}
		}
		return dialDigits(ctx, leg, c.Digits)
	}
	err = says()
	if err == nil && c.For == 0 && (speech != nil || c.Digits != "") {
		done()
	}
	<-ctx.Done()
	_ = group.Wait() // it ends with the call
	report.Digits = <-digits
	if ended := errors.Is(err, context.Canceled) || leg.Context().Err() != nil; ended {
		err = nil // the call was over before all was said: the report tells
	}
	return ear.Report(), err
}

// dialDigits sends digits; a comma waits a second.
func dialDigits(ctx context.Context, leg call.Leg, digits string) error {
	for _, d := range digits {
		if d == ',' {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		if err := leg.SendDigits(ctx, string(d)); err != nil {
			return fmt.Errorf("dial %q: %w", d, err)
		}
	}
	return nil
}

func collectDigits(ctx context.Context, leg call.Leg) string {
	var got []byte
	for len(got) < 256 {
		select {
		case d := <-leg.Digits():
			got = append(got, d.Key)
		case <-ctx.Done():
			return string(got)
		}
	}
	return string(got)
}
