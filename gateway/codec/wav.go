package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"tandem/gateway/call"
)

// ErrWAV is wrapped by every complaint about a WAV file.
var ErrWAV = errors.New("not a WAV file of 8000 Hz mono, 16-bit linear or G.711, or of 16000 Hz mono, 16-bit linear")

// The format tags of WAVE_FORMAT.
const (
	wavLinear     = 1
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

// maxChunk bounds what is skipped before the audio begins.
const maxChunk = 1 << 20

// A format is what a WAV file says its samples are.
type format struct {
	tag  uint16
	wide bool // 16000 Hz
}

// ReadWAV plays a WAV file, streaming from r: 8000 Hz, mono, 16-bit linear, µ-law or A-law; or 16000 Hz, mono, 16-bit
// linear.
func ReadWAV(r io.Reader) (call.Source, error) {
	br := bufio.NewReader(r)
	var riff [12]byte
	if _, err := io.ReadFull(br, riff[:]); err != nil || string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF header", ErrWAV)
	}
	var f format
	for range 64 {
		id, size, err := readChunk(br)
		switch {
		case err != nil:
			return nil, err
		case id == "fmt ":
			if f, err = readFormat(br, size); err != nil {
				return nil, err
			}
		case id == "data":
			return openData(br, f, size)
		default:
			if size > maxChunk {
				return nil, fmt.Errorf("%w: chunk of %d bytes", ErrWAV, size)
			}
			if _, err := br.Discard(int(size + size&1)); err != nil {
				return nil, fmt.Errorf("%w: truncated", ErrWAV)
			}
		}
	}
	return nil, fmt.Errorf("%w: no audio", ErrWAV)
}

func readChunk(r io.Reader) (id string, size uint32, err error) {
	var h [8]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return "", 0, fmt.Errorf("%w: no audio", ErrWAV)
	}
	return string(h[:4]), binary.LittleEndian.Uint32(h[4:]), nil
}

func readFormat(r io.Reader, size uint32) (format, error) {
	if size < 16 || size > 1024 {
		return format{}, fmt.Errorf("%w: format of %d bytes", ErrWAV, size)
	}
	f := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, f); err != nil {
		return format{}, fmt.Errorf("%w: truncated", ErrWAV)
	}
	tag := binary.LittleEndian.Uint16(f)
	if tag == wavExtensible && size >= 26 {
		tag = binary.LittleEndian.Uint16(f[24:])
	}
	channels, rate, bits := binary.LittleEndian.Uint16(f[2:]), binary.LittleEndian.Uint32(f[4:]), binary.LittleEndian.Uint16(f[14:])
	wanted := map[uint16]uint16{wavLinear: 16, wavALaw: 8, wavMuLaw: 8}[tag]
	wide := rate == 2*call.SampleRate && tag == wavLinear
	if wanted == 0 || bits != wanted || channels != 1 || rate != call.SampleRate && !wide {
		return format{}, fmt.Errorf("%w: format %d, %d Hz, %d channels, %d bits", ErrWAV, tag, rate, channels, bits)
	}
	return format{tag, wide}, nil
}

// openData starts at the audio. A size of zero or all ones is what a writer leaves that could not seek: read to the end.
func openData(r io.Reader, f format, size uint32) (call.Source, error) {
	if size != 0 && size != 0xFFFFFFFF {
		r = io.LimitReader(r, int64(size))
	}
	switch f.tag {
	case wavLinear:
		if f.wide {
			return &halved{wide: linear16{r: r}}, nil
		}
		return &linear16{r: r}, nil
	case wavALaw:
		return Coded(call.PCMA, r), nil
	case wavMuLaw:
		return Coded(call.PCMU, r), nil
	}
	return nil, fmt.Errorf("%w: audio before format", ErrWAV)
}

type linear16 struct {
	r   io.Reader
	buf [2 * call.FrameSamples]byte
}

func (l *linear16) ReadFrame(pcm *call.PCM) error {
	n, err := io.ReadFull(l.r, l.buf[:])
	if n < 2 {
		if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return err
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	n /= 2
	for i := range n {
		pcm[i] = int16(binary.LittleEndian.Uint16(l.buf[2*i:]))
	}
	clear(pcm[n:])
	return nil
}

// LinearHeader is the header of a WAV file with n bytes of 16-bit audio.
func LinearHeader(n int64) []byte { return wavHeader(wavLinear, 16, n) }

// Header is the header of a WAV file with n bytes of G.711.
func Header(c call.Codec, n int64) []byte {
	if c == call.PCMA {
		return wavHeader(wavALaw, 8, n)
	}
	return wavHeader(wavMuLaw, 8, n)
}

func wavHeader(tag, bits uint16, n int64) []byte {
	size := uint32(min(n, 0xFFFFFF00))
	extra := uint32(0)
	if tag != wavLinear {
		extra = 2 // cbSize, which the format needs when it is not linear
	}
	b := make([]byte, 0, 46)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, 36+extra+size)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16+extra)
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, call.SampleRate)
	b = binary.LittleEndian.AppendUint32(b, call.SampleRate*uint32(bits)/8)
	b = binary.LittleEndian.AppendUint16(b, bits/8)
	b = binary.LittleEndian.AppendUint16(b, bits)
	if extra > 0 {
		b = binary.LittleEndian.AppendUint16(b, 0)
	}
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, size)
}

// A WAVWriter is a call.Sink that writes a WAV file of 16-bit linear audio.
type WAVWriter struct {
	w   io.WriteSeeker
	n   int64
	buf [2 * call.FrameSamples]byte
}

// NewWAVWriter writes the header; Close puts the final size into it.
func NewWAVWriter(w io.WriteSeeker) (*WAVWriter, error) {
	if _, err := w.Write(LinearHeader(0)); err != nil {
		return nil, fmt.Errorf("write WAV header: %w", err)
	}
	return &WAVWriter{w: w}, nil
}

// WriteFrame appends a frame.
func (w *WAVWriter) WriteFrame(f call.Frame) error {
	var pcm call.PCM
	return w.Write(Decode(pcm[:], f.Codec, f.Payload))
}

// Write appends samples, a frame at the most.
func (w *WAVWriter) Write(pcm []int16) error {
	b := w.buf[:0]
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	n, err := w.w.Write(b)
	w.n += int64(n)
	if err != nil {
		return fmt.Errorf("write WAV: %w", err)
	}
	return nil
}

// Close completes the header. The file below stays open.
func (w *WAVWriter) Close() error {
	if _, err := w.w.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("complete WAV header: %w", err)
	}
	if _, err := w.w.Write(LinearHeader(w.n)); err != nil {
		return fmt.Errorf("complete WAV header: %w", err)
	}
	_, err := w.w.Seek(0, io.SeekEnd)
	return err
}
