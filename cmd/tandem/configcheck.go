package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// A checkup collects what is wrong with a configuration.
type checkup struct{ problems []error }

// Validate names every problem at once, each with its key.
func (c Config) Validate() error {
	var u checkup
	u.when(c.Data == "", "data", "a directory is needed")
	u.when(!phonenumbers.GetSupportedRegions()[c.Region], "region", "%q is not the code of a country, such as US or DE", c.Region)
	u.when(c.Overlay.Name == "" || strings.ContainsAny(c.Overlay.Name, " @/:"), "overlay.name", "%q is not a domain", c.Overlay.Name)
	u.listeners(c)
	u.addresses(c)
	u.places(c)
	u.trunk(c.Trunk)
	u.when(c.SIP.TLS != "" && (c.SIP.Cert == "" || c.SIP.Key == ""), "sip.tls", "needs sip.cert and sip.key")
	if _, _, err := c.Media.Range(); err != nil {
		u.bad("media.ports", "%v", err)
	}
	u.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	u.oneOf("log.format", c.Log.Format, "", "text", "json")
	ring, err := time.ParseDuration(c.Phone.Ring)
	u.when(err != nil || ring <= 0, "phone.ring", "%q is not a length of time such as 25s", c.Phone.Ring)
	return errors.Join(u.problems...)
}

func (u *checkup) bad(key, format string, args ...any) {
	u.problems = append(u.problems, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
}

func (u *checkup) when(wrong bool, key, format string, args ...any) {
	if wrong {
		u.bad(key, format, args...)
	}
}

func (u *checkup) oneOf(key, value string, good ...string) {
	if !slices.Contains(good, value) {
		named := slices.DeleteFunc(good, func(s string) bool { return s == "" })
		u.bad(key, "%q is none of %s", value, strings.Join(named, ", "))
	}
}

// listeners checks the addresses that we listen at.
func (u *checkup) listeners(c Config) {
	for _, l := range []struct{ key, at string }{
		{"overlay.listen", c.Overlay.Listen}, {"overlay.sip", c.Overlay.SIP}, {"enrollment.listen", c.Enrollment.Listen},
		{"web.listen", c.Web.Listen}, {"sip.listen", c.SIP.Listen}, {"sip.tls", c.SIP.TLS}, {"phone.listen", c.Phone.Listen},
	} {
		if l.at == "" && l.key == "sip.tls" {
			continue
		}
		host, port, err := net.SplitHostPort(l.at)
		switch {
		case err != nil:
			u.bad(l.key, "%q is not host:port", l.at)
		case host != "" && !isHost(host):
			u.bad(l.key, "%q is not a host name or an address", host)
		case !isPort(port):
			u.bad(l.key, "%q is not a port from 0 to 65535", port)
		}
	}
}

func (u *checkup) addresses(c Config) {
	for _, a := range []struct{ key, ip string }{
		{"overlay.advertise", c.Overlay.Advertise}, {"media.address", c.Media.Address}, {"media.advertise", c.Media.Advertise},
	} {
		_, err := netip.ParseAddr(a.ip)
		u.when(a.ip != "" && err != nil, a.key, "%q is not an IP address", a.ip)
	}
}

// keyValue is how a Postgres connection string that is no URL begins.
var keyValue = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

// places checks where others are, or find us.
func (u *checkup) places(c Config) {
	u.when(c.Enrollment.Host != "" && !isHost(c.Enrollment.Host), "enrollment.host",
		"%q is not a host name or an address (the port is that of enrollment.listen)", c.Enrollment.Host)
	if c.Web.URL != "" {
		at, err := url.Parse(c.Web.URL)
		u.when(err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Hostname() == "", "web.url",
			"%q is not a URL such as https://calls.example.org", c.Web.URL)
	}
	dsn := c.Database.URL
	if dsn != "" && !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") && !keyValue.MatchString(dsn) {
		u.bad("database.url", "is not postgres://user:password@host/name, nor host=… user=… dbname=…") // it may hold a password
	}
	for _, peer := range splitList(c.Overlay.Bootstrap) {
		host, port, err := net.SplitHostPort(peer)
		u.when(err != nil || !isHost(host) || !isPort(port) || port == "0", "overlay.bootstrap", "%q is not host:port", peer)
	}
}

func (u *checkup) trunk(t TrunkEnv) {
	u.oneOf("trunk.transport", t.Transport, "udp", "tcp", "tls")
	if t.Host == "" {
		u.when(t.User != "", "trunk.user", "is of no use without trunk.host")
		u.when(t.Password != "", "trunk.password", "is of no use without trunk.host")
		return
	}
	if _, _, err := splitCarrier(t.Host); err != nil {
		u.bad("trunk.host", "%v", err)
	}
	u.when(t.User != "" && t.Password == "", "trunk.password", "is needed to register as trunk.user")
}

// splitCarrier takes apart a carrier's host, or host:port; no port is 0.
func splitCarrier(s string) (host string, port int, err error) {
	host, digits := s, ""
	if h, p, err := net.SplitHostPort(s); err == nil {
		host, digits = h, p
	}
	if digits != "" && strings.Trim(digits, "0123456789") == "" && (!isPort(digits) || digits == "0") {
		return "", 0, fmt.Errorf("%q is not a port from 1 to 65535", digits)
	}
	if !isHost(host) || strings.Contains(host, "%") || digits != "" && !isPort(digits) || digits == "" && host != s { // a zone is nothing to others
		return "", 0, fmt.Errorf("%q is not a host name or an address, with or without :port", s)
	}
	port, _ = strconv.Atoi(digits)
	return host, port, nil
}

// hostName is a host name in DNS; the underscore is what containers are called with.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)

// isHost tells whether s is a host name or an IP address. What looks like an address must be one.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return len(s) <= 253 && hostName.MatchString(s) && strings.Trim(s, "0123456789.") != ""
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
