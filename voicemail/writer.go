package voicemail

import (
	"context"
	"errors"
	"time"

	"tandem/gateway/call"
)

// A writer stores one message beside the call that leaves it. It repeats what fails, in order, until it succeeds or
// until Config.GiveUp after the call must have ended.
//
// Its queue holds the longest message there can be, so that the call never waits for it and nothing is dropped.
type writer struct {
	*Service
	message  Message
	jobs     chan job
	patience time.Duration // how long one thing is tried to be stored
}

// A job is one thing to store.
type job struct {
	what string
	do   func(ctx context.Context) error
}

// newWriter starts the writer of a message. Its owner must call end; Service.Close waits for it.
func (d *deposit) newWriter(m Message) *writer {
	longest := int(d.box.Limits.Length/frameTime)*call.FrameSamples/chunkBytes + 1
	w := &writer{Service: d.Service, message: m, jobs: make(chan job, longest+3), patience: d.box.Limits.Length + d.cfg.GiveUp}
	d.writers.Go(w.run)
	return w
}

func (w *writer) begin(c call.Codec) {
	w.message.Codec = c
	m := w.message
	w.jobs <- job{"begin", func(ctx context.Context) error { return w.cfg.Store.Begin(ctx, m) }}
}

func (w *writer) append(c Chunk) {
	m := w.message
	w.jobs <- job{"append", func(ctx context.Context) error { return w.cfg.Store.Append(ctx, m.Mailbox, m.ID, c) }}
}

// end finishes the message, or discards it if it is none. It does not wait.
func (w *writer) end(e Ended, keep bool) {
	defer close(w.jobs)
	m := w.message
	switch {
	case m.Codec == 0: // not a frame was heard: nothing was begun
	case keep:
		w.jobs <- job{"finish", func(ctx context.Context) error { return w.cfg.Store.Finish(ctx, m.Mailbox, m.ID, e) }}
	default:
		w.jobs <- job{"discard", func(ctx context.Context) error { return w.cfg.Store.Discard(ctx, m.Mailbox, m.ID) }}
	}
}

// run stores one job after the other.
func (w *writer) run() {
	for j := range w.jobs {
		if err := w.persist(j); err != nil {
			w.log.Error("message lost", "aor", w.message.Mailbox, "message", w.message.ID, "leg", w.message.LegID, "at", j.what, "err", err)
			for range w.jobs { // until the call ends
			}
			return
		}
	}
}

// attempt bounds one try.
const attempt = 10 * time.Second

// persist repeats a job until it succeeds. An error says that it never will.
func (w *writer) persist(j job) error {
	deadline := time.Now().Add(w.patience)
	for wait, tries := 100*time.Millisecond, 1; ; wait, tries = min(2*wait, 2*time.Second), tries+1 {
		ctx, cancel := context.WithTimeout(w.closing, attempt)
		err := j.do(ctx)
		cancel()
		switch {
		case err == nil:
			if tries > 1 {
				w.log.Info("message stored after all", "message", w.message.ID, "at", j.what, "tries", tries)
			}
			return nil
		case errors.Is(err, ErrNotFound), time.Now().After(deadline):
			return err
		case tries == 1:
			w.log.Error("cannot store message yet", "message", w.message.ID, "at", j.what, "err", err)
		}
		select {
		case <-w.closing.Done():
			return err
		case <-time.After(wait):
		}
	}
}
