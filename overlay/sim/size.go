package sim

import (
	"encoding/binary"

	"tandem/overlay/wire"
)

// What stands for signatures and certificates here is short. On links they are counted as long as they would be.
const (
	realCertificate = 519 // DER of what package cert issues: ECDSA P-256, one Node-ID, one user name
	realSignature   = 72  // ECDSA P-256, at most
	realIdentity    = 32  // SHA-256 of a certificate

	framing = 8 + 9 // the frame of a message and that of its acknowledgment (6.6.2)
)

// size is the length of a message on a link, its frame and the acknowledgment included, TLS and TCP not.
func size(m *wire.Message) int {
	const fixed = 38
	n := framing + fixed + len(m.Contents) + 18*(len(m.Header.Via)+len(m.Header.Destinations))
	n += len(m.Security) + realSignature - checksumLength + realIdentity - wire.IDLength
	for _, cert := range certificatesIn(m.Security) {
		n += realCertificate - len(cert)
	}
	return n
}

// certificatesIn are the certificates of a security block, as they lie there.
func certificatesIn(security []byte) (certs [][]byte) {
	if len(security) < 2 {
		return nil
	}
	list := security[2:min(len(security), 2+int(binary.BigEndian.Uint16(security)))]
	for len(list) >= 3 {
		end := min(len(list), 3+int(binary.BigEndian.Uint16(list[1:])))
		certs = append(certs, list[3:end])
		list = list[end:]
	}
	return certs
}
