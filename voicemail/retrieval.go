package voicemail

import (
	"context"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/prompt/dialogue"
)

// A retrieval lets the owner of a mailbox listen. The keys are those of Asterisk's Comedian Mail, which its sound packs
// name: 1 first message, 2 change folder, 3 envelope, 4 previous, 5 repeat, 6 next, 7 delete or undelete, 9 save,
// 0 mailbox options, * help, # skip during a message and exit in a menu.
type retrieval struct {
	*Service
	box Mailbox
}

// ServeCall tells the owner what there is, plays the new messages, and then does what the keys say.
func (r *retrieval) ServeCall(ctx context.Context, leg call.Leg) error {
	if err := leg.Answer(ctx); err != nil {
		return err
	}
	s := &session{voice: r.voice(leg, r.box.Language), box: r.box}
	err := over(ctx, s.run(ctx))
	if err != nil {
		_, _ = s.say(ctx, "vm-goodbye") // the store fails: better than a line that goes dead
	}
	return err
}

// rounds is how often a menu is said to somebody who presses nothing.
const rounds = 3

// nothing is the step after which a menu says itself again; done ends the session.
const (
	nothing = dialogue.None
	done    = 'x'
)

// A session is one owner listening.
type session struct {
	*voice
	box    Mailbox
	folder State
	list   []Message
	at     int // in list
	idle   int // menus said in a row without a key
}

// run is the main menu.
func (s *session) run(ctx context.Context) error {
	key, err := s.announce(ctx)
	for err == nil && key != done {
		switch key {
		case '1':
			s.at = 0
			key, err = s.messages(ctx)
		case '2':
			key, err = s.changeFolder(ctx)
		case '0':
			key, err = s.options(ctx)
		case '#':
			key = done
		case nothing, '*':
			key, err = s.menu(ctx, s.mainMenu()...)
		default:
			key, err = s.say(ctx, "vm-sorry")
		}
	}
	if err == nil {
		_, err = s.say(ctx, "vm-goodbye")
	}
	return err
}

// menu says a menu and waits for a key. It gives done when it was said often enough in vain.
func (s *session) menu(ctx context.Context, names ...string) (byte, error) {
	key, err := dialogue.Ask(ctx, s.leg, s.source(names...), s.cfg.MenuWait)
	if key != nothing || err != nil {
		s.idle = 0
		return key, err
	}
	if s.idle++; s.idle >= rounds {
		return done, nil
	}
	return nothing, nil
}

// announce says how many messages there are, and goes to the new ones.
func (s *session) announce(ctx context.Context) (byte, error) {
	n, err := s.cfg.Store.Counts(ctx, s.box.AoR)
	if err != nil {
		return nothing, err
	}
	first := StateNew
	if n.New == 0 && n.Saved > 0 {
		first = StateSaved
	}
	if err := s.open(ctx, first); err != nil {
		return nothing, err
	}
	key, err := s.say(ctx, s.counts(n)...)
	if key == nothing && n.New > 0 {
		key = '1'
	}
	return key, err
}

func (s *session) counts(n Counts) []string {
	names := []string{"vm-youhave"}
	switch {
	case n.New == 0 && n.Saved == 0:
		return append(names, "vm-no", "vm-messages")
	case n.Saved == 0:
		return append(names, s.pack.Messages(n.New, "INBOX")...)
	case n.New == 0:
		return append(names, s.pack.Messages(n.Saved, "Old")...)
	}
	names = append(append(names, s.pack.Messages(n.New, "INBOX")...), "vm-and")
	return append(names, s.pack.Messages(n.Saved, "Old")...)
}

func (s *session) mainMenu() []string {
	return []string{"vm-onefor", folderPrompts[s.folder], "vm-messages", "vm-opts", "vm-helpexit"}
}

// folderPrompts are the words for the folders. No pack has one for the trash.
var folderPrompts = map[State]string{StateNew: "vm-INBOX", StateSaved: "vm-Old", StateTrash: "vm-deleted"}

// open goes to a folder.
func (s *session) open(ctx context.Context, folder State) (err error) {
	s.folder, s.at = folder, 0
	s.list, err = s.cfg.Store.Messages(ctx, s.box.AoR, folder)
	return err
}

// changeFolder goes to the next folder: new, saved, trash.
func (s *session) changeFolder(ctx context.Context) (byte, error) {
	next := map[State]State{StateNew: StateSaved, StateSaved: StateTrash, StateTrash: StateNew}
	if err := s.open(ctx, next[s.folder]); err != nil {
		return nothing, err
	}
	if len(s.list) == 0 {
		return s.say(ctx, "vm-youhave", "vm-no", folderPrompts[s.folder], "vm-messages")
	}
	key, err := s.say(ctx, folderPrompts[s.folder], "vm-messages")
	if key == nothing {
		key = '1'
	}
	return key, err
}

// messages plays the list from at on. It gives the key for the main menu.
func (s *session) messages(ctx context.Context) (byte, error) {
	for s.at < len(s.list) {
		key, err := s.playMessage(ctx)
		if key == '#' {
			key = '6'
		}
		stay := true
		for stay && err == nil {
			if key == nothing {
				key, err = s.menu(ctx, s.messageMenu()...)
			}
			if err != nil || key == done || key == '#' || key == '2' {
				return key, err
			}
			key, stay, err = s.press(ctx, key)
		}
		if err != nil {
			return nothing, err
		}
	}
	if len(s.list) == 0 {
		return s.say(ctx, "vm-youhave", "vm-no", folderPrompts[s.folder], "vm-messages")
	}
	return s.say(ctx, "vm-nomore")
}

func (s *session) messageMenu() []string {
	names := []string{"vm-repeat"}
	if s.at > 0 {
		names = append([]string{"vm-prev"}, names...)
	}
	if s.at < len(s.list)-1 {
		names = append(names, "vm-next")
	}
	if s.list[s.at].State == StateTrash {
		names = append(names, "vm-undelete")
	} else {
		names = append(names, "vm-delete")
	}
	return append(names, "vm-savemessage", "vm-helpexit")
}

// press does what a key says about the message. stay is false when a message is to be played: the one at.
func (s *session) press(ctx context.Context, key byte) (next byte, stay bool, err error) {
	switch key {
	case nothing, '*':
		return nothing, true, nil
	case '1':
		s.at = 0
		return nothing, false, nil
	case '4':
		if s.at == 0 {
			next, err = s.say(ctx, "vm-nomore")
			return next, true, err
		}
		s.at--
		return nothing, false, nil
	case '5':
		return nothing, false, nil
	case '6':
		s.at++
		return nothing, false, nil
	}
	next, err = s.act(ctx, key)
	return next, true, err
}

// act does what a key says that leaves the owner at the message.
func (s *session) act(ctx context.Context, key byte) (byte, error) {
	switch key {
	case '3':
		return s.play(ctx, s.envelope(ctx))
	case '7':
		return s.toggleTrash(ctx)
	case '9':
		return s.keep(ctx, "vm-msgsaved")
	case '0':
		return s.options(ctx)
	}
	return s.say(ctx, "vm-sorry")
}

func (s *session) toggleTrash(ctx context.Context) (byte, error) {
	m := &s.list[s.at]
	if m.State == StateTrash {
		return s.keep(ctx, "vm-undeleted")
	}
	if err := s.cfg.Store.Trash(ctx, s.box.AoR, m.ID); err != nil {
		return nothing, err
	}
	m.State = StateTrash
	return s.say(ctx, "vm-deleted")
}

func (s *session) keep(ctx context.Context, confirmation string) (byte, error) {
	m := &s.list[s.at]
	if err := s.cfg.Store.Save(ctx, s.box.AoR, m.ID); err != nil {
		return nothing, err
	}
	m.State = StateSaved
	return s.say(ctx, confirmation)
}

// now is the time in the owner's zone.
func (s *session) now() time.Time { return time.Now().In(s.box.Location) }
