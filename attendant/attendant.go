// Package attendant answers with a menu and hands the caller on.
//
// A Menu is a document; Parse reads it and Validate finds everything that is wrong with it at once, so that what is
// stored can be run. A Service interprets menus as call.Handlers: it speaks with package prompt, knows menus through
// Menus, and hands the leg on through a Connector. It places no call itself: a menu leads only where the document says.
package attendant

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
)

// ErrNotFound says that there is no menu or audio of that name.
var ErrNotFound = errors.New("not found in the attendant")

// A Connector takes a leg to a target: a user, a number or a mailbox. It returns when it is done with the leg.
type Connector interface {
	Connect(ctx context.Context, leg call.Leg, t Target) error
}

// Menus keeps menus. attendantpg.Store does.
type Menus interface {
	// Menu gives the current version of a menu. ErrNotFound: there is none.
	Menu(ctx context.Context, name string) (Menu, error)

	// Audio gives an uploaded recording. ErrNotFound: there is none.
	Audio(ctx context.Context, id uuid.UUID) (Audio, error)
}

// Audio is a recording that menus play: G.711, 8000 bytes a second.
type Audio struct {
	ID    uuid.UUID
	Name  string
	Codec call.Codec
	Audio []byte
}

// Config of a Service.
type Config struct {
	Menus   Menus
	Connect Connector
	Prompts *prompt.Library
	Logger  *slog.Logger // nil: none

	Language string // of the prompts; empty: en

	// Speak makes speech of a text in a prompt. nil: there is no speech service; World.Speech is then false.
	Speak func(ctx context.Context, language, text string) (call.Source, error)
}

// A Service runs menus.
type Service struct {
	cfg  Config
	log  *slog.Logger
	seen sync.Map // name to Menu: what was last read, for when the store cannot be asked
}

// New makes a Service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, log: cfg.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.Language == "" {
		s.cfg.Language = "en"
	}
	return s
}

// Menu gives the handler that answers with a menu. ErrNotFound: there is none of that name.
func (s *Service) Menu(name string) (call.Handler, error) {
	m, err := s.menu(context.Background(), name)
	if err != nil {
		return nil, err
	}
	return call.HandlerFunc(func(ctx context.Context, leg call.Leg) error { return s.run(ctx, leg, m) }), nil
}

// menu reads a menu. While the store cannot be asked, it is the one that was read before.
func (s *Service) menu(ctx context.Context, name string) (Menu, error) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	m, err := s.cfg.Menus.Menu(ctx, name)
	switch {
	case err == nil:
		s.seen.Store(name, m)
		return m, nil
	case errors.Is(err, ErrNotFound):
		s.seen.Delete(name)
	default:
		if seen, ok := s.seen.Load(name); ok {
			s.log.Error("menu as it was read before", "menu", name, "err", err)
			return seen.(Menu), nil
		}
	}
	return Menu{}, err
}
