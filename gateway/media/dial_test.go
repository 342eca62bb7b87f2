package media

import (
	"context"
	"errors"
	"testing"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/codec"
)

func collect(t *testing.T, s *Session, n int) (got string) {
	t.Helper()
	for range n {
		got += string(wait(t, s.Digits()).Key)
	}
	return got
}

func none(t *testing.T, s *Session) {
	t.Helper()
	select {
	case d := <-s.Digits():
		t.Errorf("one more digit: %c", d.Key)
	default:
	}
}

func TestEveryKeyArrivesOnceThroughTheBridge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		left, right SessionConfig
	}{
		{"events", SessionConfig{Security: Required}, SessionConfig{}},
		{"to a side that has only tones", SessionConfig{}, SessionConfig{NoEvents: true}},
		{"tones only", SessionConfig{NoEvents: true, Codecs: []call.Codec{call.PCMA}}, SessionConfig{NoEvents: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ch := newChain(t, c.left, c.right)
			if err := Bridge(ch.ga, ch.gb); err != nil {
				t.Fatal(err)
			}
			background(t, func(ctx context.Context) { ch.a.Play(ctx, codec.Tone{Hz: []float64{300}, Level: -30}.Source()) })
			const keys = "159*#D55"
			sent := make(chan error, 1)
			go func() { sent <- ch.a.SendDigits(t.Context(), keys) }()
			if got := collect(t, ch.b, len(keys)); got != keys {
				t.Errorf("far side got %q, want %q", got, keys)
			}
			if got := collect(t, ch.ga, len(keys)); got != keys {
				t.Errorf("the gateway got %q, want %q", got, keys)
			}
			if err := wait(t, sent); err != nil {
				t.Error(err)
			}
			none(t, ch.b)
			none(t, ch.ga)
			if c.right.NoEvents {
				return
			}
			if err := ch.b.SendDigits(t.Context(), "07a"); err != nil {
				t.Fatal(err)
			}
			if got := collect(t, ch.a, 3); got != "07A" {
				t.Errorf("the other way: got %q, want 07A", got)
			}
		})
	}
}

func TestWhatWeDialOnTheWire(t *testing.T) { // case 65
	t.Parallel()
	s := newEngine(t).session(t, SessionConfig{})
	r := newRaw(t)
	r.call(s)
	sent := make(chan error, 1)
	go func() { sent <- s.SendDigits(t.Context(), "5#") }()
	var starts []uint32
	for range 2 {
		first, _ := r.receive()
		starts = append(starts, first.ts)
		last, ends := uint16(160), 0
		for ends < endPackets {
			h, p := r.receive()
			e, _ := parseEvent(p)
			if h.ts != first.ts || h.pt != 96 || h.marker || e.duration < last || !first.marker {
				t.Errorf("%+v %+v after duration %d", h, e, last)
			}
			if last = e.duration; e.end {
				ends++
			}
		}
		if last != keySamples {
			t.Errorf("a key of %d samples, want %d", last, keySamples)
		}
	}
	if gap := int(starts[1]-starts[0]) - keySamples; gap < 320 {
		t.Errorf("%d samples between two keys, want 40 ms", gap)
	}
	if err := wait(t, sent); err != nil {
		t.Error(err)
	}
	if err := s.SendDigits(t.Context(), "12x"); !errors.Is(err, ErrBadDigit) {
		t.Errorf("a key that is none: %v", err)
	}
}

func TestSignalledDigits(t *testing.T) { // case 66
	t.Parallel()
	ch := newChain(t, SessionConfig{}, SessionConfig{})
	if err := Bridge(ch.ga, ch.gb); err != nil {
		t.Fatal(err)
	}
	ch.ga.ReceiveDigit(call.Digit{Key: '7'})
	if got := collect(t, ch.ga, 1) + collect(t, ch.b, 1); got != "77" {
		t.Errorf("by signalling: %q", got)
	}
	if err := ch.a.SendDigits(t.Context(), "7"); err != nil { // the same key by RTP
		t.Fatal(err)
	}
	if err := ch.a.SendDigits(t.Context(), "7"); err != nil { // pressed again
		t.Fatal(err)
	}
	collect(t, ch.ga, 1)
	none(t, ch.ga)
}

func TestKeypad(t *testing.T) { // case 64
	t.Parallel()
	type packet struct {
		at   int // ms
		ts   uint32
		key  uint8
		dur  uint16
		end  bool
		ssrc uint32
	}
	for _, c := range []struct {
		name    string
		packets []packet
		idle    int // ms when time is looked at last
		want    string
		last    time.Duration
	}{
		{"three ends", []packet{{0, 100, 1, 160, false, 1}, {20, 100, 1, 320, true, 1}, {20, 100, 1, 320, true, 1}, {20, 100, 1, 320, true, 1}}, 500, "1", 40 * time.Millisecond},
		{"only ends", []packet{{0, 100, 1, 800, true, 1}, {0, 100, 1, 800, true, 1}}, 500, "1", 100 * time.Millisecond},
		{"twice the same", []packet{{0, 100, 1, 800, true, 1}, {300, 2500, 1, 800, true, 1}}, 500, "11", 100 * time.Millisecond},
		{"all ends lost", []packet{{0, 100, 1, 160, false, 1}, {20, 100, 1, 320, false, 1}}, 200, "1", 40 * time.Millisecond},
		{"not over yet", []packet{{0, 100, 1, 160, false, 1}, {20, 100, 1, 320, false, 1}}, 100, "", 0},
		{"ends lost, next key", []packet{{0, 100, 1, 160, false, 1}, {60, 900, 2, 160, true, 1}}, 60, "12", 20 * time.Millisecond},
		{"an end overtaken by the next key", []packet{{0, 100, 1, 160, true, 1}, {60, 900, 2, 160, false, 1}, {61, 100, 1, 160, true, 1}, {80, 900, 2, 320, true, 1}}, 90, "12", 40 * time.Millisecond},
		{"nine seconds", []packet{{0, 100, 3, 0xFF00, false, 1}, {8100, 100 + 0xFF00, 3, 6720, true, 1}}, 9000, "3", 9 * time.Second},
		{"no telephone key", []packet{{0, 100, 16, 160, true, 1}}, 500, "", 0},
		{"another source with the same timestamp", []packet{{0, 100, 1, 160, true, 1}, {100, 100, 1, 160, true, 2}}, 500, "11", 20 * time.Millisecond},
	} {
		var k keypad
		var got string
		var last time.Duration
		deliver := func(d call.Digit) { got += string(d.Key); last = d.Duration }
		start := time.Now()
		at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
		for _, p := range c.packets {
			k.packet(at(p.at), p.ssrc, p.ts, teleEvent{code: p.key, end: p.end, duration: p.dur}, deliver)
		}
		k.idle(at(c.idle), deliver)
		k.idle(at(c.idle+1000), func(d call.Digit) {
			if c.want != "" {
				t.Errorf("%s: %c again", c.name, d.Key)
			}
		})
		if got != c.want || last != c.last {
			t.Errorf("%s: got %q, the last for %v; want %q, %v", c.name, got, last, c.want, c.last)
		}
	}
}

func FuzzKeypad(f *testing.F) {
	f.Add([]byte{1, 0x8A, 1, 64, 1, 0x8A, 1, 64, 2, 10, 0, 160})
	f.Fuzz(func(t *testing.T, data []byte) {
		var k keypad
		now := time.Now()
		n := 0
		for i := 0; i+4 <= len(data); i += 4 {
			e, ok := parseEvent(data[i:])
			if !ok {
				t.Fatal("four bytes are an event")
			}
			k.packet(now, 1, uint32(data[i])<<8|uint32(data[i+3]), e, func(d call.Digit) {
				if n++; d.Duration < 0 {
					t.Fatal("a digit of negative length")
				}
			})
			var b [4]byte
			if e.put(b[:]); b[0] != data[i] || b[1]&0xBF != data[i+1]&0xBF {
				t.Fatalf("%v became %v", data[i:i+4], b)
			}
		}
		if n > len(data)/4 {
			t.Fatalf("%d digits of %d packets", n, len(data)/4)
		}
	})
}
