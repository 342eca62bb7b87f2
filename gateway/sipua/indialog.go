package sipua

import (
	"context"
	"crypto/rand"
	"math/big"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

const retryAfter = 5 * time.Second

// arrived sees each in-dialog request in order, in the reader of the connection: what order decides happens here.
// The response is given later by the request's own transaction, if it has one.
func (l *Leg) arrived(req *sip.Request) {
	seq := req.CSeq().SeqNo
	if req.Method == sip.ACK {
		sdp, _ := sdpOf(req)
		l.acked(seq, sdp)
		return
	}
	l.mu.Lock()
	fresh := seq > l.remoteSeq
	if fresh {
		l.remoteSeq = seq
		if len(l.fresh) > 100 { // far more than one dialog has open
			clear(l.fresh)
		}
		l.fresh[seq] = true
	}
	l.mu.Unlock()
	switch {
	case req.Method == sip.BYE:
		l.acked(0, nil) // it proves that our 2xx came (RFC 3261 §15.1.2)
	case req.Method == sip.INFO && fresh:
		l.takeInfo(req)
	}
}

// takeFresh says whether a request arrived in order, once.
func (l *Leg) takeFresh(req *sip.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := req.CSeq().SeqNo
	ok := l.fresh[seq]
	delete(l.fresh, seq)
	return ok
}

// handleInDialog answers a request that carries a To tag.
func (u *UA) handleInDialog(req *sip.Request, tx *sip.ServerTx) {
	l := u.findLeg(req)
	if l == nil {
		u.handleStranger(req, tx)
		return
	}
	switch {
	case req.Method == sip.BYE:
		l.peerHungUp(req, tx)
	case !l.takeFresh(req):
		_ = tx.Respond(respond(req, 500)) // out of order (§12.2.2)
	case req.Method == sip.INVITE, req.Method == sip.UPDATE:
		l.reoffered(req, tx)
	case req.Method == sip.INFO:
		_ = tx.Respond(respond(req, infoStatus(req)))
	case req.Method == sip.OPTIONS:
		_ = tx.Respond(u.capabilities(req))
	default:
		u.unknown(req, tx)
	}
}

// handleStranger answers a request for a dialog that is over or never was. A BYE that crossed ours is well.
func (u *UA) handleStranger(req *sip.Request, tx *sip.ServerTx) {
	tag, _ := toTag(req)
	status := 481
	if l, ok := u.seen.ended.get(dialogKey{req.CallID().Value(), tag}); ok && req.Method == sip.BYE && l.belongs(req) {
		status = 200
	}
	_ = tx.Respond(respond(req, status))
}

// peerHungUp takes a BYE.
func (l *Leg) peerHungUp(req *sip.Request, tx *sip.ServerTx) {
	l.settle2xx()
	_ = tx.Respond(respond(req, 200))
	c := reasonOf(req)
	if c == 0 {
		c = call.NormalClearing
	}
	if l.currentPhase() == invited { // the caller may end an early dialog so (§15)
		l.end(c, ending{say: true, status: &StatusError{Code: 487}})
		return
	}
	l.end(c, ending{})
}

// settle2xx waits a moment for the 2xx to our INVITE: it came before this request, through another goroutine.
func (l *Leg) settle2xx() {
	if l.currentPhase() != calling {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	select {
	case <-l.connect:
	case <-ctx.Done():
	}
}

// reoffered takes a re-INVITE or an UPDATE: hold, another address, a session refresh.
func (l *Leg) reoffered(req *sip.Request, tx *sip.ServerTx) {
	l.settle2xx()
	if l.currentPhase() == invited && req.IsInvite() {
		l.retryLater(req, tx) // one INVITE at a time (§14.2)
		return
	}
	if l.ua.timerTooShort(req) {
		l.ua.refuse(req, tx, &StatusError{Code: 422})
		return
	}
	if !l.offering.TryLock() {
		_ = tx.Respond(respond(req, 491))
		return
	}
	defer l.offering.Unlock()
	offer, ok := sdpOf(req)
	if !ok {
		l.ua.refuse(req, tx, &StatusError{Code: 415})
		return
	}
	var sdp []byte
	if offer != nil || req.IsInvite() {
		var err error
		if sdp, err = l.describe(offer); err != nil {
			l.log.Info("new offer not acceptable", "call_id", l.key.callID, "err", err)
			_ = tx.Respond(respond(req, 488))
			return
		}
	}
	l.agree(req, tx, offer, sdp)
}

// agree sends the 200 to a target refresh request; for an INVITE it waits for the ACK.
func (l *Leg) agree(req *sip.Request, tx *sip.ServerTx, offer, sdp []byte) {
	l.mu.Lock()
	if l.phase == over {
		l.mu.Unlock()
		_ = tx.Respond(respond(req, 481))
		return
	}
	l.dlg.refresh(req)
	contact := l.dlg.contact
	l.mu.Unlock()
	res := respond(req, 200)
	res.AppendHeader(&sip.ContactHeader{Address: *contact.Clone()})
	grantTimer(req, res)
	res.AppendHeader(allowHeader())
	setBody(res, sdp)
	if !req.IsInvite() {
		_ = tx.Respond(res)
		return
	}
	ack := l.expectAck(req.CSeq().SeqNo)
	_ = tx.Respond(res)
	l.ua.wg.Go(func() { l.repeat(tx, res, ack) })
	if offer != nil {
		return
	}
	select { // our offer is open until the ACK answers it
	case <-ack.done:
		if ack.sdp != nil {
			_ = l.lateAnswer(ack.sdp)
		}
	case <-l.ctx.Done():
	}
}

func (l *Leg) retryLater(req *sip.Request, tx *sip.ServerTx) {
	res := respond(req, 500)
	res.AppendHeader(sip.NewHeader("Retry-After", strconv.FormatInt(randomN(11), 10)))
	_ = tx.Respond(res)
}

func randomN(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		return 0
	}
	return v.Int64()
}
