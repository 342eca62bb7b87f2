package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// HandshakeTimeout bounds TCP connect and TLS handshake together, and how long a stranger may stay unauthenticated.
const HandshakeTimeout = 5 * time.Second

// keepAlive finds a machine that is gone in about 25 s, and keeps the bindings of NATs on the way.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// Dial connects to addr as TLS client: the connecting side of a bootstrap and the answerer of an Attach or
// AppAttach are (6.5.1.13).
func Dial(ctx context.Context, addr string, config *tls.Config) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, HandshakeTimeout)
	defer cancel()
	d := net.Dialer{KeepAliveConfig: keepAlive}
	raw, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, fmt.Errorf("TLS handshake with %s: %w", addr, err)
	}
	return conn, nil
}
