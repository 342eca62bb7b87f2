package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/media"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// An exchange is one call through the gateway: the caller's leg, where it goes, and its record.
type exchange struct {
	g   *Gateway
	in  *sipua.Leg
	rt  *routing
	log *slog.Logger

	stop context.CancelCauseFunc // ends the call with a call.Cause, for both sides

	recorded bool           // the record was opened; set before run
	writing  sync.WaitGroup // the answer's note in the record

	mu  sync.Mutex // guards rec and out
	rec cdr.Record // rec.Caller never changes
	out *sipua.Leg // the leg that answered
}

// A destination is where a call goes, decided before anything is dialed.
type destination struct {
	direction cdr.Direction
	target    string
	number    route.E164
	run       func(ctx context.Context) error // returns when the call is over; an error is why it did not come about
}

// recordTime bounds the writing of a record.
const recordTime = 3 * time.Second

// serve is the life of a call. decide says where it goes; a call that goes nowhere is refused and on record.
func (g *Gateway) serve(ctx context.Context, in *sipua.Leg, caller call.Party, decide func(*exchange) (destination, error)) {
	x := g.newExchange(in, caller)
	ctx, x.stop = context.WithCancelCause(ctx)
	defer x.stop(nil)
	if err := g.calls.add(x, g.cfg.Limits); err != nil {
		x.log.Warn("call refused", "err", err)
		in.Refuse(x.refusal(err))
		return
	}
	defer g.calls.remove(x)
	d, err := decide(x)
	x.note(func(r *cdr.Record) { r.Direction, r.Target, r.Number = d.direction, d.target, d.number })
	x.recorded = x.open(ctx) == nil
	if err == nil {
		err = x.payable(d)
	}
	if err == nil {
		x.log.Info("call", "direction", d.direction, "target", slog.AnyValue(x.shown(d)))
		err = x.run(ctx, d)
	}
	x.finish(ctx, err)
}

// payable says no to what costs money and is not on record.
func (x *exchange) payable(d destination) error {
	if d.direction == cdr.Outbound && !x.recorded {
		return fmt.Errorf("no record, no call: %w", errNoRecord)
	}
	return nil
}

var errNoRecord = &sipua.StatusError{Code: 503, Reason: "Call Records Cannot Be Written", Cause: call.TemporaryFailure}

func (g *Gateway) newExchange(in *sipua.Leg, caller call.Party) *exchange {
	info := in.Info()
	id, err := uuid.Parse(in.ID())
	if err != nil {
		id = uuid.Must(uuid.NewV7())
	}
	rec := cdr.Record{ID: id, Gateway: g.cfg.Node, Direction: cdr.Service, Caller: caller, CallerNode: info.Node,
		Called: info.Called, Trunk: info.Trunk, StartedAt: time.Now()}
	if info.Side == call.Trunk {
		rec.Direction = cdr.Inbound
	}
	return &exchange{g: g, in: in, rt: g.setup.Load(), rec: rec, log: g.log.With("call_id", rec.ID)}
}

// shown is the destination as the log may have it.
func (x *exchange) shown(d destination) any {
	if d.number != "" {
		return d.number
	}
	return d.target
}

// run contains a panic: other calls go on.
func (x *exchange) run(ctx context.Context, d destination) (err error) {
	defer func() {
		if p := recover(); p != nil {
			x.log.Error("call handler panicked", "err", p, "stack", string(debug.Stack()))
			err = call.TemporaryFailure
		}
	}()
	return d.run(ctx)
}

// note changes the record.
func (x *exchange) note(change func(*cdr.Record)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(&x.rec)
}

func (x *exchange) snapshot() cdr.Record {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rec
}

func (x *exchange) open(ctx context.Context) error {
	return x.write(ctx, "open", x.g.cfg.Records.OpenCall)
}

// answered writes the answer down while the two already talk.
func (x *exchange) answered(ctx context.Context) {
	x.note(func(r *cdr.Record) { r.AnsweredAt = time.Now() })
	x.writing.Go(func() { _ = x.write(ctx, "answer", x.g.cfg.Records.AnswerCall) })
}

func (x *exchange) write(ctx context.Context, what string, f func(context.Context, *cdr.Record) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	r := x.snapshot()
	err := f(ctx, &r)
	if err != nil {
		x.log.Error("call record not written", "step", what, "err", err)
	}
	return err
}

// finish ends the caller's leg with what fits err, and closes the record.
func (x *exchange) finish(ctx context.Context, err error) {
	gone := x.in.Context().Err() != nil
	x.note(func(r *cdr.Record) {
		r.EndedAt = time.Now()
		r.AnsweredAt = x.in.AnsweredAt()
		if err != nil {
			x.failed(r, err, gone)
		} else if r.ReleasedBy == "" {
			r.ReleasedBy, r.Cause = cdr.Gateway, call.NormalClearing
			if gone {
				r.ReleasedBy = cdr.Caller
			}
		}
		r.CallerMedia, r.CalledMedia = heard(x.in), heard(x.out)
	})
	if err != nil {
		x.in.Refuse(x.refusal(err))
	}
	x.in.Hangup(call.NormalClearing)
	x.writing.Wait()
	r := x.snapshot()
	_ = x.write(ctx, "close", x.g.cfg.Records.CloseCall)
	x.log.Info("call ended", "cause", r.Cause.String(), "released_by", r.ReleasedBy, "status", r.Status,
		"duration", r.Duration().Round(time.Millisecond), "note", r.Note)
}

// failed writes down why a call did not come about. A caller who hung up first was not refused.
func (x *exchange) failed(r *cdr.Record, err error, gone bool) {
	if gone {
		r.ReleasedBy, r.Cause = cdr.Caller, call.NormalClearing
		return
	}
	refusal := x.refusal(err)
	r.Status, r.Cause, r.Note = refusal.Code, refusal.Cause, err.Error()
	if r.ReleasedBy != "" {
		return
	}
	r.ReleasedBy = cdr.Gateway
	var s *sipua.StatusError
	if errors.As(err, &s) && !s.Local && !ours(s) {
		r.ReleasedBy = cdr.Called
	}
}

// ours says whether a refusal is one of the gateway's own.
func ours(s *sipua.StatusError) bool {
	return s == errDraining || s == errFull || s == errTooMany || s == errNoRecord
}

// joined is what happens when somebody answered: the two talk until one hangs up.
func (x *exchange) joined(ctx context.Context, out *sipua.Leg) error {
	x.mu.Lock()
	x.out = out
	x.mu.Unlock()
	x.answered(ctx)
	limits := b2bua.Limits{Duration: x.g.cfg.Limits.Duration, Silence: x.g.cfg.Limits.Silence, Lost: x.g.lost}
	released, err := b2bua.Join(ctx, x.in, out, limits)
	x.note(func(r *cdr.Record) { r.ReleasedBy, r.Cause = parties[released.By], released.Cause })
	return err
}

// lost says that the connection to a leg's node is gone. A telephone call shall not outlive its caller's machine for long.
func (g *Gateway) lost(leg *sipua.Leg) bool {
	node := leg.Info().Node
	return node != "" && !g.overlayUA.Reach(node)
}

var parties = map[b2bua.Side]cdr.Party{b2bua.Caller: cdr.Caller, b2bua.Called: cdr.Called, b2bua.Middle: cdr.Gateway}

// rang notes the first ringing.
func (x *exchange) rang() {
	x.note(func(r *cdr.Record) {
		if r.RingingAt.IsZero() {
			r.RingingAt = time.Now()
		}
	})
}

func (x *exchange) status() CallStatus {
	r := x.snapshot()
	return CallStatus{ID: r.ID.String(), Direction: r.Direction, Caller: r.Caller, Called: r.Called, Target: r.Target,
		Trunk: r.Trunk, StartedAt: r.StartedAt, Answered: !r.AnsweredAt.IsZero()}
}

// heard is the quality of what a leg received.
func heard(leg *sipua.Leg) cdr.Media {
	if leg == nil {
		return cdr.Media{}
	}
	s, ok := leg.Media().(*media.Session)
	if !ok {
		return cdr.Media{}
	}
	st := s.Stats()
	return cdr.Media{Codec: st.Codec, SRTP: st.Secure, Sent: st.Sent, Received: st.Received, Lost: st.Lost, Jitter: st.Jitter,
		RoundTrip: st.RoundTrip, RemoteLoss: st.RemoteLost, RemoteJitter: st.RemoteJitter, MOS: st.MOS}
}
