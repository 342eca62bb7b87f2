package media

import "net/netip"

var sharedNAT = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// believable reports whether SDP of a peer at the given signalling address may send our packets to the address it
// names. A peer reaches no further than it could itself: only this host may name loopback, only a private network
// private addresses. What is not believed is learned from the packets that arrive.
func believable(named netip.AddrPort, peer netip.Addr) bool {
	a := named.Addr()
	peer = peer.Unmap()
	switch {
	case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a.IsLinkLocalUnicast(), broadcast(a), named.Port() < 1024:
		return false
	case a == peer || !peer.IsValid():
		return true
	case a.IsLoopback():
		return peer.IsLoopback()
	case private(a):
		return peer.IsLoopback() || private(peer)
	}
	return true
}

func private(a netip.Addr) bool { return a.IsPrivate() || sharedNAT.Contains(a) }

func broadcast(a netip.Addr) bool { return a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) }
