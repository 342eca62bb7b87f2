package sipua

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// handoff is the listener that sipgo accepts from: it yields connections that we accepted, dialed, or were given.
type handoff struct {
	ch   chan net.Conn
	done chan struct{}
	once sync.Once
	self netip.AddrPort
}

func newHandoff(n uint64) *handoff {
	return &handoff{ch: make(chan net.Conn), done: make(chan struct{}), self: standIn(0, n)}
}

func (h *handoff) Addr() net.Addr { return net.TCPAddrFromAddrPort(h.self) }

func (h *handoff) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.ch:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// give hands a stream to sipgo and returns when sipgo can send over it.
func (h *handoff) give(ctx context.Context, s *stream) error {
	select {
	case h.ch <- s:
	case <-h.done:
		return net.ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-s.pooled:
		return nil
	case <-s.gone:
		return net.ErrClosed
	case <-h.done:
		return net.ErrClosed
	}
}

// adopt registers a stream and hands it to sipgo.
func (u *UA) adopt(ctx context.Context, s *stream) error {
	s.onGone = u.dropStream
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		_ = s.Conn.Close()
		return net.ErrClosed
	}
	u.streams[streamKey{s.transport, s.remote.String()}] = s
	u.mu.Unlock()
	h := u.tcp
	if s.transport == TLS {
		h = u.tls
	}
	if err := h.give(ctx, s); err != nil {
		_ = s.Close()
		return err
	}
	return nil
}

type streamKey struct {
	transport Transport
	remote    string
}

func (u *UA) dropStream(s *stream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if k := (streamKey{s.transport, s.remote.String()}); u.streams[k] == s {
		delete(u.streams, k)
	}
	if s.accepted {
		u.accepted--
	}
}

func (u *UA) stream(t Transport, remote string) *stream {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.streams[streamKey{t, remote}]
}

// acceptFrom takes connections from a socket until it is closed. Running out of descriptors is waited out.
func (u *UA) acceptFrom(l net.Listener, t Transport, conf *tls.Config) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			u.log.Error("accept failed", "transport", t, "err", err)
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-u.ctx.Done():
				return
			}
		}
		u.wg.Go(func() { u.welcome(c, t, conf) })
	}
}

// welcome admits an accepted connection: known source, within the limit, TLS shaken, and something said in time.
func (u *UA) welcome(c net.Conn, t Transport, conf *tls.Config) {
	remote := addrPort(c.RemoteAddr())
	if !u.allowed(remote.Addr()) || !u.takeConn() {
		u.log.Debug("connection refused", "source", remote)
		_ = c.Close()
		return
	}
	if conf != nil {
		tc := tls.Server(c, conf)
		ctx, cancel := context.WithTimeout(u.ctx, handshakeWait)
		err := tc.HandshakeContext(ctx)
		cancel()
		if err != nil {
			u.log.Info("TLS handshake failed", "source", remote, "err", err)
			u.releaseConn()
			_ = c.Close()
			return
		}
		c = tc
	}
	s := newStream(c, t, u.log)
	s.remote, s.accepted = remote, true
	_ = s.SetReadDeadline(time.Now().Add(firstMessageWait))
	if err := u.adopt(u.ctx, s); err != nil {
		u.log.Debug("connection not taken", "source", remote, "err", err)
	}
}

func (u *UA) takeConn() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.accepted >= u.cfg.MaxConns {
		return false
	}
	u.accepted++
	return true
}

func (u *UA) releaseConn() {
	u.mu.Lock()
	u.accepted--
	u.mu.Unlock()
}

func (u *UA) allowed(a netip.Addr) bool { return u.cfg.AllowSource == nil || u.cfg.AllowSource(a) }

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	case *net.UDPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}
