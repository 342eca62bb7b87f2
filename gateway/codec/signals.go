package codec

import (
	"time"

	"tandem/gateway/call"
)

const ms = time.Millisecond

// ringback by country, from the supplement to ITU-T E.180; what is not listed has Europe's.
var ringback = map[string]Tone{
	"US": {Hz: []float64{440, 480}, Cadence: []Pulse{{2000 * ms, 4000 * ms}}},
	"CA": {Hz: []float64{440, 480}, Cadence: []Pulse{{2000 * ms, 4000 * ms}}},
	"GB": {Hz: []float64{400, 450}, Cadence: []Pulse{{400 * ms, 200 * ms}, {400 * ms, 2000 * ms}}},
	"AU": {Hz: []float64{400, 450}, Cadence: []Pulse{{400 * ms, 200 * ms}, {400 * ms, 2000 * ms}}},
	"JP": {Hz: []float64{384, 416}, Cadence: []Pulse{{1000 * ms, 2000 * ms}}},
	"FR": {Hz: []float64{440}, Cadence: []Pulse{{1500 * ms, 3500 * ms}}},
	"":   {Hz: []float64{425}, Cadence: []Pulse{{1000 * ms, 4000 * ms}}},
}

// Ringback is the tone a caller hears while the far end rings, in the manner of a country (ISO 3166 code), for ever.
func Ringback(country string) call.Source {
	t, ok := ringback[country]
	if !ok {
		t = ringback[""]
	}
	t.Level = -16
	return t.Source()
}

// Beep is the tone before a recording: 1000 Hz for 250 ms.
func Beep() call.Source {
	return Tone{Hz: []float64{1000}, Level: -13, Length: 250 * ms}.Source()
}

// The rows and columns of the telephone keypad, in Hz (ITU-T Q.23).
var (
	dtmfRows = [4]float64{697, 770, 852, 941}
	dtmfCols = [4]float64{1209, 1336, 1477, 1633}
	dtmfKeys = [4][4]byte{{'1', '2', '3', 'A'}, {'4', '5', '6', 'B'}, {'7', '8', '9', 'C'}, {'*', '0', '#', 'D'}}
)

// DTMF is the pair of tones of a key, nil if there is no such key.
func DTMF(key byte, length time.Duration) call.Source {
	for r, row := range dtmfKeys {
		for c, k := range row {
			if k == key {
				return Tone{Hz: []float64{dtmfRows[r], dtmfCols[c]}, Level: -8, Length: length}.Source()
			}
		}
	}
	return nil
}
