package sipua

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// callInfo reads who calls whom from an INVITE. On an overlay UA the caller is the connection's certificate; From
// only names them. On others P-Asserted-Identity counts if the source is trusted (RFC 3325 §9.1), else From.
func callInfo(req *sip.Request, src Source, adm Admission) call.Info {
	info := call.Info{Trunk: adm.Trunk, Node: src.Node, Called: called(&req.Recipient)}
	info.Caller = partyOf(&req.From().Address, req.From().DisplayName)
	if adm.TrustIdentity {
		if p, ok := asserted(req); ok {
			p.Name = cmp.Or(p.Name, info.Caller.Name)
			info.Caller = p
		}
	}
	if src.Node != "" {
		info.Caller.Number = ""
		info.Caller.AoR, info.Caller.Verified = src.User, true
	}
	info.Caller.Anonymous = info.Caller.Anonymous || private(req) || anonymous(&req.From().Address)
	info.Target, info.Reason = retargeted(&req.Recipient)
	return info
}

// called is the user part of the Request-URI, or the number of a tel URI, without visual separators or parameters.
func called(u *sip.Uri) string {
	if u.Scheme == "tel" {
		return telNumber(u.Raw())
	}
	user, _, _ := strings.Cut(u.User, ";") // tel parameters in the user part
	return number(unescape(user))
}

func telNumber(raw string) string {
	n, _, _ := strings.Cut(raw, ";")
	return number(unescape(n))
}

// number takes the visual separators of RFC 3966 out of a telephone number; a name stays as it is.
func number(s string) string {
	digits := strings.NewReplacer("-", "", ".", "", "(", "", ")", "", " ", "").Replace(s)
	if isNumber(digits) {
		return digits
	}
	return s
}

func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "+")
	return len(s) >= 2 && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}

// partyOf reads a party from a URI: a number if its user part is one, as it was written; else an AoR.
func partyOf(u *sip.Uri, name string) call.Party {
	p := call.Party{Name: unquoted(name)}
	switch n := called(u); {
	case isNumber(n):
		p.Number = n
	case u.Scheme == "tel" || u.User == "":
	default:
		p.AoR = unescape(u.User) + "@" + strings.ToLower(u.Host)
	}
	return p
}

func unquoted(name string) string {
	return clean(strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(name))
}

// asserted reads P-Asserted-Identity; of two values the telephone number is wanted (RFC 3325 §9.1).
func asserted(req *sip.Request) (call.Party, bool) {
	var found call.Party
	ok := false
	for _, h := range req.GetHeaders("P-Asserted-Identity") {
		for _, value := range splitList(h.Value()) {
			p, err := parseParty(value)
			if err != nil {
				continue
			}
			if p.Number != "" {
				return p, true
			}
			found, ok = p, true
		}
	}
	return found, ok
}

func parseParty(value string) (call.Party, error) {
	var u sip.Uri
	var params sip.HeaderParams
	name, err := sip.ParseAddressValue(strings.TrimSpace(value), &u, &params)
	if err != nil {
		return call.Party{}, err
	}
	return partyOf(&u, name), nil
}

// private says whether the caller asked not to be shown (RFC 3323 §4.2).
func private(req *sip.Request) bool {
	for _, h := range req.GetHeaders("Privacy") {
		for v := range strings.FieldsFuncSeq(h.Value(), func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
			switch strings.ToLower(v) {
			case "id", "user", "header":
				return true
			}
		}
	}
	return false
}

func anonymous(u *sip.Uri) bool {
	return strings.EqualFold(u.User, "anonymous") || strings.EqualFold(u.Host, "anonymous.invalid")
}

// retargeted reads RFC 4458's URI parameters: the AoR whose mailbox is wanted, and why.
func retargeted(u *sip.Uri) (aor string, why call.Reason) {
	for _, p := range u.UriParams {
		switch strings.ToLower(p.K) {
		case "target":
			aor = unescape(p.V)
			for _, scheme := range []string{"sips:", "sip:"} {
				aor = strings.TrimPrefix(aor, scheme)
			}
			aor, _, _ = strings.Cut(aor, ";")
		case "cause":
			if n, err := strconv.ParseUint(p.V, 10, 16); err == nil {
				why = call.Reason(n)
			}
		}
	}
	return aor, why
}
