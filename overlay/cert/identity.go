package cert

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"tandem/overlay/wire"
)

// Errors of this package. What they wrap says more.
var (
	// ErrCertificate is a certificate that is not valid in this overlay, now.
	ErrCertificate = errors.New("certificate not accepted")

	// ErrSignature is a signature that does not hold, or names no certificate that came with it.
	ErrSignature = errors.New("signature not accepted")
)

// Peer is another node (or this one) as its verified certificate shows it.
type Peer struct {
	NodeIDs     []wire.NodeID // at least one
	User        string        // the rfc822Name, which is also the user's AoR
	Certificate *x509.Certificate
}

// NodeID is the first, and usually only, Node-ID.
func (p Peer) NodeID() wire.NodeID {
	if len(p.NodeIDs) == 0 {
		return wire.NodeID{}
	}
	return p.NodeIDs[0]
}

// Is says that p may act as node n.
func (p Peer) Is(n wire.NodeID) bool {
	for _, id := range p.NodeIDs {
		if id == n {
			return true
		}
	}
	return false
}

// Signer is who signed: a peer under one of its Node-IDs.
type Signer struct {
	NodeID wire.NodeID
	Peer
}

// Identity is what a node needs to be itself. It may be used by any number of goroutines.
type Identity struct {
	Peer
	Key crypto.Signer

	signer wire.SignerIdentity
}

// NewIdentity takes a certificate of the overlay and the key that belongs to it. It does not verify the chain: one's
// own certificate is judged by the others.
func NewIdentity(der []byte, key crypto.Signer, overlay string) (*Identity, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	peer, err := readProfile(certificate, overlay)
	if err != nil {
		return nil, err
	}
	if !samePublicKey(certificate.PublicKey, key.Public()) {
		return nil, fmt.Errorf("%w: it belongs to another key", ErrCertificate)
	}
	return &Identity{Peer: peer, Key: key, signer: signerIdentity(peer)}, nil
}

func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
