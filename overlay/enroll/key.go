package enroll

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
)

// acceptable says which public keys get certificates: ECDSA, Ed25519, and RSA from 2048 to 4096 bits.
func acceptable(pub crypto.PublicKey) error {
	switch k := pub.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < 2048 || n > 4096 {
			return fmt.Errorf("an RSA key of %d bits", n)
		}
		return nil
	}
	return fmt.Errorf("a key of type %T", pub)
}
