package sipua

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// Invite calls. It returns as soon as the INVITE is on its way; Leg.Progress and Leg.WaitAnswer tell the rest. ctx
// bounds only the way there (name, connection). End a call that is not wanted any more with Leg.Hangup.
func (u *UA) Invite(ctx context.Context, c InviteConfig) (*Leg, error) {
	if c.Media == nil {
		return nil, errors.New("invite: no media")
	}
	p, err := u.open(ctx, c.Hop)
	if err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	req, dlg, err := u.newInvite(c, p)
	if err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	sdp, err := c.Media.Offer()
	if err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	setBody(req, sdp)
	l := u.newLeg(calling, c.Info)
	l.dlg, l.media = dlg, c.Media
	l.key = dialogKey{dlg.callID, dlg.localTag}
	if p.stream != nil {
		l.info.Node = p.stream.peer.Node
	}
	if err := u.register(l, false); err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	tx, err := u.request(ctx, req, p)
	if err != nil {
		u.forget(l)
		return nil, fmt.Errorf("invite: %w", err)
	}
	l.log.Debug("INVITE sent", "call_id", l.key.callID)
	u.wg.Go(func() {
		defer close(l.callDone)
		defer u.guard("call")
		l.run(tx, req)
	})
	return l, nil
}

// run follows the INVITE to its end, through challenges.
func (l *Leg) run(tx *sip.ClientTx, req *sip.Request) {
	for {
		l.watchForks(tx)
		res, err := l.await(tx, req)
		switch {
		case err != nil:
			l.failed(err)
			return
		case res.IsSuccess():
			l.succeeded(res)
			return
		case !l.wanted() || !l.dlg.auth.answer(req, res):
			l.failed(statusError(res))
			return
		}
		if tx, req, err = l.again(req); err != nil {
			l.failed(&StatusError{Code: 503, Local: true, Cause: call.NetworkOutOfOrder})
			return
		}
	}
}

func (l *Leg) wanted() bool {
	select {
	case <-l.cancelWish:
		return false
	default:
		return true
	}
}

// again sends the INVITE anew with the credentials that answer put into it (§22.2): same Call-ID and From tag, the
// next sequence number, a new branch.
func (l *Leg) again(req *sip.Request) (*sip.ClientTx, *sip.Request, error) {
	l.mu.Lock()
	l.dlg.seq++
	p, seq := l.dlg.path, l.dlg.seq
	next := renew(req, seq, newVia(p.transport, l.dlg.viaHost, l.dlg.viaPort))
	l.dlg.auth.copyTo(next)
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(l.ua.ctx, handshakeWait)
	defer cancel()
	tx, err := l.ua.request(ctx, next, p)
	return tx, next, err
}

// await follows one INVITE transaction to its final response.
func (l *Leg) await(tx *sip.ClientTx, req *sip.Request) (*sip.Response, error) {
	silence := time.NewTimer(l.ua.cfg.NoAnswerYet)
	defer silence.Stop()
	wish, heard, cancelled := l.cancelWish, false, false
	var giveUp <-chan time.Time
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			heard = true // what it says was taken in arrive
			silence.Stop()
		case <-tx.Done():
			return nil, transactionError(tx.Err())
		case <-wish:
			wish = nil
		case <-silence.C:
			tx.Terminate()
			return nil, &StatusError{Code: 408, Local: true, Cause: call.NoUserResponse}
		case <-giveUp:
			tx.Terminate()
			return nil, &StatusError{Code: 408, Local: true, Cause: call.RecoveryTimerExpiry}
		case <-l.ua.ctx.Done():
			tx.Terminate()
			return nil, &StatusError{Code: 503, Local: true}
		}
		if wish == nil && heard && !cancelled { // no CANCEL before a provisional response (§9.1)
			cancelled = true
			l.sendCancel(req)
			giveUp = time.After(64 * l.ua.cfg.T1)
		}
	}
}

func transactionError(err error) *StatusError {
	if errors.Is(err, sip.ErrTransactionTimeout) {
		return &StatusError{Code: 408, Local: true, Cause: call.NoUserResponse}
	}
	return &StatusError{Code: 503, Local: true, Cause: call.NetworkOutOfOrder}
}

// heard takes a provisional response: an early dialog, perhaps early media.
func (l *Leg) heard(res *sip.Response) {
	if res.StatusCode == 100 || l.currentPhase() != calling {
		return
	}
	early := false
	if sdp, ok := sdpOf(res); ok && sdp != nil {
		err := l.Media().SetAnswer(sdp)
		if early = err == nil; !early {
			l.log.Info("early media not usable", "call_id", l.key.callID, "err", err)
		}
	}
	l.mu.Lock()
	if l.phase == calling {
		l.dlg.answered(res)
	}
	l.mu.Unlock()
	p := Progress{Status: res.StatusCode, EarlyMedia: early}
	for {
		select {
		case l.progress <- p:
			return
		default:
		}
		select {
		case <-l.progress:
		default:
		}
	}
}

// succeeded takes the first 2xx: ACK, and BYE if nobody wants the call any more or its session is not possible.
func (l *Leg) succeeded(res *sip.Response) {
	l.mu.Lock()
	wanted := l.phase == calling
	l.dlg.answered(res)
	l.dlg.auth.done()
	l.mu.Unlock()
	var mediaErr error
	if wanted {
		mediaErr = l.takeAnswer(res)
	}
	l.sendAck(res)
	if !wanted { // the 200 crossed our CANCEL
		l.hangUp(l.releaseCause())
		return
	}
	l.mu.Lock()
	wanted = l.phase == calling
	if wanted {
		l.phase = connected
		l.answeredAt = time.Now()
	}
	l.mu.Unlock()
	switch {
	case !wanted:
		l.hangUp(l.releaseCause())
	case mediaErr != nil:
		l.log.Info("answer not usable", "call_id", l.key.callID, "err", mediaErr)
		l.setFailure(&StatusError{Code: 488, Local: true, Cause: call.Incompatible})
		l.Hangup(call.Incompatible)
	default:
		l.startRefreshing(res)
		close(l.connect)
	}
}

var errNoAnswer = errors.New("2xx without session description")

func (l *Leg) takeAnswer(res *sip.Response) error {
	sdp, ok := sdpOf(res)
	switch {
	case !ok:
		return errors.New("2xx with a body that is not SDP")
	case sdp != nil:
		return l.Media().SetAnswer(sdp)
	}
	if n, ok := l.Media().(interface{ Negotiated() bool }); ok && n.Negotiated() {
		return nil // the answer came with the 183
	}
	return errNoAnswer
}

func (l *Leg) releaseCause() call.Cause {
	var c call.Cause
	if !errors.As(l.cause(), &c) {
		c = call.NormalClearing
	}
	return c
}

func (l *Leg) setFailure(e *StatusError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil {
		l.failure = e
	}
}

func (l *Leg) failed(err error) {
	var e *StatusError
	if !errors.As(err, &e) {
		e = &StatusError{Code: 500, Local: true}
	}
	if l.currentPhase() == calling {
		l.setFailure(e)
	}
	var c call.Cause
	_ = errors.As(e, &c)
	l.end(c, ending{})
}

// statusError reads a final response that is not 2xx.
func statusError(res *sip.Response) *StatusError {
	e := &StatusError{Code: res.StatusCode, Reason: clean(res.Reason), Cause: reasonOf(res)}
	if h := res.GetHeader("Retry-After"); h != nil {
		e.RetryAfter = seconds(h.Value())
	}
	if c := res.Contact(); c != nil && res.StatusCode < 400 {
		e.Contact = c.Address.String()
	}
	return e
}

// seconds reads delta-seconds, ignoring what follows (§20.33).
func seconds(s string) time.Duration {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	v, err := strconv.Atoi(s[:n])
	if err != nil || v > 1<<30 {
		return 0
	}
	return time.Duration(v) * time.Second
}

// sendCancel cancels our INVITE: same Request-URI, Via, Route and way (§9.1). Its answer does not matter.
func (l *Leg) sendCancel(invite *sip.Request) {
	l.mu.Lock()
	p := l.dlg.path
	l.mu.Unlock()
	r := cancelFor(invite)
	if c := l.releaseCause(); c != call.NormalClearing {
		r.AppendHeader(reasonHeader(c))
	}
	tx, err := l.ua.request(l.ua.ctx, r, p)
	if err != nil {
		l.log.Info("CANCEL not sent", "call_id", l.key.callID, "err", err)
		return
	}
	l.ua.wg.Go(func() { _, _ = l.ua.final(l.ua.ctx, tx) })
}

func cancelFor(invite *sip.Request) *sip.Request {
	r := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	r.AppendHeader(invite.Via().Clone())
	sip.CopyHeaders("Route", invite, r)
	max := sip.MaxForwardsHeader(70)
	r.AppendHeader(&max)
	for _, name := range []string{"From", "To", "Call-ID"} {
		sip.CopyHeaders(name, invite, r)
	}
	r.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	r.SetBody(nil)
	return r
}

// watchForks sees every 2xx after the first: the same again wants its ACK again, another dialog is ended (§13.2.2.4).
func (l *Leg) watchForks(tx *sip.ClientTx) {
	tx.OnRetransmission(func(res *sip.Response) {
		if res.IsSuccess() {
			l.ua.wg.Go(func() { l.late2xx(res) })
		}
	})
}

func (l *Leg) late2xx(res *sip.Response) {
	defer l.ua.guard("2xx")
	tag, _ := toTag(res)
	l.mu.Lock()
	ours := l.dlg.remoteTag == tag && l.answeredAt != (time.Time{})
	fork := l.dlg
	l.mu.Unlock()
	if ours {
		l.sendAck(res)
		return
	}
	fork.answered(res)
	l.ua.write(fork.ack(res.CSeq().SeqNo), fork.path)
	l.ua.sendBye(&fork, call.NormalClearing)
}

// sendAck acknowledges a 2xx to an INVITE of ours.
func (l *Leg) sendAck(res *sip.Response) {
	l.mu.Lock()
	ack, p := l.dlg.ack(res.CSeq().SeqNo), l.dlg.path
	l.mu.Unlock()
	l.ua.write(ack, p)
}

// Progress gives the provisional responses to our INVITE in order; the oldest is dropped when nobody reads. It is
// never closed.
func (l *Leg) Progress() <-chan Progress { return l.progress }

// WaitAnswer returns nil once the call is connected and acknowledged; or why it will not be: a *StatusError when
// the far side said so, else a call.Cause; errors.As finds a call.Cause in either. It may be called repeatedly.
// When ctx ends first its cause is returned and the leg goes on: Hangup cancels it.
func (l *Leg) WaitAnswer(ctx context.Context) error {
	select {
	case <-l.connect:
		return nil
	case <-l.ctx.Done():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure != nil {
		return l.failure
	}
	return l.cause()
}
