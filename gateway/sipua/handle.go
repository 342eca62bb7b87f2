package sipua

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

const (
	allow     = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"
	supported = "timer"
)

// known are methods that we recognize and do not offer: 405. Anything else is 501 (RFC 3261 §8.2.1).
var known = map[sip.RequestMethod]bool{
	sip.SUBSCRIBE: true, sip.NOTIFY: true, sip.REFER: true, sip.MESSAGE: true, sip.PRACK: true, sip.PUBLISH: true,
	sip.REGISTER: true,
}

// handle is called for each new server transaction, in a goroutine of its own and in no particular order.
func (u *UA) handle(req *sip.Request, tx *sip.ServerTx) {
	defer func() {
		if p := recover(); p != nil {
			u.log.Error("panic", "in", req.Method, "err", p)
			_ = tx.Respond(respond(req, 500))
		}
	}()
	if req.Method == sip.ACK {
		tx.Terminate() // dealt with in arrive; an ACK has no transaction
		return
	}
	if missing := unsupported(req); missing != "" && req.Method != sip.CANCEL {
		res := respond(req, 420)
		res.AppendHeader(sip.NewHeader("Unsupported", missing))
		_ = tx.Respond(res)
		return
	}
	if u.initial(req) {
		u.handleInitial(req, tx)
		return
	}
	u.handleInDialog(req, tx)
}

func (u *UA) handleInitial(req *sip.Request, tx *sip.ServerTx) {
	switch req.Method {
	case sip.INVITE:
		u.invited(req, tx)
	case sip.CANCEL:
		u.cancelled(req, tx)
	case sip.OPTIONS:
		_ = tx.Respond(u.capabilities(req))
	case sip.BYE, sip.INFO, sip.UPDATE:
		_ = tx.Respond(respond(req, 481))
	case sip.REGISTER:
		if u.cfg.Registrar != nil {
			u.registered(req, tx)
			return
		}
		fallthrough
	default:
		u.unknown(req, tx)
	}
}

func (u *UA) unknown(req *sip.Request, tx *sip.ServerTx) {
	status := 501
	if known[req.Method] {
		status = 405
	}
	res := respond(req, status)
	res.AppendHeader(u.allowHeader())
	_ = tx.Respond(res)
}

// cancelled answers a CANCEL whose INVITE sipgo did not find. If we have seen the INVITE, it is on its way through
// another goroutine, which will find the CANCEL remembered. If not, it may still come: datagrams overtake each other.
func (u *UA) cancelled(req *sip.Request, tx *sip.ServerTx) {
	tick := time.NewTicker(u.cfg.T1 / 20)
	defer tick.Stop()
	status := 481
	for range 10 {
		if _, ok := u.seen.invites.get(txKey(req)); ok {
			status = 200
			break
		}
		<-tick.C
	}
	_ = tx.Respond(respond(req, status))
}

// invited takes an INVITE outside of any dialog.
func (u *UA) invited(req *sip.Request, tx *sip.ServerTx) {
	src := u.sourceOf(req)
	adm, refusal := u.admit(req, src)
	if refusal != nil {
		u.refuse(req, tx, refusal)
		return
	}
	if u.cfg.Registrar != nil && !u.cfg.Registrar.authentic(u, req, tx, 407) {
		return
	}
	l, err := u.newIncoming(req, tx, src, adm)
	if err != nil {
		u.refuse(req, tx, &StatusError{Code: 400})
		return
	}
	if err := u.register(l, true); err != nil {
		u.refuse(req, tx, overload())
		return
	}
	if !u.stillWanted(l, req, tx) {
		return
	}
	u.wg.Go(l.watch)
	u.wg.Go(func() { u.serve(l) })
}

// admit is what can be said of an INVITE before there is a leg; a StatusError refuses it.
func (u *UA) admit(req *sip.Request, src Source) (Admission, *StatusError) {
	if m := req.MaxForwards(); m != nil && m.Val() == 0 {
		return Admission{}, &StatusError{Code: 483}
	}
	if first, again := u.seen.merged.get(mergeKey(req)); again && first != txKey(req) {
		return Admission{}, &StatusError{Code: 482}
	}
	u.seen.merged.put(mergeKey(req), txKey(req))
	if _, ok := sdpOf(req); !ok {
		return Admission{}, &StatusError{Code: 415}
	}
	if fromTag(req) == "" {
		return Admission{}, &StatusError{Code: 400}
	}
	if u.cfg.OnInvite == nil {
		return Admission{}, &StatusError{Code: 501}
	}
	if u.timerTooShort(req) {
		return Admission{}, &StatusError{Code: 422}
	}
	if u.cfg.Admit == nil {
		return Admission{}, nil
	}
	a, ok := u.cfg.Admit(src)
	if !ok {
		u.log.Info("INVITE refused: no trunk for its source", "source", src.Addr)
		return a, &StatusError{Code: 403}
	}
	return a, nil
}

func overload() *StatusError { return &StatusError{Code: 503, RetryAfter: retryAfter} }

func (u *UA) refuse(req *sip.Request, tx *sip.ServerTx, e *StatusError) {
	res := respond(req, e.Code)
	if e.RetryAfter > 0 {
		res.AppendHeader(sip.NewHeader("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds()))))
	}
	switch e.Code {
	case 415:
		res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	case 422:
		res.AppendHeader(sip.NewHeader("Min-SE", minSessionExpires))
	}
	_ = tx.Respond(res)
}

func (u *UA) sourceOf(req *sip.Request) Source {
	src := Source{Transport: Transport(req.Transport()), Request: unescape(req.Recipient.User)}
	src.Addr, _ = netip.ParseAddrPort(req.Source())
	src.Addr = netip.AddrPortFrom(src.Addr.Addr().Unmap(), src.Addr.Port())
	p := u.peerOf(req.Source())
	src.Node, src.User = p.Node, p.User
	return src
}

// newIncoming makes the leg of an INVITE.
func (u *UA) newIncoming(req *sip.Request, tx *sip.ServerTx, src Source, adm Admission) (*Leg, error) {
	l := u.newLeg(invited, callInfo(req, src, adm))
	l.info.Side = u.cfg.Side
	l.invite, l.serverTx, l.source = req, tx, src
	dlg, err := u.incomingDialog(req)
	if err != nil {
		return nil, err
	}
	l.dlg = dlg
	l.key = dialogKey{dlg.callID, dlg.localTag}
	l.remoteSeq = req.CSeq().SeqNo
	return l, nil
}

// incomingDialog is the dialog that our responses to an INVITE make (§12.1.1).
func (u *UA) incomingDialog(req *sip.Request) (dialog, error) {
	contact := req.Contact()
	if contact == nil || contact.Address.Wildcard || contact.Address.Host == "" {
		return dialog{}, errors.New("INVITE without Contact")
	}
	tag, _ := toTag(req)
	d := dialog{
		callID: req.CallID().Value(), localTag: tag, remoteTag: fromTag(req),
		local: *req.To().Address.Clone(), localName: req.To().DisplayName, remote: *req.From().Address.Clone(),
		target: *contact.Address.Clone(), seq: firstSeq(),
		path: path{transport: Transport(req.Transport()), addr: req.Source()},
		auth: newAuthenticator(Credentials{}),
	}
	for _, h := range req.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	if s := u.stream(d.path.transport, d.path.addr); s != nil {
		d.path.stream, d.path.hop.Node = s, s.peer.Node
	}
	d.viaHost, d.viaPort = u.sentBy(d.path)
	d.contact = u.contactURI(unescape(req.Recipient.User), d)
	return d, nil
}

// stillWanted arranges for CANCEL, before and after this moment.
func (u *UA) stillWanted(l *Leg, req *sip.Request, tx *sip.ServerTx) bool {
	open := tx.OnCancel(func(c *sip.Request) { go l.cancelled(cancelCause(c)) })
	c, cancelled := u.seen.cancels.get(txKey(req))
	if !open || cancelled {
		_ = tx.Respond(l.response(487, nil))
		if !cancelled {
			c = cancelCause(req)
		}
		l.cancelled(c)
		return false
	}
	_ = tx.Respond(respond(req, 100))
	return true
}

// serve runs the application's handler for an incoming call.
func (u *UA) serve(l *Leg) {
	defer l.Hangup(call.NormalUnspecified)
	defer u.guard("OnInvite")
	if u.cfg.NewMedia != nil {
		m, err := u.cfg.NewMedia(l)
		if err != nil {
			l.log.Error("no media for an incoming call", "err", err)
			l.Refuse(&StatusError{Code: 500, Cause: call.NoCircuit})
			return
		}
		l.SetMedia(m)
	}
	u.cfg.OnInvite(l.ctx, l)
}

// unsupported lists the extensions that a request requires and we lack (§8.2.2.3).
func unsupported(req *sip.Request) string {
	var missing []string
	for _, h := range req.GetHeaders("Require") {
		for tag := range strings.SplitSeq(h.Value(), ",") {
			tag = strings.TrimSpace(tag)
			if tag != "" && !slices.Contains([]string{supported}, strings.ToLower(tag)) {
				missing = append(missing, clean(tag))
			}
		}
	}
	return strings.Join(missing, ", ")
}

// capabilities answers OPTIONS (§11.2).
func (u *UA) capabilities(req *sip.Request) *sip.Response {
	status := 200
	u.mu.Lock()
	if u.draining {
		status = 503
	}
	u.mu.Unlock()
	res := respond(req, status)
	res.AppendHeader(u.allowHeader())
	res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	res.AppendHeader(sip.NewHeader("Supported", supported))
	return res
}

func (u *UA) allowHeader() sip.Header {
	if u.cfg.Registrar != nil {
		return sip.NewHeader("Allow", allow+", REGISTER")
	}
	return allowHeader()
}

func allowHeader() sip.Header { return sip.NewHeader("Allow", allow) }

// Options sends OPTIONS and returns the status that came back (RFC 3261 §11). Any status means that it is alive.
func (u *UA) Options(ctx context.Context, uri string, hop Hop) (int, error) {
	p, err := u.open(ctx, hop)
	if err != nil {
		return 0, err
	}
	d, err := u.newDialog(Address{URI: uri}, Address{URI: uri}, uri, p)
	if err != nil {
		return 0, err
	}
	r := d.request(sip.OPTIONS)
	r.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	tx, err := u.request(ctx, r, p)
	if err != nil {
		return 0, err
	}
	res, err := u.final(ctx, tx)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, nil
}
