package sipua

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"net"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

const nonceLife = 5 * time.Minute

// guardian asks for digests and checks them (RFC 7616, 8760). A nonce is a time and a MAC over it and the source's
// address: nothing is kept for those who never answer. The count of a nonce that was used must rise.
type guardian struct {
	realm    string
	password func(user string) (Secret, bool)
	key      [32]byte
	counts   *memory[string, uint64]
	now      func() time.Time
}

func newGuardian(realm string, password func(string) (Secret, bool)) *guardian {
	g := &guardian{realm: realm, password: password, now: time.Now, counts: newMemory[string, uint64](nonceLife, 10000)}
	_, _ = rand.Read(g.key[:])
	return g
}

func (g *guardian) nonce(host string) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(g.now().UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(b[:], g.mac(b[:], host)...))
}

func (g *guardian) mac(stamp []byte, host string) []byte {
	h := hmac.New(sha256.New, g.key[:])
	h.Write(stamp)
	h.Write([]byte(host))
	return h.Sum(nil)[:16]
}

// ours says whether the nonce was made here for this source, and whether it is still good.
func (g *guardian) ours(nonce, host string) (ours, fresh bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], g.mac(b[:8], host)) {
		return false, false
	}
	age := g.now().Sub(time.Unix(0, int64(binary.BigEndian.Uint64(b))))
	return true, age >= 0 && age < nonceLife
}

// check gives the user who is proven by the credentials in the header. stale: they are right, but for an old nonce.
func (g *guardian) check(req *sip.Request, header string) (user string, ok, stale bool) {
	host, _, _ := net.SplitHostPort(req.Source())
	for _, h := range req.GetHeaders(header) {
		all, err := parseAuth(h.Value())
		if err != nil {
			continue
		}
		for _, a := range all {
			if a.scheme == "digest" && a.params["realm"] == g.realm {
				return g.checkOne(req, a.params, host)
			}
		}
	}
	return "", false, false
}

func (g *guardian) checkOne(req *sip.Request, p map[string]string, host string) (user string, ok, stale bool) {
	alg, _, session, known := findAlgorithm(p["algorithm"])
	ours, fresh := g.ours(p["nonce"], host)
	if !known || session || !ours || p["qop"] != "auth" || p["cnonce"] == "" || p["uri"] != req.Recipient.String() {
		return "", false, false
	}
	password, exists := g.password(p["username"]) // an unknown user costs the same
	want := digestInput{
		algorithm: alg, user: p["username"], realm: g.realm, password: password, method: string(req.Method), uri: p["uri"],
		nonce: p["nonce"], cnonce: p["cnonce"], nc: p["nc"], qop: p["qop"],
	}.response()
	right := subtle.ConstantTimeCompare([]byte(want), []byte(p["response"])) == 1
	if !right || !exists {
		return "", false, false
	}
	if !fresh || !g.rises(p["nonce"], p["nc"]) {
		return "", false, true
	}
	return p["username"], true, false
}

// rises refuses a replay: nc must be more than it ever was for this nonce.
func (g *guardian) rises(nonce, nc string) bool {
	n, err := strconv.ParseUint(nc, 16, 32)
	if err != nil {
		return false
	}
	if last, used := g.counts.get(nonce); used && n <= last {
		return false
	}
	g.counts.put(nonce, n)
	return true
}

// challenge adds the challenges, the stronger algorithm first (RFC 8760 §2.3).
func (g *guardian) challenge(req *sip.Request, res *sip.Response, header string, stale bool) {
	host, _, _ := net.SplitHostPort(req.Source())
	nonce := g.nonce(host)
	for _, alg := range []string{"SHA-256", "MD5"} {
		value := "Digest realm=" + quote(g.realm) + ", nonce=" + quote(nonce) + ", qop=\"auth\", algorithm=" + alg
		if stale {
			value += ", stale=true"
		}
		res.AppendHeader(sip.NewHeader(header, value))
	}
}
