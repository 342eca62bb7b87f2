package voicemail_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"
	"time"

	"github.com/zaf/g711"

	"tandem/gateway/call"
	"tandem/voicemail"
)

func TestWAV(t *testing.T) {
	t.Parallel()
	all := make([]byte, 1001) // every code, an odd length
	for i := range all {
		all[i] = byte(i)
	}
	for codec, decode := range map[call.Codec]func(byte) int16{call.PCMU: g711.DecodeUlawFrame, call.PCMA: g711.DecodeAlawFrame} {
		audio := voicemail.Audio{Codec: codec, Bytes: len(all), ReaderAt: bytes.NewReader(all)}
		file, err := io.ReadAll(audio.WAV())
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(file)) != audio.WAV().Size() || len(file) != 44+2*len(all) {
			t.Fatalf("%d bytes, Size says %d, want %d", len(file), audio.WAV().Size(), 44+2*len(all))
		}
		if got := binary.LittleEndian.Uint32(file[4:]); int(got) != len(file)-8 {
			t.Errorf("the RIFF chunk says %d bytes, want %d", got, len(file)-8)
		}
		if rate, bits := binary.LittleEndian.Uint32(file[24:]), binary.LittleEndian.Uint16(file[34:]); rate != 8000 || bits != 16 {
			t.Errorf("%d Hz, %d bits; want 8000, 16", rate, bits)
		}
		for i, b := range all {
			if got := int16(binary.LittleEndian.Uint16(file[44+2*i:])); got != decode(b) {
				t.Fatalf("codec %d: sample %d is %d, want %d", codec, i, got, decode(b))
			}
		}
		if err := iotest.TestReader(audio.WAV(), file); err != nil {
			t.Error(err)
		}
	}
}

func TestWAVByHTTPRange(t *testing.T) {
	t.Parallel()
	audio := voicemail.Audio{Codec: call.PCMU, Bytes: 1000, ReaderAt: bytes.NewReader(bytes.Repeat([]byte{1, 2, 3, 4}, 250))}
	file, _ := io.ReadAll(audio.WAV())
	for header, want := range map[string][]byte{
		"bytes=0-":      file,
		"bytes=0-1":     file[:2],
		"bytes=43-46":   file[43:47],
		"bytes=101-204": file[101:205],
		"bytes=-7":      file[len(file)-7:],
	} {
		r, w := httptest.NewRequest("GET", "/m.wav", nil), httptest.NewRecorder()
		r.Header.Set("Range", header)
		http.ServeContent(w, r, "m.wav", time.Now(), audio.WAV())
		if w.Code != http.StatusPartialContent || !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("%s: status %d, %d bytes; want 206, %d", header, w.Code, w.Body.Len(), len(want))
		}
	}
}
