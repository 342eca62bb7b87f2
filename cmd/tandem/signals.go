package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// errAgain: somebody who asked us to stop does not want to wait.
var errAgain = errors.New("asked to stop a second time")

// secondSignal gives a context that ends when the process is asked to stop for the second time; run's own ends with
// the first. A third signal, or the second after stop, ends the process at once.
func secondSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range 2 {
			select {
			case <-signals:
			case <-ctx.Done():
				return
			}
		}
		signal.Stop(signals)
		cancel(errAgain)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}
