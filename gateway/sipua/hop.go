package sipua

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"tandem/gateway/call"
)

// ErrNotConnected means that there is no connection to an overlay node.
var ErrNotConnected = errors.New("sipua: no connection to the node")

// path is where the messages of a dialog go: decided once, from configuration or from the connection they came by.
type path struct {
	transport Transport
	addr      string // ip:port, as sipgo finds the connection
	stream    *stream
	hop       Hop // how to get there again; zero when the far side came to us
}

// open finds or makes the way to a next hop.
func (u *UA) open(ctx context.Context, h Hop) (path, error) {
	switch {
	case u.cfg.Side == call.Overlay:
		s := u.nodeStream(h.Node)
		if s == nil {
			return path{}, fmt.Errorf("reach node %s: %w", h.Node, ErrNotConnected)
		}
		return path{TLS, s.remote.String(), s, h}, nil
	case h.Transport == UDP && u.udp == nil:
		return path{}, errors.New("reach next hop: no UDP socket is configured")
	case h.Transport == UDP:
		addrs, err := resolve(ctx, h)
		if err != nil {
			return path{}, err
		}
		return path{UDP, addrs[0].String(), nil, h}, nil
	case h.Transport == TCP || h.Transport == TLS:
		return u.openStream(ctx, h)
	}
	return path{}, fmt.Errorf("reach next hop: unknown transport %q", h.Transport)
}

// openStream reuses a stream to the next hop or dials one, trying its addresses in order.
func (u *UA) openStream(ctx context.Context, h Hop) (path, error) {
	addrs, err := resolve(ctx, h)
	if err != nil {
		return path{}, err
	}
	for _, a := range addrs {
		if s := u.stream(h.Transport, a.String()); s != nil && s.alive() {
			return path{h.Transport, a.String(), s, h}, nil
		}
	}
	var errs []error
	for _, a := range addrs {
		got, err, _ := u.dials.Do(string(h.Transport)+a.String(), func() (any, error) { return u.dial(ctx, h, a) })
		if err == nil {
			return path{h.Transport, a.String(), got.(*stream), h}, nil
		}
		errs = append(errs, err)
	}
	return path{}, fmt.Errorf("connect to %s over %s: %w", h.Host, h.Transport, errors.Join(errs...))
}

func (u *UA) dial(ctx context.Context, h Hop, a netip.AddrPort) (*stream, error) {
	if s := u.stream(h.Transport, a.String()); s != nil && s.alive() {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeWait)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", a.String())
	if err != nil {
		return nil, err
	}
	if h.Transport == TLS {
		tc := tls.Client(c, clientTLS(h))
		if err := tc.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, fmt.Errorf("TLS with %s: %w", h.Host, err)
		}
		c = tc
	}
	s := newStream(c, h.Transport, u.log)
	s.remote = a
	return s, u.adopt(ctx, s)
}

// clientTLS verifies the certificate against the configured name, never against what a record or message pointed to.
func clientTLS(h Hop) *tls.Config {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if h.TLS != nil {
		conf = h.TLS.Clone()
	}
	conf.ServerName = cmp.Or(conf.ServerName, h.Host)
	return conf
}

// resolve gives the addresses of a next hop, best first (RFC 3263 §4.2, without NAPTR: the transport is configured).
func resolve(ctx context.Context, h Hop) ([]netip.AddrPort, error) {
	host := strings.Trim(h.Host, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(a.Unmap(), cmp.Or(uint16(h.Port), defaultPort(h.Transport)))}, nil
	}
	if host == "" {
		return nil, errors.New("resolve next hop: no host")
	}
	if h.Port == 0 {
		if addrs := resolveSRV(ctx, h.Transport, host); len(addrs) > 0 {
			return addrs, nil
		}
	}
	return resolveHost(ctx, host, cmp.Or(uint16(h.Port), defaultPort(h.Transport)))
}

func resolveSRV(ctx context.Context, t Transport, host string) (addrs []netip.AddrPort) {
	service, proto := "sip", "tcp"
	switch t {
	case TLS:
		service = "sips"
	case UDP:
		proto = "udp"
	}
	_, records, err := net.DefaultResolver.LookupSRV(ctx, service, proto, host)
	if err != nil {
		return nil
	}
	for _, r := range records {
		more, err := resolveHost(ctx, r.Target, r.Port)
		if err == nil {
			addrs = append(addrs, more...)
		}
	}
	return addrs
}

func resolveHost(ctx context.Context, host string, port uint16) ([]netip.AddrPort, error) {
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	var v4, v6 []netip.AddrPort
	for _, ip := range ips {
		a := netip.AddrPortFrom(ip.Unmap(), port)
		if a.Addr().Is4() {
			v4 = append(v4, a)
		} else {
			v6 = append(v6, a)
		}
	}
	return append(v4, v6...), nil // sockets without a v6 route are the common case
}

func defaultPort(t Transport) uint16 {
	if t == TLS {
		return 5061
	}
	return 5060
}

// Lookup gives the addresses of a next hop, for matching what comes from it.
func Lookup(ctx context.Context, h Hop) ([]netip.AddrPort, error) { return resolve(ctx, h) }

// Ping keeps the way to a next hop open through NAT (RFC 5626 §3.5): an empty line over UDP, a double one over a
// stream, which is dialed if it is gone.
func (u *UA) Ping(ctx context.Context, h Hop) error {
	p, err := u.open(ctx, h)
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	if p.stream != nil {
		_, err = p.stream.Write([]byte("\r\n\r\n"))
		return err
	}
	to, err := netip.ParseAddrPort(p.addr)
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	_, err = u.udp.WriteTo([]byte("\r\n\r\n"), net.UDPAddrFromAddrPort(to))
	return err
}

// sentBy is the host and port of our Via and Contact towards a path.
func (u *UA) sentBy(p path) (host string, port int) {
	if u.cfg.Side == call.Overlay {
		return u.cfg.Domain, 5061
	}
	local := u.Addr(p.transport)
	host, port = u.cfg.Advertise, int(local.Port())
	if host == "" && local.IsValid() && !local.Addr().IsUnspecified() {
		host = local.Addr().String()
	}
	if p.stream != nil {
		actual := addrPort(p.stream.Conn.LocalAddr())
		host, port = cmp.Or(host, actual.Addr().String()), cmp.Or(port, int(actual.Port()))
	}
	if host == "" {
		host = localAddrTowards(p.addr)
	}
	return host, port
}

// localAddrTowards asks the kernel which address packets to addr would carry. Nothing is sent.
func localAddrTowards(addr string) string {
	c, err := net.Dial("udp", addr)
	if err != nil {
		return "127.0.0.1"
	}
	defer c.Close()
	return addrPort(c.LocalAddr()).Addr().String()
}
