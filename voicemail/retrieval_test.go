package voicemail_test

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/prompt/dialogue/legtest"
	"tandem/voicemail"
	"tandem/voicemail/voicemailpg"
)

// leave leaves a message for each tone.
func (b *bench) leave(t testing.TB, owner string, tones ...int) {
	t.Helper()
	for _, hz := range tones {
		b.deposit(t, owner, call.NobodyAnswers, legtest.New(fromPSTN()).Says(legtest.Tone(hz, time.Second), legtest.Hangup()))
	}
}

// states gives the states of alice's messages, in the order in which they were left.
func (b *bench) states(t testing.TB) []voicemail.State {
	t.Helper()
	var states []voicemail.State
	for _, m := range b.messages(t, alice, voicemail.StateNew, voicemail.StateSaved, voicemail.StateTrash) {
		states = append(states, m.State)
	}
	return states
}

const (
	isNew   = voicemail.StateNew
	isSaved = voicemail.StateSaved
	isTrash = voicemail.StateTrash
)

func TestRetrieval(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		typed  string // ahead of everything
		reacts []legtest.Reaction
		hears  []int
		leaves []voicemail.State
	}{
		{"the first plays by itself", "", nil, []int{400}, []voicemail.State{isSaved, isNew, isNew}},
		{"6 plays the next", "", []legtest.Reaction{legtest.After(400, "6"), legtest.After(500, "6"), legtest.After(600, "6")},
			[]int{400, 500, 600}, []voicemail.State{isSaved, isSaved, isSaved}},
		{"# skips in a message", "", []legtest.Reaction{legtest.During(400, "#"), legtest.During(500, "#")},
			[]int{400, 500, 600}, []voicemail.State{isSaved, isSaved, isSaved}},
		{"# leaves in a menu", "", []legtest.Reaction{legtest.After(400, "#"), legtest.After(500, "#")},
			[]int{400}, []voicemail.State{isSaved, isNew, isNew}},
		{"4 goes back, 5 repeats", "", []legtest.Reaction{legtest.During(400, "6"), legtest.After(500, "4"), legtest.During(400, "5"), legtest.After(400, "#")},
			[]int{400, 500, 400, 400}, []voicemail.State{isSaved, isSaved, isNew}},
		{"1 is the first again", "", []legtest.Reaction{legtest.During(400, "6"), legtest.During(500, "1"), legtest.After(400, "#")},
			[]int{400, 500, 400}, []voicemail.State{isSaved, isSaved, isNew}},
		{"7 deletes and stays", "", []legtest.Reaction{legtest.During(400, "7"), legtest.After(500, "#")},
			[]int{400}, []voicemail.State{isTrash, isNew, isNew}},
		{"7 twice undeletes", "", []legtest.Reaction{legtest.After(400, "776"), legtest.After(500, "7#")},
			[]int{400, 500}, []voicemail.State{isSaved, isTrash, isNew}},
		{"9 saves", "", []legtest.Reaction{legtest.After(400, "96"), legtest.After(500, "#")},
			[]int{400, 500}, []voicemail.State{isSaved, isSaved, isNew}},
		{"hang-up in a message leaves it new", "", []legtest.Reaction{legtest.HangupDuring(400)},
			[]int{400}, []voicemail.State{isNew, isNew, isNew}},
		{"keys typed ahead skip the announcement", "1666", nil, nil, []voicemail.State{isSaved, isSaved, isSaved}},
		{"wrong keys and help do no harm", "81", []legtest.Reaction{legtest.After(400, "8*3"), legtest.After(400, "#")},
			[]int{400}, []voicemail.State{isSaved, isNew, isNew}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.leave(t, alice, 400, 500, 600)
			leg := legtest.New(call.Info{}).Types(r.typed).Reacts(r.reacts...)
			b.retrieve(t, alice, leg)
			if got := leg.Tones(); !slices.Equal(got, r.hears) {
				t.Errorf("heard the messages %v, want %v", got, r.hears)
			}
			if got := b.states(t); !slices.Equal(got, r.leaves) {
				t.Errorf("left the messages %v, want %v", got, r.leaves)
			}
		})
	}
}

// A broken is a Store that cannot read a message to its end.
type broken struct{ *voicemailpg.Store }

func (b broken) Audio(ctx context.Context, owner string, id uuid.UUID) (voicemail.Audio, error) {
	a, err := b.Store.Audio(ctx, owner, id)
	a.ReaderAt = io.NewSectionReader(a.ReaderAt, 0, int64(a.Bytes/2))
	return a, err
}

func TestMessageThatCannotBeReadStaysNew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.leave(t, alice, 400)
	h, err := newService(t, broken{b.store}).Retrieval(alice)
	if err != nil {
		t.Fatal(err)
	}
	b.serve(t, h, legtest.New(call.Info{}))
	if got, want := b.states(t), []voicemail.State{isNew}; !slices.Equal(got, want) {
		t.Errorf("messages are %v, want %v", got, want)
	}
}

func TestRetrievalOfSavedAndTrash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.leave(t, alice, 400, 500)
	b.retrieve(t, alice, legtest.New(call.Info{}).Reacts(legtest.During(400, "7"), legtest.After(500, "")))
	b.retrieve(t, alice, legtest.New(call.Info{}).Types("166"))
	if got, want := b.states(t), []voicemail.State{isTrash, isSaved}; !slices.Equal(got, want) {
		t.Fatalf("messages are %v, want %v", got, want)
	}
	leg := legtest.New(call.Info{}).Types("1").Reacts(legtest.After(500, "2"), legtest.After(400, "7#"))
	b.retrieve(t, alice, leg)
	if got, want := leg.Tones(), []int{500, 400}; !slices.Equal(got, want) {
		t.Errorf("heard %v; want the saved one, then after 2 the one in the trash: %v", got, want)
	}
	if got, want := b.states(t), []voicemail.State{isSaved, isSaved}; !slices.Equal(got, want) {
		t.Errorf("messages are %v, want %v: 7 undeletes in the trash", got, want)
	}
}

func TestRetrievalIsTheOwners(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.leave(t, alice, 400)
	leg := legtest.New(call.Info{})
	b.retrieve(t, bob, leg)
	if got := leg.Tones(); len(got) != 0 {
		t.Errorf("bob heard %v of alice's", got)
	}
}

func TestRetrievalRecordsGreeting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	leg := legtest.New(call.Info{}).Types("01").
		Says(legtest.Tone(500, time.Second), legtest.Press("#"), legtest.Tone(600, time.Second), legtest.Press("#")).
		Reacts(legtest.After(1000, "3"), legtest.After(1000, "2"), legtest.After(600, "1*#"))
	b.retrieve(t, alice, leg)
	caller := legtest.New(fromPSTN()).Says(legtest.Hangup())
	b.deposit(t, alice, call.NobodyAnswers, caller)
	if got, want := caller.Tones(), []int{600, 1000}; !slices.Equal(got, want) {
		t.Errorf("the caller heard %v; want the second take and the beep, %v", got, want)
	}
}
