package main

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	Digits string        `placeholder:"1,2#" help:"Dial these once connected; a comma waits a second."`
	For    time.Duration `placeholder:"10s" help:"Hang up after so long; otherwise when all is played, or the other side does."`
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

func (c callCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.JSON && cfg.Log.Level == "info" {
		cfg.Log.Level = "warn" // the report is what the caller wants
	}
	log := newLogger(cfg.Log)
	var speech call.Source
	if c.Play != "" {
		f, err := os.Open(c.Play)
		if err != nil {
			return fmt.Errorf("open what to play: %w", err)
		}
		defer f.Close()
		if speech, err = codec.ReadWAV(f); err != nil {
			return fmt.Errorf("%s: %w", c.Play, err)
		}
	}
	cl, err := startClient(ctx, cfg, log, clientOptions{dir: c.Dir})
	if err != nil {
		return err
	}
	defer cl.Close()
	report, err := c.place(ctx, cl.phone, speech)
	if c.JSON {
		if err != nil {
			report.Error = err.Error()
		}
		if printErr := printJSON(os.Stdout, report); printErr != nil {
			return printErr
		}
	} else if err == nil {
		fmt.Println(report)
	}
	return err
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

func (c callCmd) place(ctx context.Context, p *phone.Phone, speech call.Source) (callReport, error) {
	report := callReport{To: c.To}
	begun := time.Now()
	progress := func(_ call.Leg, p sipua.Progress) {
		if !c.JSON {
			fmt.Fprintf(os.Stderr, "%s: %s\n", c.To, progressText(p))
		}
	}
	leg, err := p.Call(ctx, c.To, phone.CallOptions{Progress: progress})
	if err != nil {
		report.Ended = "not answered"
		return report, fmt.Errorf("call %s: %w", c.To, err)
	}
	report.Answered, report.SetupMS = true, time.Since(begun).Milliseconds()
	answered := time.Now()
	heard, err := c.talk(ctx, leg, speech, &report)
	leg.Hangup(call.NormalClearing)
	<-leg.Context().Done()
	report.Seconds = time.Since(answered).Seconds()
	report.Heard = &heard
	var cause call.Cause
	if errors.As(context.Cause(leg.Context()), &cause) {
		report.Ended = cause.String()
	}
	return report, err
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
func (c callCmd) talk(ctx context.Context, leg *sipua.Leg, speech call.Source, report *callReport) (measure.Report, error) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	defer context.AfterFunc(leg.Context(), done)()
	if c.For > 0 {
		timer := time.AfterFunc(c.For, done)
		defer timer.Stop()
	}
	ear, finish, err := c.ear()
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
		return dial(ctx, leg, c.Digits)
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
	return ear.Report(), errors.Join(err, finish())
}

// ear listens, and writes down if asked to.
func (c callCmd) ear() (*measure.Recorder, func() error, error) {
	if c.Record == "" {
		return &measure.Recorder{}, func() error { return nil }, nil
	}
	f, err := os.Create(c.Record)
	if err != nil {
		return nil, nil, fmt.Errorf("open the recording: %w", err)
	}
	w, err := codec.NewWAVWriter(f)
	if err != nil {
		return nil, nil, fmt.Errorf("write the recording: %w", err)
	}
	return &measure.Recorder{Also: w}, func() error { return errors.Join(w.Close(), f.Close()) }, nil
}

// dial sends digits; a comma waits a second.
func dial(ctx context.Context, leg call.Leg, digits string) error {
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
