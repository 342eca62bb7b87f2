package attendant_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"tandem/attendant"
	"tandem/attendant/attendantpg"
	"tandem/gateway/call"
	"tandem/gateway/prompt"
	"tandem/gateway/prompt/dialogue/legtest"
	"tandem/migrations/pgtest"
)

// A desk is the far end of the attendant: it notes where callers were connected.
type desk struct{ targets []attendant.Target }

func (d *desk) Connect(_ context.Context, _ call.Leg, t attendant.Target) error {
	d.targets = append(d.targets, t)
	return nil
}

type bench struct {
	store *attendantpg.Store
	desk  desk
	*attendant.Service
	audio map[int]uuid.UUID // recordings by tone
}

func newBench(t testing.TB) *bench {
	t.Helper()
	lib, err := prompt.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{store: attendantpg.New(pgtest.New(t)), audio: map[int]uuid.UUID{}}
	b.Service = attendant.New(attendant.Config{Menus: b.store, Connect: &b.desk, Prompts: lib})
	return b
}

// tone is a prompt of one second at that frequency.
func (b *bench) tone(t testing.TB, hz int) attendant.Prompt {
	t.Helper()
	if _, ok := b.audio[hz]; !ok {
		id, err := b.store.AddAudio(context.Background(), attendant.Audio{Codec: call.PCMA, Audio: spoken(hz)})
		if err != nil {
			t.Fatal(err)
		}
		b.audio[hz] = id
	}
	return attendant.Prompt{{Audio: b.audio[hz]}}
}

func spoken(hz int) []byte {
	leg := legtest.New(call.Info{}).Says(legtest.Use(call.PCMA), legtest.Tone(hz, time.Second), legtest.Hangup())
	_ = leg.Record(context.Background(), discard{})
	return leg.Said()
}

type discard struct{}

func (discard) WriteFrame(call.Frame) error { return nil }

func (b *bench) save(t testing.TB, menus ...attendant.Menu) {
	t.Helper()
	for _, m := range menus {
		if err := m.Validate(attendant.World{}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.store.Save(context.Background(), m, "test", 0); err != nil {
			t.Fatal(err)
		}
	}
}

// call serves a leg with the menu main and gives the targets it was connected to.
func (b *bench) call(t testing.TB, leg *legtest.Leg) []attendant.Target {
	t.Helper()
	h, err := b.Menu("main")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ServeCall(leg.Context(), leg); err != nil {
		t.Fatalf("ServeCall: %v", err)
	}
	return b.desk.targets
}

func TestMenu(t *testing.T) {
	t.Parallel()
	var (
		user    = attendant.Target{User: "alice@example.org"}
		mailbox = attendant.Target{Mailbox: "office@example.org"}
		number  = attendant.Target{Number: "+15551230000"}
		again   = attendant.Target{Repeat: true}
		one     = 1
	)
	rows := []struct {
		name   string
		typed  string
		reacts []legtest.Reaction
		hears  []int
		goes   []attendant.Target
		hangs  bool
	}{
		{"a key in the prompt leads out at once", "", []legtest.Reaction{legtest.During(400, "1")}, []int{400}, []attendant.Target{user}, false},
		{"typed ahead, no prompt is heard", "1", nil, nil, []attendant.Target{user}, false},
		{"0 is the operator", "0", nil, nil, []attendant.Target{number}, false},
		{"another menu and out of it", "", []legtest.Reaction{legtest.During(400, "2"), legtest.During(500, "7")}, []int{400, 500}, []attendant.Target{user}, false},
		{"* repeats without counting as a try", "", []legtest.Reaction{legtest.During(400, "*"), legtest.During(400, "*"), legtest.During(400, "1")},
			[]int{400, 400, 400}, []attendant.Target{user}, false},
		{"a wrong key is said to be, then it asks again, shorter", "", []legtest.Reaction{legtest.During(400, "5"), legtest.During(450, "1")},
			[]int{400, 600, 450}, []attendant.Target{user}, false},
		{"wrong keys only", "55", nil, []int{600, 600}, nil, true},
		{"hang-up", "", []legtest.Reaction{legtest.HangupDuring(400)}, []int{400}, nil, true},
		{"nothing", "", nil, []int{400, 450}, []attendant.Target{mailbox}, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(t,
				attendant.Menu{Name: "main", Prompt: b.tone(t, 400), Again: b.tone(t, 450), InvalidPrompt: b.tone(t, 600), TimeoutS: 1, Retries: &one,
					Options: map[string]attendant.Target{"1": user, "2": {Menu: "second"}, "*": again}, Operator: &number,
					NoInput: &mailbox, Invalid: &attendant.Target{Hangup: true}},
				attendant.Menu{Name: "second", Prompt: b.tone(t, 500), Options: map[string]attendant.Target{"7": user}})
			leg := legtest.New(call.Info{}).Types(r.typed).Reacts(r.reacts...)
			goes := b.call(t, leg)
			if !slices.Equal(goes, r.goes) {
				t.Errorf("connected to %v, want %v", goes, r.goes)
			}
			if got := leg.Tones(); !slices.Equal(got, r.hears) {
				t.Errorf("heard %v, want %v", got, r.hears)
			}
			if hung := leg.Cause() == call.NormalClearing; hung != r.hangs || !leg.Answered() {
				t.Errorf("hung up: %v, want %v; answered: %v", hung, r.hangs, leg.Answered())
			}
		})
	}
}

func TestMenusInACircleEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	none := 0
	b.save(t, attendant.Menu{Name: "main", Prompt: b.tone(t, 400), Options: map[string]attendant.Target{"1": {Menu: "main"}}, Retries: &none})
	leg := legtest.New(call.Info{})
	stop := make(chan struct{})
	defer close(stop)
	go func() { // somebody leans on the key
		for {
			select {
			case leg.Keys() <- call.Digit{Key: '1'}:
			case <-stop:
				return
			}
		}
	}()
	h, err := b.Menu("main")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ServeCall(leg.Context(), leg); err == nil {
		t.Error("a caller who goes in a circle for ever is served for ever")
	}
}

func TestMenuThatIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.Menu("main"); !errors.Is(err, attendant.ErrNotFound) {
		t.Errorf("Menu of nothing: %v, want ErrNotFound", err)
	}
	b.save(t, attendant.Menu{Name: "main", Prompt: b.tone(t, 400), Options: map[string]attendant.Target{"1": {Menu: "gone"}}})
	h, err := b.Menu("main")
	if err != nil {
		t.Fatal(err)
	}
	leg := legtest.New(call.Info{}).Types("1")
	if err := h.ServeCall(leg.Context(), leg); !errors.Is(err, attendant.ErrNotFound) {
		t.Errorf("ServeCall to a menu that is gone: %v, want ErrNotFound", err)
	}
}
