package link

import "time"

// due notes that a frame's acknowledgment is expected from now on.
func (l *Link) due(sequence uint32, now time.Time) {
	l.mu.Lock()
	first := len(l.unacked) == 0
	l.unacked.sent(sequence, now)
	l.mu.Unlock()
	if first {
		l.wake()
	}
}

// acknowledge takes an acknowledgment in; the link is not silent then.
func (l *Link) acknowledge(a ack, now time.Time) {
	l.mu.Lock()
	at, ok := l.unacked.acknowledged(a)
	if !ok {
		l.mu.Unlock()
		return
	}
	l.rtt.measure(now.Sub(at))
	was := l.silent
	l.silent = false
	l.mu.Unlock()
	if was {
		l.wake()
		l.events.Silent(l)
	}
}

func (l *Link) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// watch notices overdue acknowledgments.
func (l *Link) watch() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-l.kick:
		case <-timer.C:
		}
		next, becameSilent, dead := l.check(time.Now())
		if dead {
			l.end(ErrSilent)
			return
		}
		if becameSilent {
			l.events.Silent(l)
		}
		timer.Reset(next)
	}
}

// check says whether the link has just become silent or has been so for too long, and when to look again.
func (l *Link) check(now time.Time) (next time.Duration, becameSilent, dead bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.unacked) == 0 {
		return time.Hour, false, false
	}
	if l.silent {
		left := giveUp - now.Sub(l.silentAt)
		return left, false, left <= 0
	}
	if left := l.rtt.rto() - now.Sub(l.unacked[0].at); left > 0 {
		return left, false, false
	}
	l.silent, l.silentAt = true, now
	return giveUp, true, false
}
