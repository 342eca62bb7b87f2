package voicemailpg

import (
	"context"
	"io"
	"sync"

	"github.com/google/uuid"

	"tandem/voicemail"
	"tandem/voicemail/voicemailpg/internal/db"
)

// readAhead is how much audio one query fetches, in bytes: 8 s.
const readAhead = 64 << 10

// Audio gives what a message says, read from the database as it is read.
func (s *Store) Audio(ctx context.Context, owner string, id uuid.UUID) (voicemail.Audio, error) {
	m, err := s.Message(ctx, owner, id)
	if err != nil {
		return voicemail.Audio{}, err
	}
	r := &chunkReader{ctx: ctx, q: s.q, owner: owner, id: id, size: m.Bytes}
	return voicemail.Audio{Codec: m.Codec, Bytes: m.Bytes, ReaderAt: r}, nil
}

// A chunkReader is an io.ReaderAt over the chunks of one message. It keeps the window it read last.
type chunkReader struct {
	ctx   context.Context // bounds the reading, which io.ReaderAt has no argument for
	q     *db.Queries
	owner string
	id    uuid.UUID
	size  int

	mu     sync.Mutex
	start  int // of window, in the message
	window []byte
}

// ReadAt reads len(p) bytes from off. A hole in the audio, which no recording leaves, is io.ErrUnexpectedEOF.
func (r *chunkReader) ReadAt(p []byte, off int64) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		at := int(off) + n
		if at >= r.size {
			return n, io.EOF
		}
		if at < r.start || at >= r.start+len(r.window) {
			if err := r.fetch(at); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], r.window[at-r.start:])
	}
	return n, nil
}

// fetch fills the window with the chunks from the one that holds at.
func (r *chunkReader) fetch(at int) error {
	rows, err := r.q.Chunks(r.ctx, db.ChunksParams{Owner: r.owner, ID: r.id, Since: int32(at), Until: int32(at + readAhead)})
	if err != nil {
		return found("read audio", 1, err)
	}
	if len(rows) == 0 {
		return found("read audio", 0, nil)
	}
	r.start, r.window = int(rows[0].StartBytes), r.window[:0]
	for _, row := range rows {
		if int(row.StartBytes) != r.start+len(r.window) {
			break
		}
		r.window = append(r.window, row.Audio...)
	}
	r.window = r.window[:min(len(r.window), r.size-r.start)]
	if at >= r.start+len(r.window) {
		return io.ErrUnexpectedEOF
	}
	return nil
}
