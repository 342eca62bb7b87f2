package voicemail

import (
	"context"
	"errors"
	"time"

	"github.com/zaf/g711"

	"tandem/gateway/call"
)

// Why a recording ended, as errors of a sink or causes of a context.
var (
	errKey     = errors.New("the caller pressed #")
	errSilence = errors.New("the caller fell silent")
	errLimit   = errors.New("the message has its greatest length")
)

// ending tells how a recording ended from what Record returned. What is no ordinary end stays an error, but the
// message is kept all the same.
func ending(ctx context.Context, err error) (Ending, error) {
	switch {
	case errors.Is(err, errSilence):
		return BySilence, nil
	case errors.Is(err, errLimit):
		return ByLimit, nil
	case errors.Is(context.Cause(ctx), errKey):
		return ByKey, nil
	case ctx.Err() != nil:
		return ByHangup, nil
	}
	return ByHangup, err
}

const (
	frameTime = 20 * time.Millisecond

	// chunkBytes is one second: what can be lost when this process is killed.
	chunkBytes = bytesPerSecond

	// tail is how much silence is left after the last speech.
	tail = 500 * time.Millisecond
)

// A keeper keeps what a take records. It must not wait.
type keeper interface {
	begin(c call.Codec)
	append(c Chunk)
}

// A take is a message or greeting while it is recorded: a call.Sink. It runs at the pace of the call and never waits.
type take struct {
	limits Limits
	keep   keeper

	codec  call.Codec // the first frame's: the message's
	chunk  []byte     // not given to the keeper yet
	bytes  int        // recorded in all
	speech meter
}

// record records from leg until the far side hangs up, presses #, falls silent or has said enough.
func (t *take) record(ctx context.Context, leg call.Leg) (Ending, error) {
	recording, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		if waitFor(recording, leg, '#') {
			stop(errKey)
		}
	}()
	return ending(recording, leg.Record(recording, t))
}

// waitFor reports whether the key was pressed before ctx ended.
func waitFor(ctx context.Context, leg call.Leg, key byte) bool {
	for {
		select {
		case d := <-leg.Digits():
			if d.Key == key {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// WriteFrame keeps a frame, and ends the recording after enough silence or at the limit.
func (t *take) WriteFrame(f call.Frame) error {
	if t.codec == 0 {
		t.codec = f.Codec
		t.keep.begin(f.Codec)
	}
	t.speech.hear(f)
	t.append(f)
	if len(t.chunk) >= chunkBytes {
		t.flush()
	}
	switch {
	case t.speech.silence >= t.limits.Silence:
		return errSilence
	case t.length() >= t.limits.Length:
		return errLimit
	}
	return nil
}

func (t *take) length() time.Duration { return durationOf(t.bytes) }

// append adds the frame's audio in the message's codec: a caller who is moved in the middle may change it.
func (t *take) append(f call.Frame) {
	if t.chunk == nil {
		t.chunk = make([]byte, 0, chunkBytes+call.FrameSamples)
	}
	for _, b := range f.Payload {
		switch {
		case f.Codec == t.codec:
		case t.codec == call.PCMU:
			b = g711.Alaw2UlawFrame(b)
		default:
			b = g711.Ulaw2AlawFrame(b)
		}
		t.chunk = append(t.chunk, b)
	}
	t.bytes += len(f.Payload)
}

// flush gives the chunk to the keeper.
func (t *take) flush() {
	if len(t.chunk) == 0 {
		return
	}
	t.keep.append(Chunk{Start: t.bytes - len(t.chunk), Audio: t.chunk, Speech: t.speech.total})
	t.chunk = nil
}

// end flushes what is left and says what of the message counts: nothing after the last speech but a short tail.
func (t *take) end(by Ending) Ended {
	t.flush()
	return Ended{By: by, Bytes: min(t.bytes, bytesOf(t.speech.last+tail)), Speech: t.speech.total}
}

func durationOf(bytes int) time.Duration { return time.Duration(bytes) * time.Second / bytesPerSecond }

func bytesOf(d time.Duration) int { return int(d * bytesPerSecond / time.Second) }

// loud is the mean square from which a frame can be speech: -42 dB below full scale. Line noise is below it, a quiet
// talker above.
const loud = 260 * 260

// run is how many loud frames in a row are speech, and not a click.
const run = 3

// A meter tells speech from silence by level.
type meter struct {
	at      time.Duration // what was heard so far
	run     int           // loud frames up to now
	total   time.Duration // of speech
	last    time.Duration // where the last speech ended
	silence time.Duration // since then
}

// hear measures a frame. Concealment of a lost one counts as what it sounds like.
func (m *meter) hear(f call.Frame) {
	m.at += durationOf(len(f.Payload))
	if meanSquare(f) < loud {
		m.run = 0
		m.silence = m.at - m.last
		return
	}
	m.run++
	switch {
	case m.run == run:
		m.total += run * frameTime
	case m.run > run:
		m.total += frameTime
	}
	if m.run >= run {
		m.last = m.at
	}
	m.silence = m.at - m.last
}

func meanSquare(f call.Frame) int64 {
	var sum int64
	for _, b := range f.Payload {
		s := int64(linear(f.Codec, b))
		sum += s * s
	}
	return sum / max(1, int64(len(f.Payload)))
}
