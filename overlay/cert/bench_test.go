package cert_test

import (
	"testing"

	"tandem/overlay/wire"
)

func BenchmarkSign(b *testing.B) {
	for name, id := range signers(b, newAuthority(b)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			m := message()
			for b.Loop() {
				if err := id.SignMessage(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	a := newAuthority(b)
	for name, id := range signers(b, a) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			m := message()
			if err := id.SignMessage(m); err != nil {
				b.Fatal(err)
			}
			v := a.verifier()
			for b.Loop() {
				if _, err := v.Message(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A value that was seen before costs two hashes.
func BenchmarkValueAgain(b *testing.B) {
	a := newAuthority(b)
	id := a.identity(b, "alice@example.org", node(0x11))
	v := value()
	checked := stored(b, a, id, id, v)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := checked.Value(place, wire.KindCertificateByUser, v); err != nil {
			b.Fatal(err)
		}
	}
}
