package voicemailpg

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"tandem/voicemail"
	"tandem/voicemail/voicemailpg/internal/db"
)

// foreignKeyViolation is the SQLSTATE of a reference to something that is gone.
const foreignKeyViolation = "23503"

// Begin makes a message, being recorded and empty.
func (s *Store) Begin(ctx context.Context, m voicemail.Message) error {
	err := s.q.Begin(ctx, db.BeginParams{
		ID: m.ID, Mailbox: m.Mailbox, Reason: int16(m.Reason), LegID: m.LegID, Codec: codecNames[m.Codec], CreatedAt: m.Created,
		CallerAor: m.Caller.AoR, CallerNumber: m.Caller.Number, CallerName: m.Caller.Name, CallerVerified: m.Caller.Verified,
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == foreignKeyViolation {
		return found("begin message", 0, nil)
	}
	return found("begin message", 1, err)
}

// Append adds a piece of audio. A recording that another peer took for lost goes on growing.
func (s *Store) Append(ctx context.Context, mailbox string, id uuid.UUID, c voicemail.Chunk) error {
	err := inTx(ctx, s, func(q *db.Queries) error {
		n, err := q.Grow(ctx, db.GrowParams{
			ID: id, Mailbox: mailbox, EndBytes: int32(c.Start + len(c.Audio)), SpeechMs: int32(c.Speech.Milliseconds()),
		})
		if err != nil || n == 0 {
			return found("grow", n, err)
		}
		return q.AddChunk(ctx, db.AddChunkParams{MessageID: id, StartBytes: int32(c.Start), Audio: c.Audio})
	})
	return found("append to message", 1, err)
}

// Finish cuts a message to its final length and makes it new.
func (s *Store) Finish(ctx context.Context, mailbox string, id uuid.UUID, e voicemail.Ended) error {
	by := string(e.By)
	err := inTx(ctx, s, func(q *db.Queries) error {
		n, err := q.Finish(ctx, db.FinishParams{
			ID: id, Mailbox: mailbox, EndedBy: &by, AudioBytes: int32(e.Bytes), SpeechMs: int32(e.Speech.Milliseconds()),
		})
		if err != nil || n == 0 {
			return found("finish", n, err)
		}
		return q.CutChunks(ctx, db.CutChunksParams{MessageID: id, AudioBytes: int32(e.Bytes)})
	})
	return found("finish message", 1, err)
}

// Discard removes a message that turned out to be none.
func (s *Store) Discard(ctx context.Context, mailbox string, id uuid.UUID) error {
	return found("discard message", 1, s.q.Discard(ctx, db.DiscardParams{ID: id, Mailbox: mailbox}))
}

// Sweep finishes the recordings of peers that died.
func (s *Store) Sweep(ctx context.Context, idle time.Duration) (int, error) {
	n, err := s.q.Sweep(ctx, idle.Milliseconds())
	if err == nil {
		_, err = s.q.SweepEmpty(ctx, idle.Milliseconds())
	}
	return int(n), found("sweep", 1, err)
}

// Purge removes what has been in the trash for longer than age.
func (s *Store) Purge(ctx context.Context, age time.Duration) (int, error) {
	n, err := s.q.Purge(ctx, age.Milliseconds())
	return int(n), found("purge", 1, err)
}
