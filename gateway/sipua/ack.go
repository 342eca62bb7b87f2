package sipua

import (
	"context"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// ackWait is a 2xx to an INVITE that wants its ACK.
type ackWait struct {
	done chan struct{}
	once sync.Once
	sdp  []byte // of the ACK; set before done is closed
}

func (a *ackWait) arrive(sdp []byte) {
	a.once.Do(func() {
		a.sdp = sdp
		close(a.done)
	})
}

// expectAck registers the wait before the 2xx leaves.
func (l *Leg) expectAck(seq uint32) *ackWait {
	a := &ackWait{done: make(chan struct{})}
	l.mu.Lock()
	l.acks[seq] = a
	l.mu.Unlock()
	return a
}

// acked is told of an ACK, or of a BYE, which proves as much. seq 0 means all.
func (l *Leg) acked(seq uint32, sdp []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, a := range l.acks {
		if seq == 0 || s == seq {
			a.arrive(sdp)
			delete(l.acks, s)
		}
	}
}

// allAcked waits until no 2xx of ours is without ACK: before that no BYE may leave (RFC 3261 §15).
func (l *Leg) allAcked() {
	l.mu.Lock()
	waits := make([]*ackWait, 0, len(l.acks))
	for _, a := range l.acks {
		waits = append(waits, a)
	}
	l.mu.Unlock()
	for _, a := range waits {
		select {
		case <-a.done:
		case <-l.ua.ctx.Done():
		}
	}
}

// lost is closed when the connection that the dialog runs over is; nil over UDP.
func (l *Leg) lost() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.dlg.path.stream; s != nil {
		return s.gone
	}
	return nil
}

// repeat sends a 2xx until its ACK comes, over streams too (§13.3.1.4): T1, doubled up to T2, for 64·T1; then the
// session is over.
func (l *Leg) repeat(tx *sip.ServerTx, res *sip.Response, a *ackWait) {
	t1 := l.ua.cfg.T1
	ctx, cancel := context.WithTimeout(l.ua.ctx, 64*t1)
	defer cancel()
	for wait := t1; ; wait = min(2*wait, 8*t1) {
		timer := time.NewTimer(wait)
		select {
		case <-a.done:
			timer.Stop()
			return
		case <-l.lost():
			timer.Stop()
			a.arrive(nil) // neither copies nor the ACK have a way any more
			return
		case <-timer.C:
			_ = tx.Respond(res)
		case <-ctx.Done():
			timer.Stop()
			l.log.Info("no ACK to our 2xx", "call_id", l.key.callID)
			a.arrive(nil) // nothing more to wait for
			l.end(call.RecoveryTimerExpiry, ending{say: true})
			return
		}
	}
}
