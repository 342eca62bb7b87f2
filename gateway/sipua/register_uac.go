package sipua

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// RegisterConfig is a registration of ours somewhere else.
type RegisterConfig struct {
	Registrar   string // Request-URI, "sip:carrier.example"
	AoR         Address
	ContactUser string        // default the user part of AoR
	Expires     time.Duration // asked for; 0 removes the binding
	Hop         Hop
	Credentials Credentials
	CallID      string // the same for all registrations at one registrar (RFC 3261 §10.2)
	CSeq        uint32 // rising by at least 8 from one to the next
}

// Registered is what the registrar granted.
type Registered struct {
	Expires      time.Duration
	ServiceRoute []string // RFC 3608
}

// Register registers once (RFC 3261 §10.2), answering a challenge and a 423 by itself. The error is a *StatusError
// when the registrar refused.
func (u *UA) Register(ctx context.Context, c RegisterConfig) (Registered, error) {
	p, err := u.open(ctx, c.Hop)
	if err != nil {
		return Registered{}, fmt.Errorf("register: %w", err)
	}
	d, err := u.newDialog(c.AoR, c.AoR, c.Registrar, p)
	if err != nil {
		return Registered{}, fmt.Errorf("register: %w", err)
	}
	d.callID, d.seq, d.auth = cmp.Or(c.CallID, d.callID), max(c.CSeq, 1), newAuthenticator(c.Credentials)
	d.target.User = "" // §10.2
	if c.ContactUser != "" {
		d.contact.User = escape(c.ContactUser)
	}
	for try := 0; ; try++ {
		res, err := u.do(ctx, &d, registerRequest(&d, c.Expires), nil)
		if err != nil {
			return Registered{}, fmt.Errorf("register: %w", err)
		}
		longer := minExpires(res)
		if res.StatusCode == 423 && try == 0 && longer > c.Expires && longer <= 24*time.Hour {
			c.Expires = longer
			continue
		}
		if !res.IsSuccess() {
			return Registered{}, fmt.Errorf("register: %w", statusError(res))
		}
		return granted(res, d.contact, c.Expires), nil
	}
}

func registerRequest(d *dialog, expires time.Duration) *sip.Request {
	r := d.request(sip.REGISTER)
	s := strconv.Itoa(int(expires.Seconds()))
	r.RemoveHeader("Contact")
	contact := sip.ContactHeader{Address: *d.contact.Clone(), Params: sip.NewParams()}
	contact.Params.Add("expires", s)
	r.AppendHeader(&contact)
	r.AppendHeader(sip.NewHeader("Expires", s))
	return r
}

func minExpires(res *sip.Response) time.Duration {
	if h := res.GetHeader("Min-Expires"); h != nil {
		return seconds(h.Value())
	}
	return 0
}

// granted reads the time that our own contact was given: others may be registered too, and carriers shorten it in
// the parameter or in the header.
func granted(res *sip.Response, own sip.Uri, asked time.Duration) Registered {
	g := Registered{Expires: asked}
	if h := res.GetHeader("Expires"); h != nil {
		g.Expires = seconds(h.Value())
	}
	contacts := res.GetHeaders("Contact")
	for _, h := range contacts {
		c, ok := h.(*sip.ContactHeader)
		if !ok || len(contacts) > 1 && (c.Address.User != own.User || !strings.EqualFold(c.Address.Host, own.Host) ||
			c.Address.Port != own.Port) {
			continue
		}
		if v, ok := c.Params.Get("expires"); ok {
			g.Expires = seconds(v)
		}
	}
	for _, h := range res.GetHeaders("Service-Route") {
		for _, v := range splitList(h.Value()) {
			if uri, ok := bracketed(v); ok {
				g.ServiceRoute = append(g.ServiceRoute, uri)
			}
		}
	}
	return g
}

func bracketed(s string) (string, bool) {
	_, after, ok := strings.Cut(s, "<")
	uri, _, closed := strings.Cut(after, ">")
	return uri, ok && closed
}
