package voicemailpg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tandem/voicemail"
	"tandem/voicemail/voicemailpg/internal/db"
)

// EnsureMailbox gives the mailbox of a user, and makes it the first time.
func (s *Store) EnsureMailbox(ctx context.Context, owner string) (voicemail.Mailbox, error) {
	row, err := s.q.Mailbox(ctx, owner)
	if errors.Is(err, pgx.ErrNoRows) {
		if err := s.q.MakeMailbox(ctx, owner); err != nil {
			return voicemail.Mailbox{}, found("make mailbox", 1, err)
		}
		row, err = s.q.Mailbox(ctx, owner)
	}
	if err != nil {
		return voicemail.Mailbox{}, found("mailbox", 1, err)
	}
	return mailbox(row), nil
}

func mailbox(row db.MailboxRow) voicemail.Mailbox {
	loc, err := time.LoadLocation(row.Timezone)
	if err != nil {
		loc = time.UTC
	}
	return voicemail.Mailbox{AoR: row.Aor, Language: row.Language, Location: loc, Kept: int(row.Kept), Limits: voicemail.Limits{
		Messages:  int(row.MaxMessages),
		Length:    milliseconds(row.MaxMessageMs),
		MinSpeech: milliseconds(row.MinSpeechMs),
		Silence:   milliseconds(row.MaxSilenceMs),
	}}
}

// SetLimits changes the limits of a mailbox; they hold from the next call on.
func (s *Store) SetLimits(ctx context.Context, owner string, l voicemail.Limits) error {
	n, err := s.q.SetLimits(ctx, db.SetLimitsParams{
		Owner:        owner,
		MaxMessages:  int32(l.Messages),
		MaxMessageMs: int32(l.Length.Milliseconds()),
		MinSpeechMs:  int32(l.MinSpeech.Milliseconds()),
		MaxSilenceMs: int32(l.Silence.Milliseconds()),
	})
	return found("set limits", n, err)
}

// Greeting gives the greeting of that kind, unless it has ended.
func (s *Store) Greeting(ctx context.Context, owner string, kind voicemail.GreetingKind) (voicemail.Greeting, error) {
	row, err := s.q.Greeting(ctx, db.GreetingParams{Owner: owner, Kind: string(kind)})
	if err != nil {
		return voicemail.Greeting{}, found("greeting", 1, err)
	}
	return voicemail.Greeting{Kind: kind, Codec: codecOf(row.Codec), Audio: row.Audio, CreatedAt: row.CreatedAt, EndsAt: timeOf(row.EndsAt)}, nil
}

// SetGreeting keeps a greeting instead of the one of its kind.
func (s *Store) SetGreeting(ctx context.Context, owner string, g voicemail.Greeting) error {
	if _, err := s.EnsureMailbox(ctx, owner); err != nil {
		return err
	}
	arg := db.SetGreetingParams{Owner: owner, Kind: string(g.Kind), Codec: codecNames[g.Codec], Audio: g.Audio}
	if !g.EndsAt.IsZero() {
		arg.EndsAt = &g.EndsAt
	}
	return found("set greeting", 1, s.q.SetGreeting(ctx, arg))
}

// DeleteGreeting removes a greeting; the stock greeting is heard again.
func (s *Store) DeleteGreeting(ctx context.Context, owner string, kind voicemail.GreetingKind) error {
	return found("delete greeting", 1, s.q.DeleteGreeting(ctx, db.DeleteGreetingParams{Owner: owner, Kind: string(kind)}))
}
