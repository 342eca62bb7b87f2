package sipua

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

var errOutgoing = errors.New("sipua: the leg is an outgoing one")

// Ring sends 180. After EarlyMedia it is sent without a session description, as before.
func (l *Leg) Ring(ctx context.Context) error {
	if !l.incoming {
		return errOutgoing
	}
	return l.provisional(180, nil)
}

// EarlyMedia sends 183 with our answer: what is played before Answer is heard by the caller. An INVITE without an
// offer cannot have early media (it would take 100rel): the call rings instead.
func (l *Leg) EarlyMedia(ctx context.Context) error {
	if !l.incoming {
		return errOutgoing
	}
	offer, _ := sdpOf(l.invite)
	if offer == nil {
		return l.provisional(180, nil)
	}
	l.responding.Lock()
	sdp, err := l.describe(offer)
	l.responding.Unlock()
	if err != nil {
		return l.unacceptable(err)
	}
	return l.provisional(183, sdp)
}

func (l *Leg) provisional(status int, sdp []byte) error {
	l.responding.Lock()
	defer l.responding.Unlock()
	switch l.currentPhase() {
	case connected:
		return nil
	case over:
		return l.cause()
	}
	res := l.response(status, sdp)
	l.lastRing = res
	return l.serverTx.Respond(res)
}

// ringAgain repeats the latest provisional response, lest a proxy on the way gives the call up (RFC 3261 §13.3.1.1).
func (l *Leg) ringAgain() {
	l.responding.Lock()
	defer l.responding.Unlock()
	if l.lastRing != nil && l.currentPhase() == invited {
		_ = l.serverTx.Respond(l.lastRing)
	}
}

// describe makes our side of the session: the answer to an offer, or an offer if there was none.
func (l *Leg) describe(offer []byte) ([]byte, error) {
	m := l.Media()
	switch {
	case m == nil:
		return nil, errNoMedia
	case offer == nil:
		return m.Offer()
	}
	return m.Answer(offer)
}

func (l *Leg) unacceptable(err error) error {
	l.log.Info("no acceptable media", "call_id", l.key.callID, "err", err)
	l.Refuse(&StatusError{Code: 488, Cause: call.Incompatible})
	return call.Incompatible
}

// Answer sends 200 and returns when the ACK has come. Without an acceptable stream it refuses the call with 488
// and returns call.Incompatible.
func (l *Leg) Answer(ctx context.Context) error {
	if !l.incoming {
		return errOutgoing
	}
	l.responding.Lock()
	ack, late, err := l.accept()
	l.responding.Unlock()
	if err != nil || ack == nil {
		return err
	}
	if err := l.untilAcked(ctx, ack); err != nil {
		return err
	}
	if late {
		return l.lateAnswer(ack.sdp)
	}
	return nil
}

// untilAcked waits for the ACK. A call that was connected and ended at once was connected.
func (l *Leg) untilAcked(ctx context.Context, a *ackWait) error {
	select {
	case <-a.done:
	case <-l.ctx.Done():
	case <-ctx.Done():
	}
	select {
	case <-a.done:
		return nil
	default:
	}
	if l.ctx.Err() != nil {
		return l.cause()
	}
	return context.Cause(ctx)
}

// accept sends the 200. A nil ackWait without error: it was sent before.
func (l *Leg) accept() (ack *ackWait, late bool, err error) {
	switch l.currentPhase() {
	case connected:
		return nil, false, nil
	case over:
		return nil, false, l.cause()
	}
	offer, _ := sdpOf(l.invite)
	sdp, err := l.describe(offer)
	if err != nil {
		return nil, false, l.unacceptable(err)
	}
	l.mu.Lock()
	if l.phase != invited {
		l.mu.Unlock()
		return nil, false, l.cause()
	}
	l.phase = connected
	l.answeredAt = time.Now()
	l.mu.Unlock()
	l.settled()
	close(l.connect)
	res := l.response(200, sdp)
	ack = l.expectAck(l.invite.CSeq().SeqNo)
	if err := l.serverTx.Respond(res); err != nil {
		l.log.Info("answer not sent", "err", err)
	}
	l.ua.wg.Go(func() { l.repeat(l.serverTx, res, ack) })
	return ack, offer == nil, nil
}

// lateAnswer takes the answer that came in the ACK (RFC 3261 §13.2.1). Without one there is no session.
func (l *Leg) lateAnswer(sdp []byte) error {
	if err := l.Media().SetAnswer(sdp); err != nil {
		l.log.Info("no usable answer in the ACK", "call_id", l.key.callID, "err", err)
		l.Hangup(call.Incompatible)
		return call.Incompatible
	}
	return nil
}

// refuse answers the INVITE with what the cause stands for.
func (l *Leg) refuse(c call.Cause, e *StatusError) {
	l.settled()
	if e == nil {
		e = &StatusError{Code: StatusOf(c), Cause: c}
	}
	l.responding.Lock()
	defer l.responding.Unlock()
	res := l.response(e.Code, nil)
	res.Reason = clean(e.phrase())
	if c != 0 && e.Code != 487 {
		res.AppendHeader(reasonHeader(c))
	}
	if e.RetryAfter > 0 {
		res.AppendHeader(sip.NewHeader("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds()))))
	}
	if e.Contact != "" && e.Code < 400 {
		res.RemoveHeader("Contact")
		res.AppendHeader(sip.NewHeader("Contact", "<"+clean(e.Contact)+">"))
	}
	if err := l.serverTx.Respond(res); err != nil {
		l.log.Debug("refusal not sent", "err", err)
	}
}

// response makes a response to the INVITE.
func (l *Leg) response(status int, sdp []byte) *sip.Response {
	l.mu.Lock()
	contact := l.dlg.contact
	l.mu.Unlock()
	res := respond(l.invite, status)
	if status < 400 {
		res.AppendHeader(&sip.ContactHeader{Address: *contact.Clone()})
	}
	if status == 200 {
		grantTimer(l.invite, res)
		res.AppendHeader(allowHeader())
		res.AppendHeader(sip.NewHeader("Supported", supported))
	}
	setBody(res, sdp)
	return res
}

// cancelled ends the leg because its CANCEL came; sipgo, or the caller, has sent 487.
func (l *Leg) cancelled(c call.Cause) {
	if l.currentPhase() == invited {
		l.settled()
	}
	l.end(c, ending{})
}

// cancelCause is why the caller gives up.
func cancelCause(req *sip.Request) call.Cause {
	if c := reasonOf(req); c != 0 {
		return c
	}
	return call.NormalClearing
}

// watch keeps an incoming leg ringing until it is answered, and ends it when its transaction dies: the connection is
// lost.
func (l *Leg) watch() {
	minute := time.NewTicker(120 * l.ua.cfg.T1)
	defer minute.Stop()
	for {
		select {
		case <-minute.C:
			l.ringAgain()
		case <-l.serverTx.Done():
			if l.currentPhase() == invited {
				l.settled()
				l.end(call.NetworkOutOfOrder, ending{})
			}
			return
		case <-l.connect:
			return
		case <-l.ctx.Done():
			return
		}
	}
}
