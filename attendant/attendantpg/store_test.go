package attendantpg_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"tandem/attendant"
	"tandem/attendant/attendantpg"
	"tandem/migrations/pgtest"
)

func menu(prompt string) attendant.Menu {
	return attendant.Menu{Name: "main", Prompt: attendant.Prompt{{Sound: prompt}}, Options: map[string]attendant.Target{"1": {Hangup: true}}}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), attendantpg.New(pgtest.New(t))
	for i, prompt := range []string{"first", "second", "third"} {
		if n, err := s.Save(ctx, menu(prompt), "alice@example.org", i); err != nil || n != i+1 {
			t.Fatalf("Save %q: version %d, %v; want %d", prompt, n, err, i+1)
		}
	}
	if _, err := s.Save(ctx, menu("late"), "bob@example.org", 2); !errors.Is(err, attendantpg.ErrConflict) {
		t.Errorf("Save over a version not seen: %v, want ErrConflict", err)
	}
	if _, err := s.Save(ctx, menu("late"), "bob@example.org", 0); !errors.Is(err, attendantpg.ErrConflict) {
		t.Errorf("Save as new over an existing menu: %v, want ErrConflict", err)
	}
	if err := s.Publish(ctx, "main", 1); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Menu(ctx, "main"); err != nil || m.Prompt[0].Sound != "first" {
		t.Errorf("after Publish 1: %v, %v; want the first", m.Prompt, err)
	}
	if n, err := s.Save(ctx, menu("fourth"), "alice@example.org", 1); err != nil || n != 4 {
		t.Errorf("Save after Publish: version %d, %v; want 4: no number twice", n, err)
	}
	list, err := s.Versions(ctx, "main")
	if err != nil || len(list) != 4 || list[0].Menu.Prompt[0].Sound != "fourth" || list[3].Author != "alice@example.org" {
		t.Errorf("Versions: %+v, %v", list, err)
	}
	if err := s.Publish(ctx, "main", 9); !errors.Is(err, attendant.ErrNotFound) {
		t.Errorf("Publish a version that is not there: %v", err)
	}
	if err := s.Delete(ctx, "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Menu(ctx, "main"); !errors.Is(err, attendant.ErrNotFound) {
		t.Errorf("Menu after Delete: %v, want ErrNotFound", err)
	}
}

func TestTwoEditorsAtOnce(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), attendantpg.New(pgtest.New(t))
	for round := range 5 {
		var saved atomic.Int32
		var editors sync.WaitGroup
		for range 8 {
			editors.Go(func() {
				_, err := s.Save(ctx, menu("x"), "", round)
				if err == nil {
					saved.Add(1)
				} else if !errors.Is(err, attendantpg.ErrConflict) {
					t.Error(err)
				}
			})
		}
		editors.Wait()
		if saved.Load() != 1 {
			t.Errorf("round %d: %d editors saved over each other, want 1", round, saved.Load())
		}
	}
}
