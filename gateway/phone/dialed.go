package phone

import (
	"fmt"
	"net/netip"
	"strings"

	"tandem/gateway/route"
)

// What a dialed string means.
type dialed struct {
	number route.E164 // a telephone number, or
	aor    string     // a person or a menu of this overlay, or
	own    bool       // one's own mailbox
}

// ownMailbox is what people dial to hear their messages.
var ownMailbox = map[string]bool{"*97": true, "%2a97": true, "voicemail": true}

// parse reads what somebody dialed: a number in any spelling, "bob", "bob@overlay", a SIP or tel URI.
func (p *Phone) parse(to string) (dialed, error) {
	user, host := split(to)
	here := host == "" || strings.EqualFold(host, p.domain) || ownHost(host)
	switch {
	case !here || user == "":
		return dialed{}, fmt.Errorf("%q: %w", to, ErrNowhere)
	case ownMailbox[strings.ToLower(user)]:
		return dialed{own: true}, nil
	case route.IsDialString(user):
		n, err := route.Normalize(numberPart(to, user), p.cfg.Region)
		return dialed{number: n}, err
	case strings.ContainsAny(user, " <>\"\t\r\n;?"):
		return dialed{}, fmt.Errorf("%q: %w", to, ErrNowhere)
	}
	return dialed{aor: strings.ToLower(user) + "@" + p.domain}, nil
}

// split takes user and host out of a URI or an address without scheme.
func split(to string) (user, host string) {
	to = strings.TrimSpace(to)
	scheme, rest, ok := strings.Cut(to, ":")
	if ok {
		switch strings.ToLower(scheme) {
		case "sip", "sips":
			to = rest
		case "tel":
			user, _, _ = strings.Cut(rest, ";")
			return user, ""
		}
	}
	to, _, _ = strings.Cut(to, "?")
	user, host, _ = strings.Cut(to, "@")
	user, _, _ = strings.Cut(user, ";")
	host, _, _ = strings.Cut(host, ";")
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return user, host
}

// numberPart is what Normalize should read: a tel: URI whole, because of its phone-context, else the user part.
func numberPart(to, user string) string {
	if len(to) > 4 && strings.EqualFold(to[:4], "tel:") {
		return to
	}
	return user
}

// ownHost says whether a softphone means the phone itself, which it knows by address.
func ownHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
