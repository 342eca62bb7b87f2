package sipua

import (
	"cmp"
	"fmt"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// authenticator answers the challenges of one dialog (RFC 3261 §22, RFC 8760). Credentials leave for the realm that
// challenged first and no other, so that a callee who challenges our BYE learns nothing; a nonce is answered once; a
// nonce that did not help is the end of it, unless it was only stale.
type authenticator struct {
	creds Credentials

	mu     sync.Mutex
	realm  string          // the realm our credentials are for, once known
	used   map[string]int  // how often a nonce was used: its nc
	nonces map[string]bool // answered for the request on its way
	tries  map[string]int  // challenges answered for it, by kind
	sent   map[string]sip.Header
}

func newAuthenticator(c Credentials) *authenticator {
	return &authenticator{
		creds: c, realm: c.Realm, used: map[string]int{}, nonces: map[string]bool{}, tries: map[string]int{},
		sent: map[string]sip.Header{},
	}
}

// answer prepares the answer to a challenge in res for the repetition of req; false means that res is final.
func (a *authenticator) answer(req *sip.Request, res *sip.Response) bool {
	challenge, credentials := "WWW-Authenticate", "Authorization"
	switch res.StatusCode {
	case 401:
	case 407:
		challenge, credentials = "Proxy-Authenticate", "Proxy-Authorization"
	default:
		a.done()
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.strongest(res, challenge)
	if !ok {
		return false
	}
	kind := string(req.Method) + credentials
	a.tries[kind]++
	stale := strings.EqualFold(c.params["stale"], "true")
	if a.nonces[c.params["nonce"]] || a.tries[kind] > 1 && !stale || a.tries[kind] > 3 {
		return false
	}
	a.nonces[c.params["nonce"]] = true
	a.used[c.params["nonce"]]++
	a.realm = c.params["realm"]
	a.sent[credentials] = sip.NewHeader(credentials, a.credentials(c, req))
	return true
}

// done forgets what belongs to one request: the next one may be challenged again.
func (a *authenticator) done() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.nonces)
	clear(a.tries)
	if len(a.used) > 100 {
		clear(a.used)
	}
}

// strongest picks the challenge to answer: ours by realm, the strongest algorithm we know, wherever in the list.
func (a *authenticator) strongest(res *sip.Response, header string) (best authParams, ok bool) {
	if a.creds.User == "" {
		return best, false
	}
	rank := len(algorithms)
	for _, h := range res.GetHeaders(header) {
		all, err := parseAuth(h.Value())
		if err != nil {
			continue
		}
		for _, c := range all {
			_, r, _, known := findAlgorithm(c.params["algorithm"])
			if c.scheme != "digest" || !known || r >= rank || c.params["nonce"] == "" || !a.ours(c.params["realm"]) ||
				qopFor(c.params["qop"]) == "?" {
				continue
			}
			best, rank, ok = c, r, true
		}
	}
	return best, ok
}

func (a *authenticator) ours(realm string) bool { return a.realm == "" || a.realm == realm }

// qopFor chooses the quality of protection: auth, else auth-int, else none if none is asked for.
func qopFor(offered string) string {
	if offered == "" {
		return ""
	}
	best := "?"
	for q := range strings.SplitSeq(offered, ",") {
		switch strings.ToLower(strings.TrimSpace(q)) {
		case "auth":
			return "auth"
		case "auth-int":
			best = "auth-int"
		}
	}
	return best
}

func (a *authenticator) credentials(c authParams, req *sip.Request) string {
	alg, _, session, _ := findAlgorithm(c.params["algorithm"])
	in := digestInput{
		algorithm: alg, session: session, user: a.creds.User, realm: c.params["realm"], password: a.creds.Password,
		method: string(req.Method), uri: req.Recipient.String(), nonce: c.params["nonce"],
		qop: qopFor(c.params["qop"]), body: req.Body(),
	}
	parts := []string{
		"username=" + quote(in.user), "realm=" + quote(in.realm), "nonce=" + quote(in.nonce), "uri=" + quote(in.uri),
	}
	if in.qop != "" || session {
		in.cnonce = newTag()
		parts = append(parts, "cnonce="+quote(in.cnonce))
	}
	if in.qop != "" {
		in.nc = fmt.Sprintf("%08x", a.used[in.nonce])
		parts = append(parts, "qop="+in.qop, "nc="+in.nc)
	}
	parts = append(parts, "response="+quote(in.response()))
	if name := c.params["algorithm"]; name != "" {
		parts = append(parts, "algorithm="+cmp.Or(token(name), "MD5"))
	}
	if opaque, ok := c.params["opaque"]; ok {
		parts = append(parts, "opaque="+quote(opaque))
	}
	return "Digest " + strings.Join(parts, ", ")
}

// copyTo puts the latest credentials into a request: those of a proxy and those of the far end may both be needed.
func (a *authenticator) copyTo(r *sip.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		if h := a.sent[name]; h != nil {
			r.RemoveHeader(name)
			r.AppendHeader(h)
		}
	}
}
