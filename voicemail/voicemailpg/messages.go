package voicemailpg

import (
	"context"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg/internal/db"
)

// Messages lists the messages in the given states, or the new and saved ones, oldest first.
func (s *Store) Messages(ctx context.Context, owner string, states ...voicemail.State) ([]voicemail.Message, error) {
	if len(states) == 0 {
		states = []voicemail.State{voicemail.StateNew, voicemail.StateSaved}
	}
	arg := db.MessagesParams{Owner: owner}
	for _, st := range states {
		arg.States = append(arg.States, string(st))
	}
	rows, err := s.q.Messages(ctx, arg)
	if err != nil {
		return nil, found("messages", 1, err)
	}
	list := make([]voicemail.Message, len(rows))
	for i, row := range rows {
		list[i] = message(row)
	}
	return list, nil
}

// Message gives one message.
func (s *Store) Message(ctx context.Context, owner string, id uuid.UUID) (voicemail.Message, error) {
	row, err := s.q.Message(ctx, db.MessageParams{Owner: owner, ID: id})
	if err != nil {
		return voicemail.Message{}, found("message", 1, err)
	}
	return message(row), nil
}

func message(row db.Message) voicemail.Message {
	m := voicemail.Message{
		ID: row.ID, Mailbox: row.Mailbox, State: voicemail.State(row.State), LegID: row.LegID,
		Reason: call.Reason(row.Reason), Codec: codecOf(row.Codec), Bytes: int(row.AudioBytes), Speech: milliseconds(row.SpeechMs),
		Created: row.CreatedAt, Heard: timeOf(row.HeardAt), Trashed: timeOf(row.TrashedAt),
		Caller: call.Party{AoR: row.CallerAor, Number: row.CallerNumber, Name: row.CallerName, Verified: row.CallerVerified},
	}
	if row.EndedBy != nil {
		m.EndedBy = voicemail.Ending(*row.EndedBy)
	}
	return m
}

// Counts gives how many messages are in each state.
func (s *Store) Counts(ctx context.Context, owner string) (voicemail.Counts, error) {
	row, err := s.q.Counts(ctx, owner)
	if err != nil {
		return voicemail.Counts{}, found("counts", 1, err)
	}
	return voicemail.Counts{New: int(row.New), Saved: int(row.Saved), Trash: int(row.Trash)}, nil
}

// MarkHeard makes a new message a saved one.
func (s *Store) MarkHeard(ctx context.Context, owner string, id uuid.UUID) error {
	n, err := s.q.MarkHeard(ctx, db.MarkHeardParams{Owner: owner, ID: id})
	return found("mark heard", n, err)
}

// MarkNew makes a saved message a new one.
func (s *Store) MarkNew(ctx context.Context, owner string, id uuid.UUID) error {
	n, err := s.q.MarkNew(ctx, db.MarkNewParams{Owner: owner, ID: id})
	return found("mark new", n, err)
}

// Save makes a new message, or one from the trash, a saved one.
func (s *Store) Save(ctx context.Context, owner string, id uuid.UUID) error {
	n, err := s.q.Save(ctx, db.SaveParams{Owner: owner, ID: id})
	return found("save", n, err)
}

// Trash puts a message into the trash.
func (s *Store) Trash(ctx context.Context, owner string, id uuid.UUID) error {
	n, err := s.q.Trash(ctx, db.TrashParams{Owner: owner, ID: id})
	return found("trash", n, err)
}

// Delete removes a message for good.
func (s *Store) Delete(ctx context.Context, owner string, id uuid.UUID) error {
	n, err := s.q.DeleteMessage(ctx, db.DeleteMessageParams{Owner: owner, ID: id})
	return found("delete", n, err)
}
