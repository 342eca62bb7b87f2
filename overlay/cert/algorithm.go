package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"

	"tandem/overlay/wire"
)

// algorithmOf is how a key signs here: SHA-256 with RSASSA-PKCS1-v1_5 or ECDSA, or Ed25519.
func algorithmOf(key crypto.PublicKey) (wire.HashAlgorithm, wire.SignatureAlgorithm, error) {
	switch key.(type) {
	case *ecdsa.PublicKey:
		return wire.HashSHA256, wire.SignatureECDSA, nil
	case *rsa.PublicKey:
		return wire.HashSHA256, wire.SignatureRSA, nil
	case ed25519.PublicKey:
		return wire.HashIntrinsic, wire.SignatureEd25519, nil
	}
	return 0, 0, fmt.Errorf("no signature algorithm for a %T", key)
}

// signInput makes a signature over input.
func signInput(key crypto.Signer, hash wire.HashAlgorithm, input []byte) ([]byte, error) {
	if hash == wire.HashIntrinsic {
		return key.Sign(rand.Reader, input, crypto.Hash(0))
	}
	sum := sha256.Sum256(input)
	return key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// digest hashes input by an algorithm that is still trusted; SHA-1 is not.
func digest(hash wire.HashAlgorithm, input []byte) (sum []byte, id crypto.Hash) {
	switch hash {
	case wire.HashSHA256:
		s := sha256.Sum256(input)
		return s[:], crypto.SHA256
	case wire.HashSHA384:
		s := sha512.Sum384(input)
		return s[:], crypto.SHA384
	case wire.HashSHA512:
		s := sha512.Sum512(input)
		return s[:], crypto.SHA512
	}
	return nil, 0
}

// verifyInput checks a signature over input.
func verifyInput(key crypto.PublicKey, sig *wire.Signature, input []byte) bool {
	if k, ok := key.(ed25519.PublicKey); ok {
		return sig.Hash == wire.HashIntrinsic && sig.Algorithm == wire.SignatureEd25519 && ed25519.Verify(k, input, sig.Value)
	}
	sum, id := digest(sig.Hash, input)
	if sum == nil {
		return false
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return sig.Algorithm == wire.SignatureECDSA && ecdsa.VerifyASN1(k, sum, sig.Value)
	case *rsa.PublicKey:
		return sig.Algorithm == wire.SignatureRSA && rsa.VerifyPKCS1v15(k, id, sum, sig.Value) == nil
	}
	return false
}
