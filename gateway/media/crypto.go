package media

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/srtp/v3"
)

// A suite is an SRTP crypto-suite of SDES (RFC 4568 §6.2, RFC 6188, RFC 7714).
type suite struct {
	name    string
	profile srtp.ProtectionProfile
	key     int // bytes
	salt    int
}

// suites are those we take, best first; those we offer come first. AES_CM_128_HMAC_SHA1_80 is the one everybody has.
var suites = [...]suite{
	{"AEAD_AES_128_GCM", srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
	{"AEAD_AES_256_GCM", srtp.ProtectionProfileAeadAes256Gcm, 32, 12},
	{"AES_CM_128_HMAC_SHA1_80", srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	{"AES_256_CM_HMAC_SHA1_80", srtp.ProtectionProfileAes256CmHmacSha1_80, 32, 14},
}

const offeredSuites = 3

// A master is a master key with its salt, of one direction. It is behind a pointer so that printing whatever holds it
// does not print the key. The zero value is no key.
type master struct{ secret *string }

func makeMaster(b []byte) master {
	s := string(b)
	return master{&s}
}

func newMaster(s *suite) master {
	b := make([]byte, s.key+s.salt)
	rand.Read(b) // never fails
	return makeMaster(b)
}

func (m master) equal(o master) bool {
	return m.secret != nil && o.secret != nil && subtle.ConstantTimeCompare([]byte(*m.secret), []byte(*o.secret)) == 1
}

// context makes the state that encrypts or decrypts with m.
func (m master) context(s *suite) (*srtp.Context, error) {
	const window = 256 // packets that may overtake each other
	c, err := srtp.CreateContext([]byte((*m.secret)[:s.key]), []byte((*m.secret)[s.key:]), s.profile,
		srtp.SRTPReplayProtection(window), srtp.SRTCPReplayProtection(window))
	if err != nil {
		return nil, fmt.Errorf("media: %s: %w", s.name, err)
	}
	return c, nil
}

// A cryptoLine is the value of an a=crypto attribute that we can use.
type cryptoLine struct {
	tag   string
	suite *suite
	key   master
}

func (c cryptoLine) text() string {
	return c.tag + " " + c.suite.name + " inline:" + base64.StdEncoding.EncodeToString([]byte(*c.key.secret))
}

// parseCrypto reads a=crypto (RFC 4568 §9.1). Suites we lack, several keys, an MKI and session parameters that change
// the packets are not usable.
func parseCrypto(value string) (c cryptoLine, ok bool) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return c, false
	}
	if n, err := strconv.ParseUint(f[0], 10, 32); err != nil || n > 999999999 {
		return c, false
	}
	c.tag = f[0]
	for i := range suites {
		if strings.EqualFold(f[1], suites[i].name) {
			c.suite = &suites[i]
		}
	}
	if c.suite == nil || !harmless(f[3:]) {
		return c, false
	}
	c.key, ok = inline(f[2], c.suite)
	return c, ok
}

func harmless(params []string) bool {
	for _, p := range params {
		if !strings.HasPrefix(p, "WSH=") {
			return false
		}
	}
	return true
}

func inline(param string, s *suite) (master, bool) {
	method, rest, _ := strings.Cut(param, ":")
	if !strings.EqualFold(method, "inline") || strings.Contains(rest, ";") {
		return master{}, false
	}
	parts := strings.Split(rest, "|")
	if len(parts) > 2 || len(parts) == 2 && strings.Contains(parts[1], ":") {
		return master{}, false // an MKI; a lifetime alone is fine, calls end before 2^31 packets
	}
	b, err := base64.StdEncoding.DecodeString(parts[0])
	if err != nil {
		b, err = base64.RawStdEncoding.DecodeString(parts[0])
	}
	if err != nil || len(b) != s.key+s.salt {
		return master{}, false
	}
	return makeMaster(b), true
}

// best picks from an offer's lines the one with our best suite.
func best(lines []string) (cryptoLine, bool) {
	var found cryptoLine
	for _, l := range lines {
		c, ok := parseCrypto(l)
		if ok && (found.suite == nil || rank(c.suite) < rank(found.suite)) {
			found = c
		}
	}
	return found, found.suite != nil
}

func rank(s *suite) int {
	for i := range suites {
		if s == &suites[i] {
			return i
		}
	}
	return len(suites)
}
