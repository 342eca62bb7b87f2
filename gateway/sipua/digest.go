package sipua

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"strings"
)

// algorithm is a digest algorithm of RFC 8760 and 7616, by strength.
type algorithm struct {
	name string
	new  func() hash.Hash
}

var algorithms = []algorithm{ // the strongest first
	{"SHA-512-256", sha512.New512_256},
	{"SHA-256", sha256.New},
	{"MD5", md5.New},
}

func (a algorithm) hash(parts ...string) string {
	h := a.new()
	h.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h.Sum(nil))
}

// findAlgorithm finds an algorithm by the name in a challenge; absent means MD5 (RFC 7616 §3.3).
func findAlgorithm(name string) (a algorithm, rank int, session, ok bool) {
	name = strings.ToUpper(name)
	if name == "" {
		name = "MD5"
	}
	name, session = strings.CutSuffix(name, "-SESS")
	for i, a := range algorithms {
		if a.name == name {
			return a, i, session, true
		}
	}
	return a, 0, false, false
}

// digestInput is everything a response is computed from (RFC 7616 §3.4.1).
type digestInput struct {
	algorithm     algorithm
	session       bool
	user, realm   string
	password      Secret
	method, uri   string
	nonce, cnonce string
	nc, qop       string
	body          []byte
}

func (d digestInput) response() string {
	a := d.algorithm
	a1 := a.hash(d.user, d.realm, string(d.password))
	if d.session {
		a1 = a.hash(a1, d.nonce, d.cnonce)
	}
	a2 := a.hash(d.method, d.uri)
	if d.qop == "auth-int" {
		a2 = a.hash(d.method, d.uri, a.hash(string(d.body)))
	}
	if d.qop == "" {
		return a.hash(a1, d.nonce, a2) // RFC 2069, still met
	}
	return a.hash(a1, d.nonce, d.nc, d.cnonce, d.qop, a2)
}

// authParams is one challenge or one set of credentials: a scheme and its parameters, names in lower case.
type authParams struct {
	scheme string
	params map[string]string
}

var errAuthSyntax = errors.New("malformed authentication header")

// parseAuth reads the value of an authentication header. One line may hold several challenges, separated by the same
// commas that separate parameters: a word that is followed by another word, not by "=", starts the next one.
func parseAuth(s string) ([]authParams, error) {
	var all []authParams
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			return all, nil
		}
		word, rest := cutToken(s)
		if word == "" {
			return nil, errAuthSyntax
		}
		after := strings.TrimLeft(rest, " \t")
		if !strings.HasPrefix(after, "=") {
			all = append(all, authParams{strings.ToLower(word), map[string]string{}})
			s = rest
			continue
		}
		if len(all) == 0 {
			return nil, errAuthSyntax
		}
		value, rest, err := cutValue(strings.TrimLeft(after[1:], " \t"))
		if err != nil {
			return nil, err
		}
		last := all[len(all)-1].params
		key := strings.ToLower(word)
		if _, twice := last[key]; twice || len(all) > 10 || len(last) > 30 {
			return nil, errAuthSyntax
		}
		last[key] = value
		s = rest
	}
}

func cutToken(s string) (word, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
	})
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i:]
}

// cutValue takes a token or quoted string. Base64 and the like of token68 schemes end at the next comma.
func cutValue(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexAny(s, ", \t")
		if i < 0 {
			return s, "", nil
		}
		return s[:i], s[i:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", errAuthSyntax
}

// quote writes a quoted string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(s)) + `"`
}
