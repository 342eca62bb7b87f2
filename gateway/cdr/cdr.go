// Package cdr is the call detail record: who called whom, when, for how long, how it ended and how it sounded.
//
// A record is opened before anything is dialed, so that a call which ends with the process is still on file,
// and closed once at the call's end. Recorder is where records go; gatewaypg keeps them in Postgres.
package cdr

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/call"
	"tandem/gateway/route"
)

// Direction of a call, as the gateway sees it.
type Direction string

// The directions.
const (
	Outbound Direction = "outbound" // overlay user to the telephone network
	Inbound  Direction = "inbound"  // telephone network to one of our numbers
	Service  Direction = "service"  // overlay user to voicemail or a menu here
)

// Party says who let go of a call.
type Party string

// Who may release a call.
const (
	Caller  Party = "caller"
	Called  Party = "called"
	Gateway Party = "gateway" // a refusal, a limit, a shutdown
)

// A Record is one call. Fields without a value yet are zero.
type Record struct {
	ID         uuid.UUID // the caller's leg's ID, the call_id of every log line
	Gateway    string    // Node-ID of the gateway that carried it
	Direction  Direction
	Caller     call.Party
	CallerNode string     // Node-ID of the caller's connection, on a call from the overlay
	Called     string     // as dialed
	Number     route.E164 // the number it came to, when it was one
	Target     string     // where it went: "user:bob@example.net", "menu:main", "mailbox:…", "number:+…"
	Trunk      string     // the trunk it came from or went to

	StartedAt  time.Time
	RingingAt  time.Time
	AnsweredAt time.Time // by a person or a machine of the far side
	EndedAt    time.Time

	Cause      call.Cause // Q.850
	Status     int        // SIP status of the refusal, when it was refused
	ReleasedBy Party
	Mailbox    string // AoR of the mailbox that took over, if one did
	Reason     call.Reason
	Note       string // the log's word for what went wrong

	CallerMedia, CalledMedia Media
}

// Media is what one leg heard.
type Media struct {
	Codec        string        `json:"codec,omitempty"`
	SRTP         bool          `json:"srtp"`
	Sent         uint64        `json:"sent"`     // packets
	Received     uint64        `json:"received"` // packets
	Lost         int64         `json:"lost"`     // packets expected and never received (RFC 3550 §6.4.1)
	Jitter       time.Duration `json:"jitter_ns"`
	RoundTrip    time.Duration `json:"round_trip_ns"` // 0: never measured
	RemoteLoss   float64       `json:"remote_loss"`   // share of our packets the far side reports lost, 0 to 1
	RemoteJitter time.Duration `json:"remote_jitter_ns"`
	MOS          float64       `json:"mos"` // estimated, 1 to 4.5; 0: unknown
}

// Loss is the share of packets that never came, 0 to 1.
func (m Media) Loss() float64 {
	expected := int64(m.Received) + m.Lost
	if expected <= 0 || m.Lost <= 0 {
		return 0
	}
	return float64(m.Lost) / float64(expected)
}

// Duration is the time from answer to end; 0 when nobody answered.
func (r *Record) Duration() time.Duration {
	if r.AnsweredAt.IsZero() || r.EndedAt.Before(r.AnsweredAt) {
		return 0
	}
	return r.EndedAt.Sub(r.AnsweredAt)
}

// A Recorder keeps records. Open is called before anything is dialed, Answer when somebody does, Close once at
// the end.
type Recorder interface {
	OpenCall(ctx context.Context, r *Record) error
	AnswerCall(ctx context.Context, r *Record) error
	CloseCall(ctx context.Context, r *Record) error

	// CloseAbandoned closes what a gateway left open when it died, and says how many there were.
	CloseAbandoned(ctx context.Context, gateway string) (int, error)
}
