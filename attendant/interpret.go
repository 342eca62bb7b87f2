package attendant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
	"tandem/gateway/prompt/dialogue"
)

const (
	lookup         = 3 * time.Second // bounds the question for a menu: a caller waits for the answer
	defaultTimeout = 5 * time.Second
	defaultRetries = 2

	// maxMenus is how many menus one call goes through: documents may lead in a circle, a call must end.
	maxMenus = 100
)

// A visit is one caller in the attendant.
type visit struct {
	*Service
	leg  call.Leg
	pack *prompt.Pack
}

// run answers, and goes from menu to menu until one leads out.
func (s *Service) run(ctx context.Context, leg call.Leg, m Menu) error {
	if err := leg.Answer(ctx); err != nil {
		return err
	}
	v := &visit{Service: s, leg: leg, pack: s.cfg.Prompts.Pack(s.cfg.Language)}
	for range maxMenus {
		t, err := v.ask(ctx, m)
		if err != nil {
			return over(ctx, err)
		}
		s.log.Info("menu left", "menu", m.Name, "leg", leg.ID(), "target", t.String())
		switch {
		case t.Repeat:
		case t.Menu != "":
			if m, err = s.menu(ctx, t.Menu); err != nil {
				return v.fail(ctx, fmt.Errorf("menu %s: %w", t.Menu, err))
			}
		case t.Hangup:
			return v.goodbye(ctx)
		default:
			return over(ctx, s.cfg.Connect.Connect(ctx, leg, t))
		}
	}
	return v.fail(ctx, fmt.Errorf("menu %s: more than %d menus in one call", m.Name, maxMenus))
}

// ask asks the menu's question until it is answered, or often enough, and says where the call goes.
func (v *visit) ask(ctx context.Context, m Menu) (Target, error) {
	last := m.noInput()
	for try := range m.tries() {
		key, err := dialogue.Ask(ctx, v.leg, v.source(ctx, m.asks(try)), m.timeout())
		if err != nil {
			return Target{}, err
		}
		if t, ok := m.choice(key); ok {
			return t, nil
		}
		last = m.noInput()
		if key != dialogue.None {
			last = m.invalid()
			if err := v.play(ctx, m.InvalidPrompt, "pbx-invalid"); err != nil {
				return Target{}, err
			}
		}
	}
	return last, nil
}

// play says a prompt, or the stock one if it is empty, to its end. A key stays typed ahead for the next question.
func (v *visit) play(ctx context.Context, p Prompt, stock string) error {
	if len(p) == 0 {
		p = Prompt{{Sound: stock}}
	}
	return v.leg.Play(ctx, v.source(ctx, p))
}

func (v *visit) goodbye(ctx context.Context) error {
	err := v.play(ctx, nil, "vm-goodbye")
	v.leg.Hangup(call.NormalClearing)
	return over(ctx, err)
}

// fail says goodbye to a caller whom a fault of ours sends away.
func (v *visit) fail(ctx context.Context, err error) error {
	_ = v.play(ctx, nil, "vm-goodbye")
	return err
}

// source joins the pieces of a prompt. One that cannot be played is left out: better a gap than a dead line.
func (v *visit) source(ctx context.Context, p Prompt) call.Source {
	var parts []call.Source
	for _, piece := range p {
		src, err := v.piece(ctx, piece)
		if err != nil {
			v.log.Error("prompt cannot be played", "leg", v.leg.ID(), "err", err)
			continue
		}
		parts = append(parts, src)
	}
	return prompt.Join(parts...)
}

func (v *visit) piece(ctx context.Context, p Piece) (call.Source, error) {
	switch {
	case p.Sound != "":
		return v.pack.Say(p.Sound)
	case p.Spell != "":
		return v.pack.Say(v.pack.Spell(p.Spell)...)
	case p.Audio != uuid.Nil:
		a, err := v.cfg.Menus.Audio(ctx, p.Audio)
		if err != nil {
			return nil, err
		}
		return prompt.Frames(a.Codec, bytes.NewReader(a.Audio)), nil
	case v.cfg.Speak == nil:
		return nil, errors.New("a text needs a speech service")
	}
	return v.cfg.Speak(ctx, v.cfg.Language, p.Text)
}

// over is the end of a call: that the far side hung up is no error of ours.
func over(ctx context.Context, err error) error {
	var cause call.Cause
	if ctx.Err() != nil || errors.As(err, &cause) {
		return nil
	}
	return err
}
