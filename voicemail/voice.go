package voicemail

import (
	"context"
	"errors"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
	"tandem/gateway/prompt/dialogue"
)

// A voice speaks to one leg in one language.
type voice struct {
	*Service
	leg  call.Leg
	pack *prompt.Pack
}

func (s *Service) voice(leg call.Leg, language string) *voice {
	return &voice{Service: s, leg: leg, pack: s.cfg.Prompts.Pack(language)}
}

// source joins prompts. One that no pack has is left out: better a gap than a dead line.
func (v *voice) source(names ...string) call.Source {
	src, err := v.pack.Say(names...)
	if err == nil {
		return src
	}
	v.log.Error("prompt missing", "err", err)
	var parts []call.Source
	for _, name := range names {
		if src, err := v.pack.Say(name); err == nil {
			parts = append(parts, src)
		}
	}
	return prompt.Join(parts...)
}

// say speaks until the end or a key, which it gives.
func (v *voice) say(ctx context.Context, names ...string) (byte, error) {
	return dialogue.Play(ctx, v.leg, v.source(names...))
}

// play plays until the end or a key, which it gives.
func (v *voice) play(ctx context.Context, src call.Source) (byte, error) {
	return dialogue.Play(ctx, v.leg, src)
}

// beep says that the recording begins. No key interrupts it.
func (v *voice) beep(ctx context.Context) error { return v.leg.Play(ctx, prompt.Beep()) }

// over is the end of a call: that the far side hung up is no error of ours.
func over(ctx context.Context, err error) error {
	var cause call.Cause
	if ctx.Err() != nil || errors.As(err, &cause) {
		return nil
	}
	return err
}
