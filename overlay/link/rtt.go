package link

import "time"

const (
	// initialRTO and minRTO stand in RFC 6298 rules 2.1 and 2.4 as one second. TCP has more to lose by waiting than a
	// link that is taken out of the routing table: on a machine short of CPU one second takes out healthy links, and
	// what that causes makes it shorter still. Three seconds is overlay-reliability-timer: a request sent again takes
	// another way.
	initialRTO = 3 * time.Second
	minRTO     = 3 * time.Second

	// maxRTO keeps one slow answer from hiding a dead link for long (rule 2.5 allows 60 s).
	maxRTO = 10 * time.Second
)

// rtt estimates a link's round-trip time and its retransmission timeout by RFC 6298 section 2.
type rtt struct {
	smoothed, variation time.Duration
	measured            bool
}

// measure takes one measurement in (rules 2.2 and 2.3).
func (r *rtt) measure(d time.Duration) {
	if !r.measured {
		r.smoothed, r.variation, r.measured = d, d/2, true
		return
	}
	r.variation = (3*r.variation + (r.smoothed - d).Abs()) / 4
	r.smoothed = (7*r.smoothed + d) / 8
}

// rto is the time within which an acknowledgment is due.
func (r *rtt) rto() time.Duration {
	if !r.measured {
		return initialRTO
	}
	d := r.smoothed + max(time.Millisecond, 4*r.variation)
	return min(max(d, minRTO), maxRTO)
}

// maxUnacked bounds what is remembered about a far side that reads but never acknowledges.
const maxUnacked = 1024

// unacked is the frames sent and not yet acknowledged, oldest first.
type unacked []sentFrame

type sentFrame struct {
	sequence uint32
	at       time.Time
}

func (u *unacked) sent(sequence uint32, now time.Time) {
	if len(*u) < maxUnacked {
		*u = append(*u, sentFrame{sequence, now})
	}
}

// acknowledged removes what a acknowledges and returns when the frame it names was sent. An acknowledgment of a
// frame also acknowledges those before it, since TCP keeps their order.
func (u *unacked) acknowledged(a ack) (at time.Time, ok bool) {
	for i, f := range *u {
		if f.sequence == a.sequence {
			*u = append((*u)[:0], (*u)[i+1:]...)
			return f.at, true
		}
	}
	return time.Time{}, false
}
