package sipua

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// How long a stream may take before a slow sender is dropped.
const (
	firstMessageWait = 10 * time.Second // an accepted connection says something
	messageWait      = 5 * time.Second  // a message that began is complete
	writeWait        = 5 * time.Second
	handshakeWait    = 5 * time.Second
)

// stream is a connection as sipgo sees it: one whole, inspected message per Read, and addresses of our choosing.
// sipgo finds connections by address only and pools each under both; local addresses are therefore stand-ins,
// different for every stream, so that none is ever found by the address of a listener.
type stream struct {
	net.Conn
	transport Transport
	local     netip.AddrPort
	remote    netip.AddrPort
	peer      Peer // overlay only
	accepted  bool // the far side opened it
	log       *slog.Logger

	pooled  chan struct{} // closed when sipgo reads, hence can find it
	pooling sync.Once
	gone    chan struct{} // closed when it is closed or lost
	going   sync.Once
	onGone  func(*stream)

	r   *bufio.Reader
	out []byte // rest of the message being handed to sipgo
}

var streamCount atomic.Uint64

// standIn is an address in fd00::/8 that no kernel routes: the n-th one of a prefix.
func standIn(prefix byte, n uint64) netip.AddrPort {
	a := [16]byte{0: 0xfd, 1: prefix}
	binary.BigEndian.PutUint64(a[8:], n)
	return netip.AddrPortFrom(netip.AddrFrom16(a), 5061)
}

func newStream(c net.Conn, t Transport, log *slog.Logger) *stream {
	return &stream{
		Conn: c, transport: t, local: standIn(1, streamCount.Add(1)), log: log,
		pooled: make(chan struct{}), gone: make(chan struct{}), r: bufio.NewReaderSize(c, 4096),
	}
}

func (s *stream) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(s.local) }
func (s *stream) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(s.remote) }

func (s *stream) alive() bool {
	select {
	case <-s.gone:
		return false
	default:
		return true
	}
}

// Read gives sipgo the next message that is fit for it. Unfit ones are answered here.
func (s *stream) Read(p []byte) (int, error) {
	s.pooling.Do(func() { close(s.pooled) })
	for len(s.out) == 0 {
		msg, err := s.next()
		if err != nil {
			s.lose()
			if errors.Is(err, io.EOF) {
				return 0, io.EOF
			}
			return 0, net.ErrClosed // sipgo logs every other error
		}
		s.out = msg
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

func (s *stream) next() ([]byte, error) {
	msg, err := readMessage(s.r, s.pong, s.begun)
	if err != nil {
		if errors.Is(err, errFraming) {
			s.refuse(msg, frameStatus(msg))
		}
		return nil, err
	}
	_ = s.SetReadDeadline(time.Time{})
	if status := inspect(msg); status != 0 {
		s.log.Debug("message refused", "status", status, "source", s.remote)
		s.refuse(msg, status)
		return nil, nil
	}
	return msg, nil
}

func frameStatus(head []byte) int {
	if len(head) > maxHead {
		return 513
	}
	return 400
}

func (s *stream) refuse(msg []byte, status int) {
	if status > 0 {
		if b := refusal(msg, status); b != nil {
			_, _ = s.Write(b)
		}
	}
}

// begun starts the clock for the rest of a message.
func (s *stream) begun() { _ = s.SetReadDeadline(time.Now().Add(messageWait)) }

func (s *stream) pong() { _, _ = s.Write([]byte("\r\n")) }

// Write sends one message. It is whole or the connection is lost.
func (s *stream) Write(p []byte) (int, error) {
	_ = s.SetWriteDeadline(time.Now().Add(writeWait))
	n, err := s.Conn.Write(p)
	if err != nil {
		s.lose()
		_ = s.Conn.Close()
	}
	return n, err
}

// Close closes the connection. Its transactions end at once (see newLayers).
func (s *stream) Close() error {
	s.lose()
	return s.Conn.Close()
}

func (s *stream) lose() {
	s.going.Do(func() {
		close(s.gone)
		if s.onGone != nil {
			s.onGone(s)
		}
	})
}
