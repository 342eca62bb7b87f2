package web

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/trunk"
)

// latestCalls is how many the overview shows.
const latestCalls = 50

// Trunk is one's state on this server peer.
type Trunk struct {
	Name            string     `json:"name"`
	Up              bool       `json:"up" doc:"Calls can go out"`
	RegisteredUntil *time.Time `json:"registered_until"`
	Calls           int        `json:"calls" doc:"At this moment"`
	LastError       string     `json:"last_error" doc:"Empty: all is well"`
}

// Number is one of ours.
type Number struct {
	Number     string `json:"number"`
	TargetKind string `json:"target_kind"`
	Target     string `json:"target"`
	Label      string `json:"label"`
}

// Call is a call record.
type Call struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Direction  string     `json:"direction" enum:"outbound,inbound,service"`
	Caller     string     `json:"caller"`
	Called     string     `json:"called"`
	Target     string     `json:"target"`
	Trunk      string     `json:"trunk"`
	StartedAt  time.Time  `json:"started_at"`
	DurationMS int64      `json:"duration_ms" doc:"From answer to end; 0: nobody answered"`
	Answered   bool       `json:"answered"`
	EndedAt    *time.Time `json:"ended_at" doc:"Null: it is up"`
	Result     string     `json:"result" doc:"How it ended, in words"`
	Mailbox    string     `json:"mailbox" doc:"The mailbox that took it over"`
}

type overviewOut struct {
	Body struct {
		Version string         `json:"version"`
		Domain  string         `json:"domain"`
		Trunks  []Trunk        `json:"trunks" nullable:"false"`
		Numbers []Number       `json:"numbers" nullable:"false"`
		Calls   []Call         `json:"calls" nullable:"false"`
		Status  map[string]any `json:"status"`
	}
}

func (p *Portal) overview(ctx context.Context, _ *struct{}) (*overviewOut, error) {
	out := &overviewOut{}
	b := &out.Body
	b.Version, b.Domain, b.Status = p.cfg.Version, p.cfg.Domain, map[string]any{}
	b.Trunks, b.Numbers, b.Calls = []Trunk{}, []Number{}, []Call{}
	if p.cfg.Trunks != nil {
		b.Trunks = each(p.cfg.Trunks(), asTrunk)
	}
	if p.cfg.Numbers != nil {
		numbers, err := p.cfg.Numbers(ctx)
		if err != nil {
			return nil, err
		}
		b.Numbers = each(numbers, asNumber)
	}
	if p.cfg.Calls != nil {
		calls, err := p.cfg.Calls(ctx, latestCalls)
		if err != nil {
			return nil, err
		}
		b.Calls = each(calls, asCall)
	}
	if p.cfg.Status == nil {
		return out, nil
	}
	status, err := p.cfg.Status(ctx)
	if err != nil { // the rest is worth seeing all the more
		p.log.WarnContext(ctx, "cannot tell the state", "request_id", requestID(ctx), "err", err)
		status = map[string]any{"problem": err.Error()}
	}
	b.Status = status
	return out, nil
}

func asTrunk(s trunk.State) Trunk {
	return Trunk{Name: s.Name, Up: s.Up, RegisteredUntil: known(s.RegisteredUntil), Calls: s.Calls, LastError: s.LastError}
}

func asNumber(n route.Number) Number {
	return Number{Number: string(n.E164), TargetKind: string(n.Target.Kind), Target: n.Target.Value, Label: n.Label}
}

func asCall(r cdr.Record) Call {
	c := Call{
		ID: r.ID, Direction: string(r.Direction), Caller: cmp.Or(r.Caller.AoR, r.Caller.Number, "withheld"), Called: cmp.Or(string(r.Number), r.Called),
		Target: r.Target, Trunk: r.Trunk, StartedAt: r.StartedAt, DurationMS: r.Duration().Milliseconds(),
		Answered: !r.AnsweredAt.IsZero(), EndedAt: known(r.EndedAt), Mailbox: r.Mailbox,
	}
	if c.EndedAt != nil {
		c.Result = r.Cause.Error()
	}
	return c
}
