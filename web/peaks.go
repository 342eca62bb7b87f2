package web

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/zaf/g711"

	"tandem/gateway/call"
	"tandem/voicemail"
)

// peakCount is how many parts a waveform has: more than a page draws.
const peakCount = 480

type peaksOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Peaks []int `json:"peaks" nullable:"false" doc:"The loudest of each part, 0 to 100 of the loudest of all"`
	}
}

// peaks lets the page draw a message before it has fetched its audio.
func (p *Portal) peaks(ctx context.Context, in *ByID) (*peaksOut, error) {
	m, err := p.own(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	a, err := p.cfg.Messages.Audio(ctx, m.Mailbox, in.ID)
	if err != nil {
		return nil, err
	}
	out := &peaksOut{CacheControl: "private, max-age=3600"}
	out.Body.Peaks, err = measure(a, peakCount)
	return out, err
}

// measure reads a from its start to its end and finds the loudest sample of each of n equal parts.
func measure(a voicemail.Audio, n int) ([]int, error) {
	decode := g711.DecodeUlawFrame
	if a.Codec == call.PCMA {
		decode = g711.DecodeAlawFrame
	}
	peaks, loudest := make([]int, n), 1
	r, buf, at := io.NewSectionReader(a, 0, int64(a.Bytes)), make([]byte, 32<<10), 0
	for {
		got, err := r.Read(buf)
		for _, c := range buf[:got] {
			level := magnitude(decode(c))
			peak := &peaks[at*n/a.Bytes]
			*peak, loudest, at = max(*peak, level), max(loudest, level), at+1
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read message: %w", err)
		}
	}
	for i, v := range peaks {
		peaks[i] = v * 100 / loudest
	}
	return peaks, nil
}

func magnitude(sample int16) int { return max(int(sample), -int(sample)) }
