package voicemail

import (
	"bytes"
	"context"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
)

// An option is a greeting that the owner may record by telephone.
type option struct {
	kind   GreetingKind
	prompt string
}

var recordings = map[byte]option{
	'1': {Unavailable, "vm-rec-unv"},
	'2': {Busy, "vm-rec-busy"},
	'3': {Name, "vm-rec-name"},
	'4': {Temporary, "vm-rec-temp"},
}

// options is the menu of the mailbox: record greetings.
func (s *session) options(ctx context.Context) (byte, error) {
	for {
		key, err := s.menu(ctx, "vm-options")
		if err != nil || key == done {
			return key, err
		}
		o, ok := recordings[key]
		switch {
		case ok:
			err = s.recordGreeting(ctx, o)
		case key == '*' || key == '#':
			return nothing, nil
		case key != nothing:
			_, err = s.say(ctx, "vm-sorry")
		}
		if err != nil {
			return nothing, err
		}
	}
}

// greetingLimits bound a greeting.
var greetingLimits = Limits{Length: 2 * time.Minute, Silence: 10 * time.Second}

// A memory is a keeper of a greeting until it is accepted.
type memory struct {
	codec call.Codec
	audio bytes.Buffer
}

func (m *memory) begin(c call.Codec) { m.codec = c }
func (m *memory) append(c Chunk)     { m.audio.Write(c.Audio) }

// recordGreeting records until the owner accepts. Nothing goes live before.
func (s *session) recordGreeting(ctx context.Context, o option) error {
	for {
		if _, err := s.say(ctx, o.prompt); err != nil {
			return err
		}
		g, err := s.recordOnce(ctx, o.kind)
		if err != nil {
			return err
		}
		again, err := s.review(ctx, g)
		if err != nil || !again {
			return err
		}
	}
}

func (s *session) recordOnce(ctx context.Context, k GreetingKind) (Greeting, error) {
	if err := s.beep(ctx); err != nil {
		return Greeting{}, err
	}
	m := &memory{}
	t := &take{limits: greetingLimits, keep: m}
	by, err := t.record(ctx, s.leg)
	if err != nil || by == ByHangup {
		return Greeting{}, errHungUp
	}
	e := t.end(by)
	return Greeting{Kind: k, Codec: m.codec, Audio: m.audio.Bytes()[:e.Bytes]}, nil
}

// review lets the owner accept (1), listen (2) or record again (3). A star leaves everything as it was.
func (s *session) review(ctx context.Context, g Greeting) (again bool, err error) {
	for {
		key, err := s.menu(ctx, "vm-review")
		if err != nil {
			return false, err
		}
		switch key {
		case '1':
			if len(g.Audio) == 0 {
				_, err := s.say(ctx, "vm-tooshort")
				return true, err
			}
			if err := s.cfg.Store.SetGreeting(ctx, s.box.AoR, g); err != nil {
				return false, err
			}
			_, err := s.say(ctx, "vm-msgsaved")
			return false, err
		case '2':
			if _, err := s.play(ctx, prompt.Frames(g.Codec, bytes.NewReader(g.Audio))); err != nil {
				return false, err
			}
		case '3':
			return true, nil
		case '*', '#', done:
			return false, nil
		}
	}
}
