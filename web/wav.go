package web

import (
	"encoding/binary"
	"io"

	"github.com/zaf/g711"

	"tandem/gateway/call"
	"tandem/voicemail"
)

// wavHeader is the length of a canonical WAV header in bytes.
const wavHeader = 44

// newWAV presents G.711 as a WAV file of 16-bit linear audio, which every browser plays. It decodes what is read
// and nothing else, so that a range in the middle of a long message costs as much as its length.
func newWAV(a voicemail.Audio) *io.SectionReader {
	w := &wav{audio: a, header: header(a.Bytes), decode: g711.DecodeUlawFrame}
	if a.Codec == call.PCMA {
		w.decode = g711.DecodeAlawFrame
	}
	return io.NewSectionReader(w, 0, int64(wavHeader+2*a.Bytes))
}

type wav struct {
	audio  voicemail.Audio
	header []byte
	decode func(uint8) int16
}

// ReadAt implements io.ReaderAt.
func (w *wav) ReadAt(p []byte, off int64) (n int, err error) {
	if off < wavHeader {
		n = copy(p, w.header[off:])
		off += int64(n)
	}
	if n == len(p) {
		return n, nil
	}
	m, err := w.readSamples(p[n:], off-wavHeader)
	return n + m, err
}

// readSamples fills p with decoded audio from the byte off, which may be in the middle of a sample.
func (w *wav) readSamples(p []byte, off int64) (int, error) {
	first, last := off/2, min((off+int64(len(p))+1)/2, int64(w.audio.Bytes))
	if first >= last {
		return 0, io.EOF
	}
	coded := make([]byte, last-first)
	read, err := w.audio.ReadAt(coded, first)
	linear := make([]byte, 0, 2*read)
	for _, c := range coded[:read] {
		linear = binary.LittleEndian.AppendUint16(linear, uint16(w.decode(c)))
	}
	n := copy(p, linear[min(int(off%2), len(linear)):])
	if n == len(p) {
		return n, nil
	}
	if err == nil {
		err = io.EOF
	}
	return n, err
}

// header of a file of that many samples: RIFF, fmt (linear, mono, 8000 Hz, 16 bits), data.
func header(samples int) []byte {
	const rate, width = call.SampleRate, 2
	size := uint32(samples * width)
	h := append(make([]byte, 0, wavHeader), "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, wavHeader-8+size)
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, 1)
	h = binary.LittleEndian.AppendUint16(h, 1)
	h = binary.LittleEndian.AppendUint32(h, rate)
	h = binary.LittleEndian.AppendUint32(h, rate*width)
	h = binary.LittleEndian.AppendUint16(h, width)
	h = binary.LittleEndian.AppendUint16(h, width*8)
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, size)
}
