package web

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The limits of event streams: of one user, and of all.
const (
	streamsOfUser = 10
	streamsOfAll  = 2000
)

// beat is how often a stream says that it is alive and looks whether its user still may listen.
const beat = 15 * time.Second

// streams counts the open event streams. When they are closed there will be no more.
type streams struct {
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	users map[uuid.UUID]int
	all   int
}

func newStreams() *streams {
	return &streams{closed: make(chan struct{}), users: make(map[uuid.UUID]int)}
}

func (s *streams) close() { s.once.Do(func() { close(s.closed) }) }

func (s *streams) open(user uuid.UUID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[user] >= streamsOfUser || s.all >= streamsOfAll {
		return false
	}
	s.users[user]++
	s.all++
	return true
}

func (s *streams) end(user uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.users[user]--; s.users[user] == 0 {
		delete(s.users, user)
	}
}

// events tells a page to look again: "messages" when the user's mailbox changed. It says nothing of what, so
// there is nothing to miss; the first event comes at once.
func (p *Portal) events(w http.ResponseWriter, r *http.Request) {
	u := me(r.Context())
	if !p.streams.open(u.ID) {
		problem(w, http.StatusTooManyRequests, "Too many pages are open.")
		return
	}
	defer p.streams.end(u.ID)
	changes, cancel := p.cfg.Messages.Subscribe(u.AoR)
	defer cancel()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	stream := http.NewResponseController(w)
	say := func(text string) error {
		deadline := stream.SetWriteDeadline(time.Now().Add(beat)) // not every writer can
		if _, err := fmt.Fprint(w, text); err != nil {
			return err
		}
		return errors.Join(stream.Flush(), ignoreUnsupported(deadline))
	}
	alive := time.NewTicker(beat)
	defer alive.Stop()
	text := "retry: 2000\nevent: messages\ndata: {}\n\n"
	for say(text) == nil {
		select {
		case <-r.Context().Done():
			return
		case <-p.streams.closed:
			return
		case <-changes:
			text = "event: messages\ndata: {}\n\n"
		case <-alive.C:
			if _, err := p.whoIs(r.Context()); err != nil {
				return
			}
			text = ": alive\n\n"
		}
	}
}

func ignoreUnsupported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
