package voicemail

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/prompt/dialogue"
)

// A deposit takes one message from one caller.
type deposit struct {
	*Service
	box    Mailbox
	reason call.Reason
}

// ServeCall answers, greets, and records until the caller hangs up, presses #, falls silent or has said enough.
func (d *deposit) ServeCall(ctx context.Context, leg call.Leg) error {
	v := d.voice(leg, d.box.Language)
	if err := leg.Answer(ctx); err != nil {
		return err
	}
	if d.box.Full() {
		d.log.Warn("mailbox full", "aor", d.box.AoR, "leg", leg.ID())
		_, err := v.say(ctx, "vm-mailboxfull", "vm-goodbye")
		return over(ctx, err)
	}
	if err := d.greet(ctx, v); err != nil {
		return over(ctx, err)
	}
	by, err := d.record(ctx, leg)
	if err != nil || by == ByHangup {
		return over(ctx, err)
	}
	_, err = v.say(ctx, "auth-thankyou", "vm-goodbye")
	return over(ctx, err)
}

// greet says why nobody answers, then beeps. # leads to the beep at once; other keys are passed over.
func (d *deposit) greet(ctx context.Context, v *voice) error {
	for _, part := range d.greeting(ctx, v) {
		key, err := v.play(ctx, part)
		for key != dialogue.None && key != '#' && err == nil {
			key, err = v.play(ctx, part)
		}
		if err != nil {
			return err
		}
		if key == '#' {
			break
		}
	}
	return v.beep(ctx)
}

// record takes what the caller says, from the beep on.
func (d *deposit) record(ctx context.Context, leg call.Leg) (Ending, error) {
	w := d.newWriter(d.message(leg))
	t := &take{limits: d.box.Limits, keep: w}
	by, err := t.record(ctx, leg)
	e := t.end(by)
	d.log.Info("message taken", "aor", d.box.AoR, "leg", leg.ID(), "message", w.message.ID, "ended_by", by, "bytes", e.Bytes, "speech", e.Speech)
	w.end(e, e.Speech >= d.box.Limits.MinSpeech && e.Bytes > 0)
	return by, err
}

// message starts the message with what is known of the call.
func (d *deposit) message(leg call.Leg) Message {
	m := Message{ID: uuid.Must(uuid.NewV7()), Mailbox: d.box.AoR, Reason: d.reason, LegID: leg.ID(), Created: time.Now()}
	if info := leg.Info(); !info.Caller.Anonymous {
		m.Caller = info.Caller
	}
	return m
}
