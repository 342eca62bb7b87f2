package sipua

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// dialogKey finds a dialog by what we chose: our tag, and the Call-ID.
type dialogKey struct{ callID, tag string }

// dialog is the state that a request within a dialog is made of (RFC 3261 §12). A value: a fork is a copy.
type dialog struct {
	callID        string
	local, remote sip.Uri
	localName     string
	localTag      string
	remoteTag     string    // empty until the far side has one
	target        sip.Uri   // remote target
	routes        []sip.Uri // route set
	seq           uint32    // of our latest request
	path          path
	contact       sip.Uri
	viaHost       string
	viaPort       int
	auth          *authenticator
}

// request makes the next request within the dialog (§12.2.1.1).
func (d *dialog) request(m sip.RequestMethod) *sip.Request {
	d.seq++
	return d.build(m, d.seq)
}

// ack makes the ACK to a 2xx (§13.2.2.4): the INVITE's sequence number and credentials, its own branch.
func (d *dialog) ack(seq uint32) *sip.Request {
	r := d.build(sip.ACK, seq)
	d.auth.copyTo(r)
	return r
}

func (d *dialog) build(m sip.RequestMethod, seq uint32) *sip.Request {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !routes[0].UriParams.Has("lr") { // a strict router (§12.2.1.1)
		uri = routes[0]
		routes = append(slices.Clone(routes[1:]), d.target)
	}
	r := sip.NewRequest(m, *uri.Clone())
	r.AppendHeader(newVia(d.path.transport, d.viaHost, d.viaPort))
	for _, u := range routes {
		r.AppendHeader(&sip.RouteHeader{Address: *u.Clone()})
	}
	max := sip.MaxForwardsHeader(70)
	r.AppendHeader(&max)
	from := &sip.FromHeader{DisplayName: d.localName, Address: *d.local.Clone(), Params: sip.NewParams()}
	from.Params.Add("tag", d.localTag)
	to := &sip.ToHeader{Address: *d.remote.Clone(), Params: sip.NewParams()}
	if d.remoteTag != "" {
		to.Params.Add("tag", d.remoteTag)
	}
	id := sip.CallIDHeader(d.callID)
	r.AppendHeader(from)
	r.AppendHeader(to)
	r.AppendHeader(&id)
	r.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: m})
	if m != sip.BYE && m != sip.CANCEL {
		r.AppendHeader(&sip.ContactHeader{Address: *d.contact.Clone()})
	}
	r.SetBody(nil)
	return r
}

// bye makes a BYE that says why (RFC 3326).
func (d *dialog) bye(c call.Cause) *sip.Request {
	r := d.request(sip.BYE)
	r.AppendHeader(reasonHeader(c))
	return r
}

// answered takes tag, target and route set from a response to our INVITE (§12.1.2). A provisional response without
// Record-Route leaves the routes to the one that has them.
func (d *dialog) answered(res *sip.Response) {
	if tag, ok := toTag(res); ok {
		d.remoteTag = tag
	}
	if c := res.Contact(); c != nil && !c.Address.Wildcard {
		d.target = *c.Address.Clone()
	}
	d.routes = nil
	for _, h := range res.GetHeaders("Record-Route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append([]sip.Uri{*rr.Address.Clone()}, d.routes...)
		}
	}
}

// refresh takes a new remote target from a target refresh request or its answer (§12.2).
func (d *dialog) refresh(msg interface{ Contact() *sip.ContactHeader }) {
	if c := msg.Contact(); c != nil && !c.Address.Wildcard {
		d.target = *c.Address.Clone()
	}
}

func newVia(t Transport, host string, port int) *sip.ViaHeader {
	v := &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: string(t), Host: host, Port: port, Params: sip.NewParams(),
	}
	v.Params.Add("branch", sip.RFC3261BranchMagicCookie+newTag())
	if t == UDP {
		v.Params.Add("rport", "")
	}
	return v
}

// newTag is 128 random bits: nobody guesses a dialog.
func newTag() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// setBody puts a session description into a message.
func setBody(m interface {
	AppendHeader(sip.Header)
	RemoveHeader(string) bool
	SetBody([]byte)
}, sdp []byte) {
	if len(sdp) > 0 {
		m.RemoveHeader("Content-Type")
		m.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	m.SetBody(sdp)
}

// sdpOf gives the session description in a body, looking into a multipart one (RFC 3204 interworking carries ISUP
// beside it). ok is false when there is a body of another type.
func sdpOf(m interface {
	Body() []byte
	ContentType() *sip.ContentTypeHeader
}) (sdp []byte, ok bool) {
	body := m.Body()
	if len(body) == 0 {
		return nil, true
	}
	contentType := ""
	if h := m.ContentType(); h != nil {
		contentType = h.Value()
	}
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(kind) {
	case "application/sdp", "":
		return body, true
	case "multipart/mixed", "multipart/alternative":
		return sdpPart(contentType, body)
	}
	return nil, false
}
