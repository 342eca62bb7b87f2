package sipua

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/gateway/call"
)

// errNotUp is returned by Reoffer before the call is connected.
var errNotUp = errors.New("sipua: the call is not connected")

// Reoffer sends a re-INVITE with a new offer of the leg's Media: hold, resume, another address. A refusal leaves the
// session as it was. One that crosses the far side's is tried again after the time that RFC 3261 §14.1 says.
func (l *Leg) Reoffer(ctx context.Context) error {
	for try := 0; ; try++ {
		res, err := l.reinvite(ctx)
		if err != nil {
			return fmt.Errorf("re-INVITE: %w", err)
		}
		switch {
		case res.IsSuccess():
			return nil
		case res.StatusCode != 491 || try == 3:
			if res.StatusCode == 481 || res.StatusCode == 408 { // §12.2.1.2
				l.Hangup(CauseOf(res.StatusCode))
			}
			return fmt.Errorf("re-INVITE: %w", statusError(res))
		}
		if err := l.pause(ctx, l.glareWait()); err != nil {
			return err
		}
	}
}

// glareWait is the wait after 491: who owns the Call-ID waits longer.
func (l *Leg) glareWait() time.Duration {
	unit := l.ua.cfg.T1 / 50 // 10 ms with the usual T1
	if l.incoming {
		return time.Duration(randomN(200)) * unit
	}
	return time.Duration(210+randomN(190)) * unit
}

func (l *Leg) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-l.ctx.Done():
		return l.cause()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *Leg) reinvite(ctx context.Context) (*sip.Response, error) {
	l.offering.Lock()
	defer l.offering.Unlock()
	sdp, err := l.Media().Offer()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	if l.phase != connected {
		l.mu.Unlock()
		return nil, errNotUp
	}
	r := l.dlg.request(sip.INVITE)
	d := l.dlg
	l.mu.Unlock()
	r.AppendHeader(allowHeader())
	setBody(r, sdp)
	res, err := l.ua.do(ctx, &d, r, l.watchForks)
	l.mu.Lock()
	l.dlg.seq = max(l.dlg.seq, d.seq)
	if err == nil && res.IsSuccess() {
		l.dlg.refresh(res)
	}
	l.mu.Unlock()
	if err != nil || !res.IsSuccess() {
		return res, err
	}
	answer, _ := sdpOf(res)
	err = l.Media().SetAnswer(answer)
	l.sendAck(res)
	return res, err
}

// refreshEvery keeps the session alive (RFC 4028 §10).
func (l *Leg) refreshEvery(d time.Duration) {
	for l.pause(context.Background(), d) == nil {
		ctx, cancel := context.WithTimeout(l.ctx, 64*l.ua.cfg.T1)
		err := l.Reoffer(ctx)
		cancel()
		var e *StatusError
		if errors.As(err, &e) && (e.Code == 408 || e.Code == 481) {
			l.Hangup(call.RecoveryTimerExpiry)
			return
		}
	}
}
