package overlay

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// RELOAD: RDR-4
func TestPublicationRefreshesAndIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		var at []time.Duration
		removed := 0
		pub := Publish(ctx, Published{
			Lifetime: 10 * time.Minute,
			Changed:  func() <-chan struct{} { return nil },
			Publish:  func(context.Context) error { at = append(at, time.Since(begin)); return nil },
			Remove:   func(ctx context.Context) error { removed++; return ctx.Err() },
		}, slog.New(slog.DiscardHandler))
		<-pub.Ready()
		<-time.After(20 * time.Minute)
		cancel()
		pub.Wait()
		if len(at) != 3 || at[1] != 9*time.Minute || at[2] != 18*time.Minute {
			t.Errorf("published at %v, want at 0, 9 and 18 minutes", at)
		}
		if removed != 1 {
			t.Errorf("removed %d times, want once", removed)
		}
	})
}

func TestPublicationRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		var at []time.Duration
		why := errors.New("no peer")
		pub := Publish(ctx, Published{
			Lifetime: 10 * time.Minute,
			Changed:  func() <-chan struct{} { return nil },
			Publish: func(context.Context) error {
				if at = append(at, time.Since(begin)); len(at) < 8 {
					return why
				}
				return nil
			},
			Remove: func(context.Context) error { return nil },
		}, slog.New(slog.DiscardHandler))
		<-time.After(2 * time.Second)
		if !errors.Is(pub.Err(), why) {
			t.Errorf("got %v, want %v", pub.Err(), why)
		}
		<-pub.Ready()
		if got, want := time.Since(begin), (1+2+4+8+16+30+30)*time.Second; got != want || pub.Err() != nil {
			t.Errorf("stands after %v with %v, want after %v; tried at %v", got, pub.Err(), want, at)
		}
		cancel()
		pub.Wait()
	})
}

func TestPublicationFollowsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		changes := []chan struct{}{make(chan struct{}), make(chan struct{})}
		published := make(chan int, 10)
		n := 0
		pub := Publish(ctx, Published{
			Lifetime: time.Hour,
			Changed:  func() <-chan struct{} { return changes[min(n, 1)] },
			Publish:  func(context.Context) error { n++; published <- n; return nil },
			Remove:   func(context.Context) error { return nil },
		}, slog.New(slog.DiscardHandler))
		<-published
		close(changes[0])
		if got := <-published; got != 2 {
			t.Errorf("published %d times, want 2", got)
		}
		cancel()
		pub.Wait()
	})
}
