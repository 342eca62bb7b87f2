package chord

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"tandem/overlay/wire"
)

// num is the ID whose high 64 bits are hi: the ring of the tests has a readable top.
func num(hi uint64) ID { return ID{hi: hi} }

// RELOAD: CH-1
func TestArithmeticAgreesWithBigIntegers(t *testing.T) {
	modulus := new(big.Int).Lsh(big.NewInt(1), 128)
	rng := rand.New(rand.NewPCG(1, 2))
	toBig := func(a ID) *big.Int { b := a.bytes(); return new(big.Int).SetBytes(b[:]) }
	for range 1000 {
		a, b := RandomID(rng.Uint64(), rng.Uint64()), RandomID(rng.Uint64(), rng.Uint64())
		sum := new(big.Int).Mod(new(big.Int).Add(toBig(a), toBig(b)), modulus)
		if got := toBig(a.Add(b)); got.Cmp(sum) != 0 {
			t.Fatalf("%v + %v = %v, want %v", a, b, got, sum)
		}
		diff := new(big.Int).Mod(new(big.Int).Sub(toBig(a), toBig(b)), modulus)
		if got := toBig(a.Sub(b)); got.Cmp(diff) != 0 {
			t.Fatalf("%v - %v = %v, want %v", a, b, got, diff)
		}
		if got, want := a.Compare(b), toBig(a).Cmp(toBig(b)); got != want {
			t.Fatalf("compare %v with %v: %d, want %d", a, b, got, want)
		}
		if a.bitLen() != toBig(a).BitLen() {
			t.Fatalf("%v has %d bits, want %d", a, a.bitLen(), toBig(a).BitLen())
		}
		if Node(a.NodeID()) != a || Resource(a.ResourceID()) != a {
			t.Fatalf("%v does not survive its bytes", a)
		}
	}
}

func TestPower(t *testing.T) {
	for n := range 128 {
		if got := Power(n).bitLen(); got != n+1 {
			t.Errorf("2^%d has %d bits", n, got)
		}
	}
}

// RELOAD: CH-1
func TestWithin(t *testing.T) {
	tests := []struct {
		name        string
		k, from, to uint64
		want        bool
	}{
		{"inside", 5, 3, 7, true},
		{"at the end", 7, 3, 7, true},
		{"at the start", 3, 3, 7, false},
		{"behind", 8, 3, 7, false},
		{"before", 2, 3, 7, false},
		{"across zero, high side", 0xff, 0xf0, 3, true},
		{"across zero, low side", 1, 0xf0, 3, true},
		{"across zero, outside", 0x80, 0xf0, 3, false},
		{"the whole ring", 9, 4, 4, true},
	}
	for _, tt := range tests {
		if got := num(tt.k).Within(num(tt.from), num(tt.to)); got != tt.want {
			t.Errorf("%s: %x within (%x, %x] = %v, want %v", tt.name, tt.k, tt.from, tt.to, got, tt.want)
		}
	}
}

// 10.1: "node 2^{k} - 1 is directly before node 0".
func TestLastIsBeforeFirst(t *testing.T) {
	last := wire.Wildcard // all ones
	if got := Node(last).Add(Power(0)); !got.IsZero() {
		t.Errorf("2^128 - 1 + 1 = %v", got)
	}
}
