package trunk

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"tandem/gateway/sipua"
)

// stayRegistered registers, refreshes at 50 to 90 % of the time granted so that many trunks spread out, and removes
// the registration at the end.
func (e *entry) stayRegistered() {
	r := sipua.RegisterConfig{
		Registrar:   "sip:" + e.cfg.hostPort(),
		AoR:         sipua.Address{URI: sipua.UserURI("sip", e.cfg.User, e.cfg.FromDomain)},
		ContactUser: e.cfg.User, Expires: e.cfg.Expires, Credentials: e.cfg.credentials(),
		CallID: uuid.NewString(),
	}
	failures := 0
	for {
		granted, err := e.registerOnce(&r)
		var wait time.Duration
		if err == nil {
			failures = 0
			wait = time.Duration(float64(granted) * (0.5 + 0.4*rand.Float64()))
		} else {
			failures++
			wait = e.backoff(err, failures)
		}
		if !e.waitOpen(wait, err == nil) {
			break
		}
	}
	e.unregister(&r)
}

// waitOpen waits; while registered it keeps NATs on the way from forgetting us.
func (e *entry) waitOpen(d time.Duration, registered bool) bool {
	for registered && d > pingEvery {
		if !e.sleep(pingEvery) {
			return false
		}
		d -= pingEvery
		ctx, cancel := context.WithTimeout(e.ctx, attemptWait)
		err := e.set.ua.Ping(ctx, e.cfg.hop())
		cancel()
		if err != nil { // the connection is lost and with it the contact: register anew
			e.log.Info("keep-alive failed", "err", err)
			return e.ctx.Err() == nil
		}
	}
	return e.sleep(d)
}

func (e *entry) registerOnce(r *sipua.RegisterConfig) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(e.ctx, attemptWait, errSilence)
	defer cancel()
	err := e.resolve()
	var granted sipua.Registered
	if err == nil {
		r.Hop = e.cfg.hop()
		r.CSeq += 8
		granted, err = e.set.ua.Register(ctx, *r)
	}
	if err == nil && granted.Expires < time.Second {
		err = errNoTime
	}
	if err == nil {
		e.mu.Lock()
		e.until, e.routes = time.Now().Add(granted.Expires), granted.ServiceRoute
		e.mu.Unlock()
	} else if refused(err) {
		e.mu.Lock()
		e.until = time.Time{}
		e.mu.Unlock()
	}
	e.note(err, false)
	return granted.Expires, err
}

var (
	errSilence = errors.New("no answer in time")
	errNoTime  = errors.New("registered for no time at all")
)

// backoff is the wait after the n-th failure in a row.
func (e *entry) backoff(err error, n int) time.Duration {
	wait, most := e.set.cfg.Backoff, e.set.cfg.MaxBackoff
	if refused(err) {
		wait *= 15
		most = max(most, wait)
	}
	wait = min(wait<<min(n-1, 20), most)
	var se *sipua.StatusError
	if errors.As(err, &se) && se.RetryAfter > wait {
		wait = min(se.RetryAfter, time.Hour)
	}
	return jitter(wait)
}

// refused says that the carrier does not want these credentials.
func refused(err error) bool {
	var se *sipua.StatusError
	return errors.As(err, &se) && (se.Code == 401 || se.Code == 403 || se.Code == 404 || se.Code == 407)
}

func (e *entry) unregister(r *sipua.RegisterConfig) {
	e.mu.Lock()
	registered := e.until.After(time.Now())
	e.until = time.Time{}
	e.mu.Unlock()
	if !registered {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), unregisterWait)
	defer cancel()
	r.CSeq += 8
	r.Expires = 0
	if _, err := e.set.ua.Register(ctx, *r); err != nil {
		e.log.Info("not unregistered", "err", err)
	}
}
