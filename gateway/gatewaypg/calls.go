package gatewaypg

import (
	"context"
	"encoding/json"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/gatewaypg/internal/db"
	"tandem/gateway/route"
)

var _ cdr.Recorder = (*Store)(nil)

// OpenCall writes the row of a call that is about to begin.
func (s *Store) OpenCall(ctx context.Context, r *cdr.Record) error {
	return wrap("open call record", s.q.OpenCall(ctx, db.OpenCallParams{ID: r.ID, Gateway: r.Gateway,
		Direction: string(r.Direction), CallerAor: r.Caller.AoR, CallerNumber: r.Caller.Number, CallerName: clean(r.Caller.Name),
		CallerNode: r.CallerNode, Called: clean(r.Called), Number: string(r.Number), Target: r.Target, Trunk: r.Trunk,
		StartedAt: r.StartedAt}))
}

// AnswerCall notes that somebody or something answered.
func (s *Store) AnswerCall(ctx context.Context, r *cdr.Record) error {
	return wrap("answer call record", s.q.AnswerCall(ctx, db.AnswerCallParams{ID: r.ID, AnsweredAt: instant(r.AnsweredAt),
		RingingAt: instant(r.RingingAt), Number: string(r.Number), Target: r.Target, Trunk: r.Trunk, Mailbox: r.Mailbox,
		MailboxReason: small(int(r.Reason))}))
}

// CloseCall writes how a call ended. A record is closed once; later calls change nothing.
func (s *Store) CloseCall(ctx context.Context, r *cdr.Record) error {
	caller, err := json.Marshal(r.CallerMedia)
	if err != nil {
		return err
	}
	called, err := json.Marshal(r.CalledMedia)
	if err != nil {
		return err
	}
	released := string(r.ReleasedBy)
	return wrap("close call record", s.q.CloseCall(ctx, db.CloseCallParams{ID: r.ID, RingingAt: instant(r.RingingAt),
		AnsweredAt: instant(r.AnsweredAt), EndedAt: instant(r.EndedAt), Number: string(r.Number), Target: r.Target,
		Trunk: r.Trunk, Cause: small(int(r.Cause)), Status: small(r.Status), ReleasedBy: &released, Mailbox: r.Mailbox,
		MailboxReason: small(int(r.Reason)), Note: clean(r.Note), CallerMedia: caller, CalledMedia: called}))
}

// CloseAbandoned closes the records that a gateway left open when it died, and returns how many there were.
func (s *Store) CloseAbandoned(ctx context.Context, gateway string) (int, error) {
	n, err := s.q.CloseAbandoned(ctx, gateway)
	return int(n), wrap("close abandoned call records", err)
}

// CallFilter says which calls to list.
type CallFilter struct {
	AoR    string    // only calls this user made, got, or got a message from; empty: everybody's
	Before time.Time // only calls that began before; zero: from the newest
	Limit  int       // at most so many; 0: 50, never more than 500
}

// Calls lists call records, the newest first. Calls that are up have no EndedAt.
func (s *Store) Calls(ctx context.Context, f CallFilter) ([]cdr.Record, error) {
	if f.Before.IsZero() {
		f.Before = time.Now().Add(time.Hour)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	rows, err := s.q.ListCalls(ctx, db.ListCallsParams{Aor: f.AoR, Before: f.Before, MaxRows: int32(min(f.Limit, 500))})
	return each(rows, record), wrap("list calls", err)
}

func record(c db.Call) cdr.Record {
	r := cdr.Record{ID: c.ID, Gateway: c.Gateway, Direction: cdr.Direction(c.Direction),
		Caller:     call.Party{AoR: c.CallerAor, Number: c.CallerNumber, Name: c.CallerName},
		CallerNode: c.CallerNode, Called: c.Called, Number: route.E164(c.Number), Target: c.Target, Trunk: c.Trunk,
		StartedAt: c.StartedAt, RingingAt: value(c.RingingAt), AnsweredAt: value(c.AnsweredAt), EndedAt: value(c.EndedAt),
		Cause: call.Cause(value(c.Cause)), Status: int(value(c.Status)), ReleasedBy: cdr.Party(value(c.ReleasedBy)),
		Mailbox: c.Mailbox, Reason: call.Reason(value(c.MailboxReason)), Note: c.Note}
	r.CallerMedia, r.CalledMedia = media(c.CallerMedia), media(c.CalledMedia)
	return r
}

// media reads what CloseCall wrote; nothing was written while the call is up.
func media(raw []byte) cdr.Media {
	var m cdr.Media
	if json.Unmarshal(raw, &m) != nil {
		return cdr.Media{}
	}
	return m
}
