package sipua

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// respond makes a response (RFC 3261 §8.2.6). It never says what program we are.
func respond(req *sip.Request, status int) *sip.Response {
	res := sip.NewResponseFromRequest(req, status, phrase(status), nil)
	res.SipVersion = "SIP/2.0"
	return res
}

// clean takes out of a text what would end its header line or hide in it.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// parseURI reads a URI that is to be sent. URI headers ("?Route=…") are refused: they are for building requests.
func parseURI(s string) (sip.Uri, error) {
	var u sip.Uri
	if s != clean(s) || strings.ContainsAny(s, "<>\" ") {
		return u, fmt.Errorf("URI %q has characters that no URI has", s)
	}
	if err := sip.ParseUri(s, &u); err != nil {
		return u, fmt.Errorf("URI %q: %w", s, err)
	}
	switch u.Scheme {
	case "sip", "sips":
		if u.Host == "" || u.Wildcard {
			return u, fmt.Errorf("URI %q has no host", s)
		}
	case "tel":
	default:
		return u, fmt.Errorf("URI %q: unknown scheme", s)
	}
	if len(u.Headers) > 0 {
		return u, fmt.Errorf("URI %q carries headers", s)
	}
	return u, nil
}

// quoted makes a display name fit for a quoted string, which sipgo puts the quotes around.
func quoted(name string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(name))
}

// firstSeq starts a dialog's sequence numbers somewhere (§8.1.1.5).
func firstSeq() uint32 { return uint32(randomN(1 << 16)) }

// newDialog starts a dialog of ours.
func (u *UA) newDialog(from, to Address, requestURI string, p path) (dialog, error) {
	local, err := parseURI(from.URI)
	if err != nil {
		return dialog{}, err
	}
	if to.URI == "" {
		to.URI = requestURI
	}
	remote, err := parseURI(to.URI)
	if err != nil {
		return dialog{}, err
	}
	target, err := parseURI(requestURI)
	if err != nil {
		return dialog{}, err
	}
	remote.UriParams, remote.Port = nil, 0
	d := dialog{
		callID: newTag(), local: local, localName: quoted(from.Name), localTag: newTag(), remote: remote, target: target,
		seq: firstSeq(), path: p, auth: newAuthenticator(Credentials{}),
	}
	d.viaHost, d.viaPort = u.sentBy(p)
	d.contact = u.contactURI(local.User, d)
	return d, nil
}

// contactURI is where requests in the dialog reach us.
func (u *UA) contactURI(user string, d dialog) sip.Uri {
	c := sip.Uri{Scheme: "sip", User: escape(user), Host: d.viaHost, Port: d.viaPort, UriParams: sip.NewParams()}
	switch {
	case u.cfg.Side == call.Overlay: // RFC 7904: a name, and the connection that it came by
		c.Scheme, c.Port = "sips", 0
	case d.path.transport != UDP:
		c.UriParams.Add("transport", strings.ToLower(string(d.path.transport)))
	}
	return c
}

// newInvite makes the first INVITE of a call, without its body.
func (u *UA) newInvite(c InviteConfig, p path) (*sip.Request, dialog, error) {
	d, err := u.newDialog(c.From, c.To, c.URI, p)
	if err != nil {
		return nil, d, err
	}
	if c.ContactUser != "" {
		d.contact.User = escape(c.ContactUser)
	}
	d.auth = newAuthenticator(c.Credentials)
	for _, r := range c.Route {
		uri, err := parseURI(r)
		if err != nil {
			return nil, d, err
		}
		d.routes = append(d.routes, uri)
	}
	r := d.request(sip.INVITE)
	if c.MaxForwards > 0 {
		r.RemoveHeader("Max-Forwards")
		max := sip.MaxForwardsHeader(c.MaxForwards)
		r.AppendHeader(&max)
	}
	r.AppendHeader(allowHeader())
	if err := identify(r, c.Identity, c.Diversion); err != nil {
		return nil, d, err
	}
	return r, d, addHeaders(r, c.Headers)
}

// identify adds what an INVITE says of the caller besides From.
func identify(r *sip.Request, id Identity, diversions []Diversion) error {
	for _, h := range []struct{ name, uri string }{
		{"P-Asserted-Identity", id.Asserted}, {"P-Preferred-Identity", id.Preferred},
	} {
		if h.uri == "" {
			continue
		}
		if _, err := parseURI(h.uri); err != nil {
			return err
		}
		r.AppendHeader(sip.NewHeader(h.name, "<"+h.uri+">"))
	}
	if id.Private {
		r.AppendHeader(sip.NewHeader("Privacy", "id"))
	}
	for i, d := range diversions {
		uri, err := parseURI(d.URI)
		if err != nil {
			return err
		}
		r.AppendHeader(sip.NewHeader("Diversion", "<"+d.URI+">;reason="+token(d.Reason)+";counter=1"))
		uri.Headers = nil
		r.AppendHeader(sip.NewHeader("History-Info", "<"+uri.String()+">;index=1"+strings.Repeat(".1", i)))
	}
	return nil
}

var own = map[string]bool{
	"via": true, "from": true, "to": true, "call-id": true, "cseq": true, "contact": true, "max-forwards": true,
	"content-length": true, "content-type": true, "route": true, "record-route": true, "authorization": true,
	"proxy-authorization": true, "allow": true,
}

func addHeaders(r *sip.Request, headers []Header) error {
	for _, h := range headers {
		if own[longName(h.Name)] || h.Name != token(h.Name) || h.Value != clean(h.Value) {
			return errors.New("header " + strconv.Quote(h.Name) + " may not be set")
		}
		r.AppendHeader(sip.NewHeader(h.Name, h.Value))
	}
	return nil
}

// token keeps the characters of a token (§25.1).
func token(s string) string {
	t := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune("-.!%*_+`'~", r):
			return r
		}
		return -1
	}, s)
	if t == "" {
		return "unknown"
	}
	return t
}

// escape writes the user part of a URI (§25.1: unreserved and user-unreserved stay).
func escape(user string) string {
	var b strings.Builder
	for i := 0; i < len(user); i++ {
		c := user[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// unescape reads it; what is not well escaped stays as it is.
func unescape(s string) string {
	if v, err := url.PathUnescape(s); err == nil {
		return clean(v)
	}
	return clean(s)
}

// UserURI writes a URI of a user at a host: "sip:alice@example.com".
func UserURI(scheme, user, host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	if user == "" {
		return scheme + ":" + host
	}
	return scheme + ":" + escape(user) + "@" + host
}
