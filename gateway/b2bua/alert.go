package b2bua

import (
	"context"
	"sync"

	"tandem/gateway/codec"
	"tandem/gateway/media"
	"tandem/gateway/sipua"
)

// Alert tells a calling leg how its call is getting on. A leg that is not answered gets 180, or 183 and the called
// side's early media; one that is answered already, because a menu talked to it, hears a ringing tone.
type Alert struct {
	in     *sipua.Leg
	region string
	cancel context.CancelFunc
	ctx    context.Context // ends with Stop

	mu    sync.Mutex
	early *sipua.Leg // whose early media in hears
	tone  bool
	tones sync.WaitGroup
}

// NewAlert alerts in; the tone is that of region. Stop must be called.
func NewAlert(ctx context.Context, in *sipua.Leg, region string) *Alert {
	ctx, cancel := context.WithCancel(ctx)
	return &Alert{in: in, region: region, ctx: ctx, cancel: cancel}
}

// Progress takes what a branch of Dial reports. Of several branches the first with early media is heard.
func (a *Alert) Progress(leg *sipua.Leg, p sipua.Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.ctx.Err() != nil:
	case p.EarlyMedia && a.early == nil:
		a.hear(leg)
	case a.early != nil:
	case !a.in.AnsweredAt().IsZero():
		a.ringback()
	case p.Status != 181 && p.Status != 182:
		_ = a.in.Ring(a.ctx) // a leg that cannot be told has ended, and its context says so
	}
}

// hear lets the caller hear the called side before the answer.
func (a *Alert) hear(leg *sipua.Leg) {
	in, out := session(a.in), session(leg)
	if in == nil || out == nil {
		return
	}
	if a.in.AnsweredAt().IsZero() && a.in.EarlyMedia(a.ctx) != nil {
		return
	}
	in.Unbridge()
	if media.Bridge(in, out) == nil {
		a.early = leg
	}
}

func (a *Alert) ringback() {
	if a.tone {
		return
	}
	a.tone = true
	a.tones.Go(func() { _ = a.in.Play(a.ctx, codec.Ringback(a.region)) })
}

// Stop ends the tone. Early media goes on until Join or the end of its leg.
func (a *Alert) Stop() {
	a.cancel()
	a.tones.Wait()
}

// session is the leg's media, nil when it has none.
func session(leg *sipua.Leg) *media.Session {
	s, _ := leg.Media().(*media.Session)
	return s
}
