package link

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits on connections that have not proved yet whose they are.
const (
	maxStrangers          = 256
	maxStrangersPerSource = 32
)

// A Listener takes TLS connections in.
type Listener struct {
	ln       net.Listener
	config   *tls.Config
	log      *slog.Logger
	refusals *Refusals
	wg       sync.WaitGroup

	mu        sync.Mutex
	strangers map[netip.Addr]int // unauthenticated connections by source
	total     int
}

// Listen opens a TCP listener on addr, "host:port". config must demand and verify a client certificate.
func Listen(ctx context.Context, addr string, config *tls.Config, log *slog.Logger) (*Listener, error) {
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Listener{
		ln: ln, config: config, log: log, refusals: NewRefusals(log),
		strangers: make(map[netip.Addr]int),
	}, nil
}

// Addr is where the listener listens.
func (ln *Listener) Addr() *net.TCPAddr { return ln.ln.Addr().(*net.TCPAddr) }

// Serve calls handle, in a goroutine of its own, for every connection whose handshake succeeded, until ctx ends.
// It returns when all of them have returned. Connections beyond the limits on strangers are closed at once;
// handshakes that fail or take longer than HandshakeTimeout are closed and logged.
func (ln *Listener) Serve(ctx context.Context, handle func(*tls.Conn)) error {
	stop := context.AfterFunc(ctx, func() { ln.ln.Close() })
	defer stop()
	defer ln.wg.Wait()
	defer ln.ln.Close()
	for {
		raw, err := ln.ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				raw.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of file descriptors, say: others may be closed meanwhile
			ln.log.Error("cannot accept connections", "err", err)
			pause(ctx, 100*time.Millisecond)
		default:
			ln.admit(ctx, raw, handle)
		}
	}
}

// Close stops listening without waiting. Serve then returns.
func (ln *Listener) Close() error { return ln.ln.Close() }

func (ln *Listener) admit(ctx context.Context, raw net.Conn, handle func(*tls.Conn)) {
	from := source(raw.RemoteAddr())
	if !ln.enter(from) {
		raw.Close()
		ln.refusals.Note("connection refused", from.String(), "too many connections are waiting to authenticate")
		return
	}
	ln.wg.Go(func() {
		conn, err := ln.handshake(ctx, raw)
		ln.leave(from)
		if err != nil {
			raw.Close()
			if ctx.Err() == nil {
				ln.refusals.Note("connection refused", from.String(), reason(err))
			}
			return
		}
		handle(conn)
	})
}

func (ln *Listener) handshake(ctx context.Context, raw net.Conn) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, HandshakeTimeout)
	defer cancel()
	conn := tls.Server(raw, ln.config)
	return conn, conn.HandshakeContext(ctx)
}

// reason puts a failed handshake into words that do not differ from one attempt to the next.
func reason(err error) string {
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no TLS handshake in time"
	case errors.As(err, &record):
		return "not TLS: " + record.Msg
	}
	return err.Error()
}

func (ln *Listener) enter(from netip.Addr) bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if ln.total >= maxStrangers || ln.strangers[from] >= maxStrangersPerSource {
		return false
	}
	ln.total++
	ln.strangers[from]++
	return true
}

func (ln *Listener) leave(from netip.Addr) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.total--
	if ln.strangers[from]--; ln.strangers[from] == 0 {
		delete(ln.strangers, from)
	}
}

// source is what counts as one source: an IPv4 address, or the /64 that one IPv6 customer has.
func source(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.Addr()
	}
	return ip
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
