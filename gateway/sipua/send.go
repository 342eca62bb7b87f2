package sipua

import (
	"context"
	"fmt"
	"net"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// request starts a client transaction along a path. Nothing in the message decides where it goes.
func (u *UA) request(ctx context.Context, r *sip.Request, p path) (*sip.ClientTx, error) {
	u.aim(r, p)
	if p.stream != nil && !p.stream.alive() {
		return nil, fmt.Errorf("send %s: connection is lost", r.Method)
	}
	tx, err := u.transactions.Request(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", r.Method, err)
	}
	return tx, nil
}

// write sends an ACK, which has no transaction.
func (u *UA) write(r *sip.Request, p path) {
	u.aim(r, p)
	if err := u.transport.WriteMsg(r); err != nil {
		u.log.Info("ACK not sent", "call_id", r.CallID().Value(), "err", err)
	}
}

func (u *UA) aim(r *sip.Request, p path) {
	r.SetTransport(string(p.transport))
	r.SetDestination(p.addr)
	if p.transport == UDP {
		a := u.udp.LocalAddr().(*net.UDPAddr)
		r.Laddr = sip.Addr{IP: a.IP, Port: a.Port}
	}
}

// final waits for the final response of a transaction.
func (u *UA) final(ctx context.Context, tx *sip.ClientTx) (*sip.Response, error) {
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, transactionError(tx.Err())
		case <-ctx.Done():
			tx.Terminate()
			return nil, context.Cause(ctx)
		}
	}
}

// do sends a request within a dialog, other than INVITE, and gives its final response. A challenge is answered with
// the dialog's credentials; watch, if not nil, sees each transaction. The dialog is not locked: d is the caller's own, or a copy.
func (u *UA) do(ctx context.Context, d *dialog, r *sip.Request, watch func(*sip.ClientTx)) (*sip.Response, error) {
	for again := false; ; {
		p, err := u.reopen(ctx, d.path)
		if err != nil {
			return nil, err
		}
		res, err := u.once(ctx, r, p, watch)
		switch {
		case err != nil && p.stream != nil && !p.stream.alive() && d.path.hop != (Hop{}) && !again:
			again = true // the connection went down under it; there may be another
		case err != nil || !d.auth.answer(r, res):
			return res, err
		}
		d.seq++
		r = renew(r, d.seq, newVia(p.transport, d.viaHost, d.viaPort))
		d.auth.copyTo(r)
	}
}

func (u *UA) once(ctx context.Context, r *sip.Request, p path, watch func(*sip.ClientTx)) (*sip.Response, error) {
	tx, err := u.request(ctx, r, p)
	if err != nil {
		return nil, err
	}
	if watch != nil {
		watch(tx)
	}
	return u.final(ctx, tx)
}

// reopen gives the path again, over a new connection if the old one is lost and we know how to get there.
func (u *UA) reopen(ctx context.Context, p path) (path, error) {
	if p.stream == nil || p.stream.alive() || p.hop == (Hop{}) {
		return p, nil
	}
	return u.open(ctx, p.hop)
}

// sendBye ends a dialog and waits until the far side knows, or cannot be told.
func (u *UA) sendBye(d *dialog, c call.Cause) {
	ctx, cancel := context.WithTimeout(u.ctx, 64*u.cfg.T1)
	defer cancel()
	if _, err := u.do(ctx, d, d.bye(c), nil); err != nil {
		u.log.Info("BYE not answered", "call_id", d.callID, "err", err)
	}
}

// hangUp sends BYE once every 2xx of ours has its ACK.
func (l *Leg) hangUp(c call.Cause) {
	l.allAcked()
	l.mu.Lock()
	d := l.dlg
	l.mu.Unlock()
	l.ua.sendBye(&d, c)
}

// renew copies a request into a new transaction.
func renew(r *sip.Request, seq uint32, via *sip.ViaHeader) *sip.Request {
	next := sip.NewRequest(r.Method, *r.Recipient.Clone())
	next.AppendHeader(via)
	for _, h := range r.CloneHeaders() {
		switch h.Name() {
		case "Via", "CSeq", "Authorization", "Proxy-Authorization", "Content-Length":
		default:
			next.AppendHeader(h)
		}
	}
	next.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: r.Method})
	next.SetBody(r.Body())
	return next
}
