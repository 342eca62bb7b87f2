package voicemail

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/zaf/g711"

	"tandem/gateway/call"
)

// linear decodes one byte of G.711.
func linear(c call.Codec, b byte) int16 {
	if c == call.PCMA {
		return g711.DecodeAlawFrame(b)
	}
	return g711.DecodeUlawFrame(b)
}

// wavHeader is the length of the header of a WAV file of plain PCM.
const wavHeader = 44

// A WAV is a file of 16-bit linear PCM, mono, 8000 Hz, which every browser plays. It is made from the stored G.711
// as it is read: it seeks without reading what it skips.
type WAV struct {
	audio  Audio
	header [wavHeader]byte
	pos    int64
	g711   []byte // scratch
}

// WAV gives the audio as a file.
func (a Audio) WAV() *WAV {
	w := &WAV{audio: a}
	h := w.header[:0]
	u32, u16 := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint16
	data := uint32(2 * a.Bytes)
	h = u32(append(h, "RIFF"...), wavHeader-8+data)
	h = u32(append(h, "WAVEfmt "...), 16)
	h = u16(u16(h, 1), 1) // PCM, mono
	h = u32(u32(h, call.SampleRate), 2*call.SampleRate)
	h = u16(u16(h, 2), 16)
	u32(append(h, "data"...), data)
	return w
}

// Size is the length of the file in bytes.
func (w *WAV) Size() int64 { return wavHeader + 2*int64(w.audio.Bytes) }

// Seek sets the position of the next Read.
func (w *WAV) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += w.pos
	case io.SeekEnd:
		offset += w.Size()
	}
	if offset < 0 {
		return 0, errors.New("seek before the start of the message")
	}
	w.pos = offset
	return offset, nil
}

// Read reads from the position.
func (w *WAV) Read(p []byte) (int, error) {
	if w.pos >= w.Size() {
		return 0, io.EOF
	}
	if w.pos < wavHeader {
		n := copy(p, w.header[w.pos:])
		w.pos += int64(n)
		return n, nil
	}
	n, err := w.samples(p)
	w.pos += int64(n)
	return n, err
}

// samples fills p from the position on, which may be in the middle of a sample.
func (w *WAV) samples(p []byte) (int, error) {
	at := w.pos - wavHeader
	first, odd := at/2, int(at%2)
	want := min((len(p)+odd+1)/2, w.audio.Bytes-int(first))
	if cap(w.g711) < want {
		w.g711 = make([]byte, want)
	}
	got, err := w.audio.ReadAt(w.g711[:want], first)
	n := 0
	for i, b := range w.g711[:got] {
		s := linear(w.audio.Codec, b)
		for half := range 2 {
			if (i > 0 || half >= odd) && n < len(p) {
				p[n] = byte(uint16(s) >> (8 * half))
				n++
			}
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, err
}
