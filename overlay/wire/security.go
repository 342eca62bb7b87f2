package wire

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// HashAlgorithm is a value of the TLS HashAlgorithm registry.
type HashAlgorithm uint8

// The hash algorithms that are used here; 0 is "none".
const (
	HashSHA1      HashAlgorithm = 2
	HashSHA256    HashAlgorithm = 4
	HashSHA384    HashAlgorithm = 5
	HashSHA512    HashAlgorithm = 6
	HashIntrinsic HashAlgorithm = 8 // the signature algorithm has its own
)

// SignatureAlgorithm is a value of the TLS SignatureAlgorithm registry.
type SignatureAlgorithm uint8

// The signature algorithms that are used here; 0 is "anonymous".
const (
	SignatureRSA     SignatureAlgorithm = 1 // RSASSA-PKCS1-v1_5
	SignatureECDSA   SignatureAlgorithm = 3
	SignatureEd25519 SignatureAlgorithm = 7
)

// SignerIdentityType says how a Signature names its signer (§6.3.4).
type SignerIdentityType uint8

// The identity types.
const (
	SignerCertHash       SignerIdentityType = 1 // H(certificate): a certificate with one Node-ID
	SignerCertHashNodeID SignerIdentityType = 2 // H(Node-ID || certificate): one with several
	SignerNone           SignerIdentityType = 3 // a value that the storing peer made up
)

// SignerIdentity names a certificate, or a Node-ID of one, by hash (§6.3.4).
type SignerIdentity struct {
	Type   SignerIdentityType
	Hash   HashAlgorithm // SignerCertHash, SignerCertHashNodeID
	Digest []byte        // the hash; of an unknown type: the whole value
}

// Signature is a signature with its algorithm and its signer (§6.3.4).
type Signature struct {
	Hash      HashAlgorithm
	Algorithm SignatureAlgorithm
	Identity  SignerIdentity
	Value     []byte
}

// NoSignature is what a peer puts on a value that nobody stored (§7.4.2.2).
func NoSignature() Signature { return Signature{Identity: SignerIdentity{Type: SignerNone}} }

// IsNone says that s is NoSignature.
func (s *Signature) IsNone() bool {
	return s.Hash == 0 && s.Algorithm == 0 && s.Identity.Type == SignerNone && len(s.Value) == 0
}

// SecurityBlock ends every message (§6.3.4): the certificates needed to check it and the values in it, each
// once, and its signature.
type SecurityBlock struct {
	Certificates []GenericCertificate
	Signature    Signature
}

// CertificateX509 is the only certificate type RFC 6940 defines.
const CertificateX509 = 0

// GenericCertificate is a certificate of a SecurityBlock.
type GenericCertificate struct {
	Type uint8
	Data []byte // X.509: DER
}

// MarshalBinary encodes the security block.
func (sb *SecurityBlock) MarshalBinary() ([]byte, error) {
	size := 192
	for _, c := range sb.Certificates {
		size += 3 + len(c.Data)
	}
	return encode("security block", size, sb.marshal)
}

// ParseSecurityBlock decodes a security block, which must fill data and is shared with it.
func ParseSecurityBlock(data []byte) (SecurityBlock, error) {
	var sb SecurityBlock
	err := decode("security block", data, sb.unmarshal)
	return sb, err
}

func (sb *SecurityBlock) marshal(b *cryptobyte.Builder) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addList(b, sb.Certificates) })
	sb.Signature.marshal(b)
}

func (sb *SecurityBlock) unmarshal(s *cryptobyte.String) bool {
	var certificates cryptobyte.String
	return s.ReadUint16LengthPrefixed(&certificates) && readList(&certificates, &sb.Certificates) && sb.Signature.unmarshal(s)
}

func (c *GenericCertificate) marshal(b *cryptobyte.Builder) {
	b.AddUint8(c.Type)
	addOpaque16(b, c.Data)
}

func (c *GenericCertificate) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint8(&c.Type) && readOpaque16(s, &c.Data)
}

func (sig *Signature) marshal(b *cryptobyte.Builder) {
	b.AddUint8(uint8(sig.Hash))
	b.AddUint8(uint8(sig.Algorithm))
	sig.Identity.marshal(b)
	addOpaque16(b, sig.Value)
}

func (sig *Signature) unmarshal(s *cryptobyte.String) bool {
	return s.ReadUint8((*uint8)(&sig.Hash)) && s.ReadUint8((*uint8)(&sig.Algorithm)) &&
		sig.Identity.unmarshal(s) && readOpaque16(s, &sig.Value)
}

// hashed says that the identity is a hash and its algorithm.
func (id *SignerIdentity) hashed() bool {
	return id.Type == SignerCertHash || id.Type == SignerCertHashNodeID
}

func (id *SignerIdentity) marshal(b *cryptobyte.Builder) {
	b.AddBytes(id.append(make([]byte, 0, 5+len(id.Digest))))
}

// append writes the identity behind dst. A digest has at most 255 bytes.
func (id *SignerIdentity) append(dst []byte) []byte {
	dst = append(dst, byte(id.Type))
	if !id.hashed() {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(id.Digest)))
		return append(dst, id.Digest...)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(2+len(id.Digest)))
	dst = append(dst, byte(id.Hash), byte(len(id.Digest)))
	return append(dst, id.Digest...)
}

func (id *SignerIdentity) unmarshal(s *cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadUint8((*uint8)(&id.Type)) || !s.ReadUint16LengthPrefixed(&body) {
		return false
	}
	if id.hashed() {
		return body.ReadUint8((*uint8)(&id.Hash)) && readOpaque8(&body, &id.Digest) && body.Empty()
	}
	return id.Type != 0 && (id.Type != SignerNone || body.Empty()) && keep(body, &id.Digest)
}

// MessageInput is what the signature of a message is computed over:
// overlay || transaction_id || MessageContents || SignerIdentity (§6.3.4).
func MessageInput(h *ForwardingHeader, contents []byte, signer SignerIdentity) []byte {
	in := make([]byte, 0, 12+len(contents)+5+len(signer.Digest))
	in = binary.BigEndian.AppendUint32(in, h.Overlay)
	in = binary.BigEndian.AppendUint64(in, uint64(h.TransactionID))
	in = append(in, contents...)
	return signer.append(in)
}

// ValueInput is what the signature of a stored value is computed over:
// resource_id || kind || storage_time || StoredDataValue || SignerIdentity (§7.1). The index of an array entry
// counts as 0 (§7.4.2.2). resource_id has its length byte, as its type has; some implementations leave it out,
// and framed false gives what they sign.
func ValueInput(resource ResourceID, kind KindID, d *StoredData, signer SignerIdentity, framed bool) ([]byte, error) {
	value := d.Value
	value.Index = 0
	return encode("value to sign", 64+len(value.Data)+len(value.Key)+len(signer.Digest), func(b *cryptobyte.Builder) {
		if framed {
			resource.marshal(b)
		} else {
			b.AddBytes(resource[:])
		}
		b.AddUint32(uint32(kind))
		b.AddUint64(uint64(d.StorageTime))
		value.marshal(b)
		signer.marshal(b)
	})
}

// MarshalSignerIdentity encodes a SignerIdentity alone, as it ends the input of a signature.
func MarshalSignerIdentity(id SignerIdentity) []byte { return id.append(nil) }
