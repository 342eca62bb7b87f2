package sipua

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/uuid"

	"tandem/gateway/call"
)

// A Leg is one dialog, or an attempt at one. It is a call.Leg.
type Leg struct {
	ua       *UA
	id       string
	log      *slog.Logger
	incoming bool
	key      dialogKey
	ctx      context.Context
	cancel   context.CancelCauseFunc
	connect  chan struct{} // closed when the call is connected
	progress chan Progress
	invite   *sip.Request // as it came; incoming only, not to be changed
	source   Source       // incoming only
	serverTx *sip.ServerTx

	responding sync.Mutex    // held while a response to the INVITE is made and sent
	lastRing   *sip.Response // guarded by responding
	offering   sync.Mutex    // held while an offer is open (RFC 3264 §4)

	cancelWish chan struct{} // closed when an outgoing call is not wanted any more
	callDone   chan struct{} // closed when the outgoing INVITE has its final response, or never will

	mu         sync.Mutex
	phase      phase
	info       call.Info
	dlg        dialog
	media      Media
	failure    *StatusError // why an outgoing call failed
	answeredAt time.Time
	remoteSeq  uint32              // the far side's latest sequence number (§12.2.2)
	fresh      map[uint32]bool     // requests that arrived in order and are not handled yet
	acks       map[uint32]*ackWait // 2xx of ours that wait for their ACK
	settle     sync.Once           // see settled
}

var _ call.Leg = (*Leg)(nil)

type phase uint8

const (
	calling   phase = iota + 1 // our INVITE has no final response
	invited                    // their INVITE has no final response
	connected                  // 2xx sent or received
	over
)

func (u *UA) newLeg(p phase, info call.Info) *Leg {
	l := &Leg{
		ua: u, id: newID(), incoming: p == invited, phase: p, info: info,
		connect: make(chan struct{}), progress: make(chan Progress, 16), cancelWish: make(chan struct{}),
		callDone: make(chan struct{}), fresh: map[uint32]bool{}, acks: map[uint32]*ackWait{},
	}
	l.info.Side = u.cfg.Side
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	l.log = u.log.With("leg", l.id)
	return l
}

func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		return newTag()
	}
	return id.String()
}

// ID names the leg in logs and call records.
func (l *Leg) ID() string { return l.id }

// CallID is the dialog's Call-ID.
func (l *Leg) CallID() string { return l.key.callID }

// Info says who calls whom.
func (l *Leg) Info() call.Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.info
}

// Context ends when the leg does; context.Cause is then a call.Cause.
func (l *Leg) Context() context.Context { return l.ctx }

// Incoming says that the far side called us.
func (l *Leg) Incoming() bool { return l.incoming }

// Source is where an incoming call came from.
func (l *Leg) Source() Source { return l.source }

// Remote is the address that the leg's signalling comes from or goes to; a stand-in on an overlay UA.
func (l *Leg) Remote() netip.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, _ := netip.ParseAddrPort(l.dlg.path.addr)
	return a.Addr().Unmap()
}

// RequestURI is the URI of the INVITE.
func (l *Leg) RequestURI() string {
	if l.invite == nil {
		return ""
	}
	return l.invite.Recipient.String()
}

// Headers are the values of a header of the INVITE we received.
func (l *Leg) Headers(name string) []string {
	if l.invite == nil {
		return nil
	}
	var values []string
	for _, h := range l.invite.GetHeaders(name) {
		values = append(values, h.Value())
	}
	return values
}

// From is what the From header of the INVITE we received says: a name and the URI that the far side claims. The error
// is that there is not exactly one, or that it cannot be read.
func (l *Leg) From() (name string, claimed sip.Uri, err error) {
	from := l.Headers("From")
	if len(from) != 1 {
		return "", sip.Uri{}, fmt.Errorf("%d From headers", len(from))
	}
	if name, err = sip.ParseAddressValue(from[0], &claimed, nil); err != nil {
		return "", sip.Uri{}, errors.New("unreadable From")
	}
	return name, claimed, nil
}

// MaxForwards is what an INVITE that goes on from here must carry (RFC 3261 §16.6).
func (l *Leg) MaxForwards() int {
	if l.invite == nil || l.invite.MaxForwards() == nil {
		return 69
	}
	return max(int(l.invite.MaxForwards().Val())-1, 0)
}

// AnsweredAt is when the call was connected; zero before.
func (l *Leg) AnsweredAt() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answeredAt
}

// Media is the leg's media, nil while there is none.
func (l *Leg) Media() Media {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.media
}

// SetMedia gives an incoming leg its media; before EarlyMedia and Answer. The leg closes it when it ends.
func (l *Leg) SetMedia(m Media) {
	l.mu.Lock()
	old, ended := l.media, l.phase == over
	if !ended {
		l.media = m
	}
	l.mu.Unlock()
	if ended {
		old = m
	}
	if old != nil {
		_ = old.Close()
	}
}

func (l *Leg) currentPhase() phase {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phase
}

// cause is why the leg ended.
func (l *Leg) cause() error { return context.Cause(l.ctx) }

// Hangup ends the leg: CANCEL, BYE, or the response that the cause stands for (see StatusOf). The first cause wins.
func (l *Leg) Hangup(c call.Cause) { l.end(c, ending{say: true}) }

// Refuse ends an incoming leg that is not answered with this status. Once answered it is a Hangup.
func (l *Leg) Refuse(e *StatusError) {
	var c call.Cause
	if !errors.As(e, &c) {
		c = call.NormalUnspecified
	}
	l.end(c, ending{say: true, status: e})
}

// ending is how a leg ends.
type ending struct {
	say    bool         // the far side does not know yet
	status *StatusError // the refusal of an incoming leg; nil: from the cause
}

// end ends the leg once. What there is left to say is said by a goroutine of its own.
func (l *Leg) end(c call.Cause, e ending) {
	if c == 0 {
		c = call.NormalUnspecified
	}
	l.mu.Lock()
	was := l.phase
	l.phase = over
	media := l.media
	l.mu.Unlock()
	if was == over {
		return
	}
	l.cancel(c)
	l.log.Debug("leg ended", "cause", c)
	l.ua.wg.Go(func() {
		defer l.ua.forget(l)
		defer l.ua.guard("end")
		if media != nil {
			_ = media.Close()
		}
		if e.say {
			l.farewell(was, c, e)
		}
		if !l.incoming && was == calling {
			<-l.callDone
		}
	})
}

func (l *Leg) farewell(was phase, c call.Cause, e ending) {
	switch was {
	case invited:
		l.refuse(c, e.status)
	case calling:
		close(l.cancelWish)
	case connected:
		l.hangUp(c)
	}
}

// abandon gives up on what the leg still waits for: the UA closes.
func (l *Leg) abandon() { l.end(call.NormalUnspecified, ending{}) }

// Play sends src.
func (l *Leg) Play(ctx context.Context, src call.Source) error {
	return l.withMedia(ctx, func(ctx context.Context, m Media) error { return m.Play(ctx, src) })
}

// Record gives what the far side says to sink.
func (l *Leg) Record(ctx context.Context, sink call.Sink) error {
	return l.withMedia(ctx, func(ctx context.Context, m Media) error { return m.Record(ctx, sink) })
}

// Digits delivers what the far side dials, by telephone-event or INFO.
func (l *Leg) Digits() <-chan call.Digit {
	if m := l.Media(); m != nil {
		return m.Digits()
	}
	return nil
}

// SendDigits dials towards the far side.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	return l.withMedia(ctx, func(ctx context.Context, m Media) error { return m.SendDigits(ctx, digits) })
}

var errNoMedia = errors.New("sipua: leg has no media")

// withMedia runs f until ctx or the leg ends; then the leg's Cause is the error.
func (l *Leg) withMedia(ctx context.Context, f func(context.Context, Media) error) error {
	m := l.Media()
	if m == nil {
		return errNoMedia
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.ctx, func() { cancel(l.cause()) })()
	err := f(ctx, m)
	if err != nil && l.ctx.Err() != nil {
		return l.cause()
	}
	return err
}
