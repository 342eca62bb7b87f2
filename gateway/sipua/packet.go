package sipua

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// packets is a UDP socket as sipgo sees it. What is not SIP, or not from an allowed source, never gets as far as
// sipgo, which keeps every source address for ever and stops reading at the first error.
type packets struct {
	net.PacketConn
	allow   func(netip.Addr) bool
	log     *slog.Logger
	pooled  chan struct{} // closed when sipgo reads, hence can send
	pooling sync.Once
}

// ReadFrom gives the next datagram that is fit for sipgo.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	p.pooling.Do(func() { close(p.pooled) })
	for {
		n, from, err := p.PacketConn.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return n, from, err
		}
		if err != nil {
			p.log.Error("UDP read failed", "err", err)
			time.Sleep(10 * time.Millisecond) // an error that persists must not spin
			continue
		}
		if p.fit(b[:n], from) {
			return n, from, nil
		}
	}
}

func (p *packets) fit(data []byte, from net.Addr) bool {
	src := addrPort(from)
	if !p.allow(src.Addr()) || len(bytes.TrimLeft(data, "\r\n\x00")) == 0 {
		return false
	}
	status := inspect(data)
	if status == 0 {
		return true
	}
	p.log.Debug("message refused", "status", status, "source", src)
	if status > 0 {
		if answer := refusal(data, status); answer != nil {
			_, _ = p.WriteTo(answer, from)
		}
	}
	return false
}
