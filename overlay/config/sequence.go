package config

// sequences is how many sequence numbers there are: 0 to 65534 (RFC 6940 §6.3.2.1). 65535 means something else.
const sequences = 65535

// Next is the sequence number after s.
func Next(s uint16) uint16 { return uint16((uint32(s) + 1) % sequences) }

// Newer says that a comes after b, as serial numbers that wrap: within half of them ahead.
func Newer(a, b uint16) bool {
	ahead := (uint32(a) + sequences - uint32(b)) % sequences
	return ahead != 0 && ahead <= sequences/2
}
