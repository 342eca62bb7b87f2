package sipua

import (
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// authentic says whether a request proves its sender; if not it has been answered with a challenge (401 or 407).
func (r *Registrar) authentic(u *UA, req *sip.Request, tx *sip.ServerTx, status int) bool {
	if r.guard == nil {
		return true
	}
	credentials, challenge := "Authorization", "WWW-Authenticate"
	if status == 407 {
		credentials, challenge = "Proxy-Authorization", "Proxy-Authenticate"
	}
	user, ok, stale := r.guard.check(req, credentials)
	if ok && (req.Method != sip.REGISTER || user == unescape(req.To().Address.User)) {
		return true
	}
	res := respond(req, status)
	r.guard.challenge(req, res, challenge, stale)
	_ = tx.Respond(res)
	return false
}

// registered takes a REGISTER (RFC 3261 §10.3).
func (u *UA) registered(req *sip.Request, tx *sip.ServerTx) {
	r := u.cfg.Registrar
	if !u.allowedToRegister(req, tx) || !r.authentic(u, req, tx, 401) {
		return
	}
	changes, removeAll, refusal := r.changes(req)
	if refusal != 0 {
		res := respond(req, refusal)
		if refusal == 423 {
			res.AppendHeader(sip.NewHeader("Min-Expires", strconv.Itoa(int(r.cfg.MinExpires.Seconds()))))
		}
		_ = tx.Respond(res)
		return
	}
	user := unescape(req.To().Address.User)
	bindings, ok := r.apply(user, req.CallID().Value(), req.CSeq().SeqNo, changes, removeAll)
	if !ok {
		_ = tx.Respond(respond(req, 500))
		return
	}
	res := respond(req, 200)
	for _, b := range bindings {
		left := max(int(time.Until(b.Expires).Round(time.Second).Seconds()), 1)
		res.AppendHeader(sip.NewHeader("Contact", "<"+b.URI+">;expires="+strconv.Itoa(left)))
	}
	res.AppendHeader(sip.NewHeader("Date", time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")))
	_ = tx.Respond(res)
}

func (u *UA) allowedToRegister(req *sip.Request, tx *sip.ServerTx) bool {
	if req.To().Address.User == "" {
		_ = tx.Respond(respond(req, 404))
		return false
	}
	return true
}

// changes reads what a REGISTER asks for; a status refuses it.
func (r *Registrar) changes(req *sip.Request) (changes []change, removeAll bool, status int) {
	common, commonOK := 3600*time.Second, false
	if h := req.GetHeader("Expires"); h != nil {
		common, commonOK = seconds(h.Value()), true
	}
	agent := ""
	if h := req.GetHeader("User-Agent"); h != nil {
		agent = clean(h.Value())
	}
	for _, h := range req.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			return nil, false, 400
		}
		if c.Address.Wildcard {
			removeAll = true
			continue
		}
		lifetime := common
		if v, ok := c.Params.Get("expires"); ok {
			lifetime = seconds(v)
		}
		if lifetime > 0 && lifetime < r.cfg.MinExpires {
			return nil, false, 423
		}
		uri := c.Address.Clone()
		uri.Headers = nil
		if _, err := parseURI(uri.String()); err != nil {
			return nil, false, 400
		}
		changes = append(changes, change{lifetime: min(lifetime, r.cfg.MaxExpires), Binding: Binding{
			User: unescape(req.To().Address.User), URI: uri.String(), Hop: hopOf(req), Agent: agent,
		}})
	}
	if removeAll && (len(changes) > 0 || !commonOK || common != 0) {
		return nil, false, 400
	}
	return changes, removeAll, 0
}

// hopOf is the way back to where a request came from: its source, not what it says.
func hopOf(req *sip.Request) Hop {
	host, port, _ := sip.ParseAddr(req.Source())
	return Hop{Transport: Transport(req.Transport()), Host: host, Port: port}
}
