package carrier

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// nonceLife bounds how long a challenge may be answered.
const nonceLife = 5 * time.Minute

// An authenticator checks digest credentials (RFC 3261 §22) of one account. Its nonces are the time under a keyed
// hash, so nothing is kept for a stranger.
type authenticator struct {
	user, password string
	key            [32]byte
}

func newAuthenticator(user, password string) *authenticator {
	a := &authenticator{user: user, password: password}
	_, _ = rand.Read(a.key[:])
	return a
}

func (a *authenticator) nonce(at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 36)
	mac := hmac.New(sha256.New, a.key[:])
	mac.Write([]byte(stamp))
	return stamp + "." + hex.EncodeToString(mac.Sum(nil)[:16])
}

func (a *authenticator) fresh(nonce string) bool {
	stamp, _, _ := strings.Cut(nonce, ".")
	unix, err := strconv.ParseInt(stamp, 36, 64)
	if err != nil {
		return false
	}
	at := time.Unix(unix, 0)
	return subtle.ConstantTimeCompare([]byte(nonce), []byte(a.nonce(at))) == 1 && time.Since(at) < nonceLife
}

func (a *authenticator) challenge(at time.Time) *digest.Challenge {
	return &digest.Challenge{Realm: realm, Nonce: a.nonce(at), Algorithm: "MD5", QOP: []string{"auth"}}
}

// verify says whether header, an Authorization value, proves the account for this request.
func (a *authenticator) verify(method, header string) bool {
	got, err := digest.ParseCredentials(header)
	if err != nil || got.Username != a.user || got.Realm != realm || !a.fresh(got.Nonce) {
		return false
	}
	challenge := &digest.Challenge{Realm: realm, Nonce: got.Nonce, Algorithm: "MD5", Opaque: got.Opaque}
	if got.QOP != "" {
		challenge.QOP = []string{got.QOP}
	}
	want, err := digest.Digest(challenge, digest.Options{
		Method: method, URI: got.URI, Count: got.Nc, Cnonce: got.Cnonce, Username: a.user, Password: a.password,
	})
	return err == nil && subtle.ConstantTimeCompare([]byte(got.Response), []byte(want.Response)) == 1
}

// admit answers the request with a challenge and returns false unless it carries good credentials.
func (c *Carrier) admit(req *sip.Request, tx sip.ServerTransaction, status int, ask, answer string) bool {
	if h := req.GetHeader(answer); h != nil && c.auth.verify(string(req.Method), h.Value()) {
		return true
	} else if h != nil {
		c.event(Event{Event: "refused", From: req.From().Address.User, Text: "wrong user or password"})
	}
	reason := map[int]string{401: "Unauthorized", 407: "Proxy Authentication Required"}[status]
	respond(tx, req, status, reason, sip.NewHeader(ask, c.auth.challenge(time.Now()).String()))
	return false
}

func (c *Carrier) onRegister(req *sip.Request, tx sip.ServerTransaction) {
	if !c.admit(req, tx, 401, "WWW-Authenticate", "Authorization") {
		return
	}
	contact := req.Contact()
	if contact == nil {
		respond(tx, req, 400, "Missing Contact")
		return
	}
	life := 5 * time.Minute
	if h := req.GetHeader("Expires"); h != nil {
		if d, ok := seconds(h.Value()); ok {
			life = d
		}
	}
	if v, ok := contact.Params.Get("expires"); ok {
		if d, ok := seconds(v); ok {
			life = d
		}
	}
	c.bind(contact.Address, req.Source(), life)
	bound := contact.Clone()
	bound.Params.Add("expires", strconv.Itoa(int(life.Seconds())))
	respond(tx, req, 200, "OK", bound, sip.NewHeader("Expires", strconv.Itoa(int(life.Seconds()))))
}

func (c *Carrier) bind(contact sip.Uri, source string, life time.Duration) {
	c.mu.Lock()
	known := time.Now().Before(c.expires)
	c.contact, c.source, c.expires = *contact.Clone(), source, time.Now().Add(life)
	waiting := c.waiting
	if life > 0 {
		c.waiting = nil
	} else {
		waiting, c.expires = nil, time.Time{}
	}
	c.mu.Unlock()
	for _, w := range waiting {
		close(w)
	}
	switch {
	case life == 0:
		c.event(Event{Event: "unregistered", From: c.cfg.User})
	case !known:
		c.event(Event{Event: "registered", From: c.cfg.User, Text: source})
	}
}
