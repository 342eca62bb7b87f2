package media

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// rest is how long a port is left alone after a call, so that late packets of it do not land in the next one.
const rest = 30 * time.Second

// ports hands out pairs of UDP sockets: RTP on an even port, RTCP on the next.
type ports struct {
	addr     netip.Addr
	min, max uint16 // min even; zero: the system chooses

	mu    sync.Mutex
	freed map[uint16]time.Time // by even port
}

func newPorts(addr netip.Addr, low, high uint16) *ports {
	low += low & 1
	return &ports{addr: addr, min: low, max: high, freed: make(map[uint16]time.Time)}
}

// open binds a pair that has rested; if all of a range are in use or tired, the ones that rested longest are taken.
func (p *ports) open(now time.Time) (rtp, rtcp *net.UDPConn, err error) {
	if p.min == 0 {
		return p.openAny()
	}
	pairs := (int(p.max) - int(p.min) + 1) / 2
	start := rand.IntN(max(pairs, 1))
	for _, patient := range [2]bool{true, false} {
		for i := range pairs {
			port := p.min + uint16(2*((start+i)%pairs))
			if patient && p.tired(port, now) {
				continue
			}
			if rtp, rtcp, err := p.pair(port); err == nil {
				return rtp, rtcp, nil
			}
		}
	}
	return nil, nil, ErrNoPort
}

func (p *ports) tired(port uint16, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.freed[port]
	if ok && now.Sub(at) >= rest {
		delete(p.freed, port)
		return false
	}
	return ok
}

func (p *ports) release(port uint16, now time.Time) {
	if p.min == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.freed[port] = now
}

func (p *ports) openAny() (*net.UDPConn, *net.UDPConn, error) {
	for range 64 {
		rtp, err := p.listen(0)
		if err != nil {
			return nil, nil, err
		}
		port := local(rtp).Port()
		if port&1 == 0 {
			if rtcp, err := p.listen(port + 1); err == nil {
				return rtp, rtcp, nil
			}
		}
		rtp.Close()
	}
	return nil, nil, ErrNoPort
}

func (p *ports) pair(port uint16) (*net.UDPConn, *net.UDPConn, error) {
	rtp, err := p.listen(port)
	if err != nil {
		return nil, nil, err
	}
	rtcp, err := p.listen(port + 1)
	if err != nil {
		rtp.Close()
		return nil, nil, err
	}
	return rtp, rtcp, nil
}

func (p *ports) listen(port uint16) (*net.UDPConn, error) {
	network := "udp4"
	if p.addr.Is6() {
		network = "udp"
	}
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.addr, port)))
	if err != nil {
		return nil, fmt.Errorf("media: open port: %w", err)
	}
	return c, nil
}

func local(c *net.UDPConn) netip.AddrPort {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// toward is the address of ours from which the system would send to peer. No packet leaves.
func toward(peer netip.Addr) (netip.Addr, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 9)))
	if err != nil {
		return netip.Addr{}, fmt.Errorf("media: no way to %v: %w", peer, err)
	}
	defer c.Close()
	return local(c).Addr(), nil
}
