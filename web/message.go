package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"tandem/voicemail"
)

// Message is what somebody left for the viewer.
type Message struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Caller     string     `json:"caller" doc:"Number or address; empty: withheld"`
	CallerName string     `json:"caller_name" doc:"What the caller's side calls itself: not to be trusted"`
	Verified   bool       `json:"verified" doc:"The caller's address was proven by a certificate"`
	Reason     string     `json:"reason" enum:"busy,declined,away,no-answer,direct" doc:"Why the caller came to the mailbox"`
	ReceivedAt time.Time  `json:"received_at"`
	DurationMS int64      `json:"duration_ms"`
	Heard      bool       `json:"heard"`
	TrashedAt  *time.Time `json:"trashed_at" doc:"When it was deleted; null: it is not in the trash"`
	Audio      string     `json:"audio" doc:"Where to get it as WAV; answers byte ranges"`
}

func asMessage(m voicemail.Message) Message {
	v := Message{
		ID: m.ID, CallerName: m.Caller.Name, Verified: m.Caller.Verified, Reason: reason(m.Reason),
		ReceivedAt: m.Created, DurationMS: m.Duration().Milliseconds(), Heard: !m.Heard.IsZero(),
		Audio: "/api/messages/" + m.ID.String() + "/audio",
	}
	if !m.Caller.Anonymous {
		v.Caller = cmp.Or(m.Caller.AoR, m.Caller.Number)
	} else {
		v.CallerName = ""
	}
	if m.State == voicemail.StateTrash {
		v.TrashedAt = &m.Trashed
	}
	return v
}

// ByID names a thing in the path.
type ByID struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type messagesIn struct {
	Folder string `query:"folder" enum:"inbox,trash" default:"inbox"`
}

type messagesOut struct {
	Body struct {
		Messages []Message `json:"messages" nullable:"false"`
		New      int       `json:"new" doc:"How many have not been heard"`
		Trash    int       `json:"trash" doc:"How many are in the trash"`
	}
}

func (p *Portal) messages(ctx context.Context, in *messagesIn) (*messagesOut, error) {
	owner, states := me(ctx).AoR, []voicemail.State{voicemail.StateNew, voicemail.StateSaved}
	if in.Folder == "trash" {
		states = []voicemail.State{voicemail.StateTrash}
	}
	list, err := p.cfg.Messages.Messages(ctx, owner, states...)
	if err != nil {
		return nil, err
	}
	counts, err := p.cfg.Messages.Counts(ctx, owner)
	if err != nil {
		return nil, err
	}
	out := &messagesOut{}
	out.Body.New, out.Body.Trash = counts.New, counts.Trash
	out.Body.Messages = make([]Message, 0, len(list))
	for _, m := range slices.Backward(list) { // newest first
		out.Body.Messages = append(out.Body.Messages, asMessage(m))
	}
	return out, nil
}

type messageOut struct{ Body Message }

func (p *Portal) message(ctx context.Context, in *ByID) (*messageOut, error) {
	m, err := p.own(ctx, in.ID)
	return &messageOut{asMessage(m)}, err
}

// own is a finished message of the viewer's.
func (p *Portal) own(ctx context.Context, id uuid.UUID) (voicemail.Message, error) {
	m, err := p.cfg.Messages.Message(ctx, me(ctx).AoR, id)
	if err == nil && m.State == voicemail.StateRecording {
		return voicemail.Message{}, voicemail.ErrNotFound
	}
	return m, err
}

type markIn struct {
	ByID
	Body struct {
		Heard bool `json:"heard" doc:"False makes it new again"`
	}
}

func (p *Portal) markMessage(ctx context.Context, in *markIn) (*messageOut, error) {
	mark := p.cfg.Messages.MarkNew
	if in.Body.Heard {
		mark = p.cfg.Messages.MarkHeard
	}
	if err := mark(ctx, me(ctx).AoR, in.ID); err != nil {
		return nil, err
	}
	return p.message(ctx, &in.ByID)
}

type deleteIn struct {
	ByID
	Forever bool `query:"forever" doc:"Not into the trash: it cannot be had back"`
}

func (p *Portal) deleteMessage(ctx context.Context, in *deleteIn) (*struct{}, error) {
	if in.Forever {
		return nil, p.cfg.Messages.Delete(ctx, me(ctx).AoR, in.ID)
	}
	return nil, p.cfg.Messages.Trash(ctx, me(ctx).AoR, in.ID)
}

// restoreMessage takes a message out of the trash as what it was before.
func (p *Portal) restoreMessage(ctx context.Context, in *ByID) (*messageOut, error) {
	m, err := p.own(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	restore := p.cfg.Messages.Save
	if m.Heard.IsZero() {
		restore = p.cfg.Messages.MarkNew
	}
	if err := restore(ctx, m.Mailbox, in.ID); err != nil {
		return nil, err
	}
	return p.message(ctx, in)
}
