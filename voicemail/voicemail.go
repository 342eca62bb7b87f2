// Package voicemail answers for people who do not, and keeps what callers say.
//
// A Service gives two call.Handlers: Deposit takes a message, Retrieval lets the owner of a mailbox listen. What they
// know of a call is call.Leg; what they know of Postgres is Store; what they say comes from package prompt. Who may
// retrieve is decided by the caller of Retrieval.
//
// Nothing that was said is lost: the message exists from the beep, its audio is stored each second while the caller
// speaks, in the codec in which it came; storing runs beside the call and repeats what fails, so that a database that
// stumbles does not disturb the caller. A recording whose peer died is finished by any other peer (Run).
package voicemail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/prompt"
)

// Config of a Service.
type Config struct {
	Store   Store
	Prompts *prompt.Library
	Logger  *slog.Logger // nil: none

	// LostAfter is how long nothing may be appended to a recording before its peer is taken for dead. Zero: 15 s.
	// Shorter finishes orphaned messages sooner, and takes a slow database for a dead peer.
	LostAfter time.Duration

	// KeepTrash is how long deleted messages can be had back. Zero: 30 days.
	KeepTrash time.Duration

	// GiveUp is how long after the end of a call its message is tried to be stored. Zero: 10 min.
	GiveUp time.Duration

	// MenuWait is how long a menu waits for a key before it repeats itself. Zero: 5 s.
	MenuWait time.Duration
}

// A Service takes and plays messages.
type Service struct {
	cfg     Config
	log     *slog.Logger
	boxes   sync.Map // AoR to Mailbox: what was last seen, for when the store cannot be asked
	writers sync.WaitGroup
	closing context.Context // ends when no more can be waited for the writers
	abandon context.CancelFunc
}

// New makes a Service. Its owner calls Run and, at the end, Close.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, log: cfg.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	setDefault(&s.cfg.LostAfter, 15*time.Second)
	setDefault(&s.cfg.KeepTrash, 30*24*time.Hour)
	setDefault(&s.cfg.GiveUp, 10*time.Minute)
	setDefault(&s.cfg.MenuWait, 5*time.Second)
	s.closing, s.abandon = context.WithCancel(context.Background())
	return s
}

func setDefault(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

// lookup bounds the questions to the store that a caller waits for.
const lookup = 3 * time.Second

// Deposit gives the handler that takes a message for the mailbox, with a greeting that fits the reason. ErrNotFound:
// there is no such mailbox.
func (s *Service) Deposit(mailbox string, reason call.Reason) (call.Handler, error) {
	box, err := s.open(mailbox)
	if err != nil {
		return nil, err
	}
	return &deposit{Service: s, box: box, reason: reason}, nil
}

// Retrieval gives the handler with which the owner of a mailbox listens to its messages. Whoever calls this has
// proven that the leg is the owner's. ErrNotFound: there is no such mailbox.
func (s *Service) Retrieval(owner string) (call.Handler, error) {
	box, err := s.open(owner)
	if err != nil {
		return nil, err
	}
	return &retrieval{Service: s, box: box}, nil
}

// open finds the mailbox. While the store cannot be asked, a mailbox that was there before is still taken to be.
func (s *Service) open(aor string) (Mailbox, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookup)
	defer cancel()
	box, err := s.cfg.Store.EnsureMailbox(ctx, aor)
	switch {
	case err == nil:
		s.boxes.Store(aor, box)
		return box, nil
	case errors.Is(err, ErrNotFound):
		s.boxes.Delete(aor)
	default:
		if seen, ok := s.boxes.Load(aor); ok {
			s.log.Error("mailbox as it was seen before", "aor", aor, "err", err)
			return seen.(Mailbox), nil
		}
	}
	return Mailbox{}, fmt.Errorf("open mailbox %s: %w", aor, err)
}

// Run keeps the store tidy until ctx ends: it finishes the recordings of peers that died, and empties the trash.
// Every peer runs it.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.LostAfter / 3)
	defer tick.Stop()
	for {
		s.tidy(ctx)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func (s *Service) tidy(ctx context.Context) {
	saved, err := s.cfg.Store.Sweep(ctx, s.cfg.LostAfter)
	if saved > 0 {
		s.log.Warn("finished the recordings of a peer that died", "messages", saved)
	}
	if err == nil {
		_, err = s.cfg.Store.Purge(ctx, s.cfg.KeepTrash)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("voicemail housekeeping", "err", err)
	}
}

// Close waits until everything that was recorded is stored, once no call is served any more. It gives up when ctx
// ends, with an error: what was stored until then stays, and another peer finishes it.
func (s *Service) Close(ctx context.Context) error {
	defer s.abandon()
	stored := make(chan struct{})
	go func() { s.writers.Wait(); close(stored) }()
	select {
	case <-stored:
		return nil
	case <-ctx.Done():
		s.abandon()
		<-stored
		return fmt.Errorf("close voicemail: messages are not stored to their end: %w", ctx.Err())
	}
}

var errHungUp = errors.New("the caller hung up")
