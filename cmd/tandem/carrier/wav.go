package carrier

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// WriteWAV writes 16-bit mono at 8000 samples a second.
func WriteWAV(name string, pcm []int16) error {
	out := make([]byte, 0, 44+2*len(pcm))
	out = append(out, "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(36+2*len(pcm)))
	out = append(out, "WAVEfmt "...)
	out = binary.LittleEndian.AppendUint32(out, 16)
	for _, v := range []uint16{1, 1, 8000, 0, 16000, 0, 2, 16} { // PCM, mono, rates as two halves, block, bits
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	out = append(out, "data"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(2*len(pcm)))
	for _, s := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(s))
	}
	return os.WriteFile(name, out, 0o600)
}

// ReadWAV reads a file of 16-bit mono at 8000 samples a second, what a telephone says.
func ReadWAV(name string) ([]int16, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(raw) < 12 || string(raw[:4]) != "RIFF" || string(raw[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%s is not a WAV file", name)
	}
	right := false
	for chunk := raw[12:]; len(chunk) >= 8; {
		size := int(binary.LittleEndian.Uint32(chunk[4:]))
		body := chunk[8:]
		body = body[:min(size, len(body))]
		switch string(chunk[:4]) {
		case "fmt ":
			right = len(body) >= 16 && binary.LittleEndian.Uint16(body) == 1 && binary.LittleEndian.Uint16(body[2:]) == 1 &&
				binary.LittleEndian.Uint32(body[4:]) == 8000 && binary.LittleEndian.Uint16(body[14:]) == 16
		case "data":
			if !right {
				return nil, errors.New(name + ": only 16-bit mono at 8000 samples a second can be played")
			}
			pcm := make([]int16, len(body)/2)
			for i := range pcm {
				pcm[i] = int16(binary.LittleEndian.Uint16(body[2*i:]))
			}
			return pcm, nil
		}
		chunk = chunk[min(8+size+size%2, len(chunk)):]
	}
	return nil, fmt.Errorf("%s has no audio", name)
}
