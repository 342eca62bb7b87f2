package voicemail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
)

// playMessage plays the envelope and the message at s.at, which is then heard, unless it could not be read to its end. It
// gives the key that interrupted it.
func (s *session) playMessage(ctx context.Context) (byte, error) {
	m := &s.list[s.at]
	audio, failed := s.audio(ctx, m)
	if errors.Is(failed, ErrNotFound) {
		return '6', nil // deleted elsewhere meanwhile
	}
	if failed != nil {
		s.log.Error("message cannot be played", "aor", s.box.AoR, "message", m.ID, "err", failed)
	}
	key, err := s.play(ctx, prompt.Join(s.envelope(ctx), prompt.Frames(m.Codec, bytes.NewReader(audio))))
	if err != nil || ctx.Err() != nil {
		return nothing, err
	}
	if m.State == StateNew && failed == nil {
		if err := s.cfg.Store.MarkHeard(ctx, s.box.AoR, m.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return nothing, err
		}
		m.State = StateSaved
	}
	return key, nil
}

// audio reads the whole message before it is played, so that a slow database is not heard in it.
func (s *session) audio(ctx context.Context, m *Message) ([]byte, error) {
	a, err := s.cfg.Store.Audio(ctx, s.box.AoR, m.ID)
	if err != nil {
		return nil, err
	}
	audio, err := io.ReadAll(io.NewSectionReader(a, 0, int64(a.Bytes)))
	if err == nil && len(audio) < a.Bytes {
		err = io.ErrUnexpectedEOF
	}
	return audio, err
}

// envelope says which message it is, when it came and from whom.
func (s *session) envelope(ctx context.Context) call.Source {
	m, now := s.list[s.at], s.now()
	created := m.Created.In(s.box.Location)
	names := s.position()
	names = append(names, "vm-received")
	names = append(names, s.pack.Date(created, now)...)
	names = append(names, s.pack.Time(created)...)
	if name := s.callerName(ctx, m.Caller); name != nil {
		return prompt.Join(s.source(append(names, "vm-from")...), name)
	}
	return s.source(append(names, s.caller(m.Caller)...)...)
}

func (s *session) position() []string {
	switch {
	case s.at == 0:
		return []string{"vm-first", "vm-message"}
	case s.at == len(s.list)-1:
		return []string{"vm-last", "vm-message"}
	}
	return append([]string{"vm-message"}, s.pack.Number(s.at+1)...)
}

// caller says who called, key by key.
func (s *session) caller(p call.Party) []string {
	user, _, _ := strings.Cut(p.AoR, "@")
	switch {
	case p.Number != "":
		return append([]string{"vm-from-phonenumber"}, s.pack.Spell(strings.TrimPrefix(p.Number, "+"))...)
	case user != "" && strings.Trim(user, "0123456789") == "":
		return append([]string{"vm-from-extension"}, s.pack.Spell(user)...)
	case user != "":
		return append([]string{"vm-from"}, s.pack.Spell(user)...)
	}
	return []string{"vm-unknown-caller"}
}

// callerName gives the recorded name of a caller who is known for certain; nil: there is none.
func (s *session) callerName(ctx context.Context, p call.Party) call.Source {
	if !p.Verified || p.AoR == "" {
		return nil
	}
	g, err := s.cfg.Store.Greeting(ctx, p.AoR, Name)
	if err != nil {
		return nil
	}
	return prompt.Frames(g.Codec, bytes.NewReader(g.Audio))
}
