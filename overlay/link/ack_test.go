package link

import "testing"

// RELOAD: FRM-3 AMB-4
func TestWindow(t *testing.T) {
	var w window
	for _, row := range []struct {
		sequence, received uint32
	}{
		{0, 0},
		{1, 0b1},   // bit 0 is N-1
		{3, 0b110}, // 2 is missing
		{2, 0b011}, // earlier ones only: 1 and 0
		{34, 1<<30 | 1<<31},
		{34 + 33, 0}, // 34 is one too far back
	} {
		if got := w.receive(row.sequence); got != (ack{row.sequence, row.received}) {
			t.Errorf("frame %d: received %032b, want %032b", row.sequence, got.received, row.received)
		}
	}
}

// RELOAD: FRM-3 AMB-4
func TestWindowFull(t *testing.T) {
	var w window
	var a ack
	for i := range uint32(100) {
		a = w.receive(1<<32 - 50 + i) // across the wrap
	}
	if a.received != 1<<32-1 {
		t.Errorf("after 100 frames in order: received %#x, want all ones", a.received)
	}
}
