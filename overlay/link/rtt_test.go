package link

import (
	"testing"
	"time"
)

// RELOAD: FH-1
func TestRTO(t *testing.T) {
	const ms = time.Millisecond
	for _, row := range []struct {
		name     string
		measured []time.Duration
		want     time.Duration
	}{
		{"2.1: before the first measurement", nil, initialRTO},
		{"2.4: never below the minimum", []time.Duration{5 * ms}, minRTO},
		{"2.2: R + 4 R/2", []time.Duration{1200 * ms}, 3600 * ms},
		// SRTT 7/8·1200+1/8·2000 = 1300, RTTVAR 3/4·600+1/4·800 = 650
		{"2.3: smoothed", []time.Duration{1200 * ms, 2000 * ms}, 3900 * ms},
		{"2.5: bounded above", []time.Duration{9000 * ms}, maxRTO},
	} {
		var r rtt
		for _, d := range row.measured {
			r.measure(d)
		}
		if got := r.rto(); got != row.want {
			t.Errorf("%s: after %v: got %v, want %v", row.name, row.measured, got, row.want)
		}
	}
}

func TestUnackedIsBounded(t *testing.T) {
	var u unacked
	for i := range uint32(3 * maxUnacked) {
		u.sent(i, time.Time{})
	}
	if len(u) > maxUnacked {
		t.Errorf("%d frames remembered, want at most %d", len(u), maxUnacked)
	}
	if _, ok := u.acknowledged(ack{sequence: maxUnacked - 1}); !ok || len(u) != 0 {
		t.Errorf("after the last one's ack: %d left, found %v", len(u), ok)
	}
}
