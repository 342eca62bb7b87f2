package sipua

import (
	"errors"
	"runtime/debug"

	"github.com/emiago/sipgo/sip"
)

// errBusy means that the UA has as many calls as it may, or takes no more.
var errBusy = errors.New("sipua: no capacity for another call")

// register counts a leg and makes it findable by its dialog.
func (u *UA) register(l *Leg, pending bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.draining, u.closed, u.calls >= u.cfg.MaxCalls:
		return errBusy
	case pending && u.pending >= u.cfg.MaxPending:
		return errBusy
	}
	if pending {
		u.pending++
	}
	u.calls++
	u.legs[l.key] = l
	return nil
}

// settled says that an incoming INVITE is no longer pending.
func (l *Leg) settled() {
	l.settle.Do(func() {
		l.ua.mu.Lock()
		l.ua.pending--
		l.ua.mu.Unlock()
	})
}

// forget moves a leg that has nothing left to say to those that are remembered for what may still arrive.
func (u *UA) forget(l *Leg) {
	if l.incoming {
		l.settled()
	}
	l.cancel(nil)
	u.seen.ended.put(l.key, l)
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.legs, l.key)
	u.calls--
}

// findLeg finds the live leg that an in-dialog request belongs to: our tag and the Call-ID, and the far side's tag if
// we know it. On an overlay UA it must come from the dialog's node.
func (u *UA) findLeg(req *sip.Request) *Leg {
	tag, _ := toTag(req)
	u.mu.Lock()
	l := u.legs[dialogKey{req.CallID().Value(), tag}]
	u.mu.Unlock()
	if l == nil || !l.belongs(req) {
		return nil
	}
	return l
}

func (l *Leg) belongs(req *sip.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dlg.remoteTag != "" && l.dlg.remoteTag != fromTag(req) {
		return false
	}
	return l.dlg.path.stream == nil || l.dlg.path.stream.peer.Node == l.ua.peerOf(req.Source()).Node
}

// stray sees responses that belong to no transaction any more: a 2xx that comes late, or of one more fork.
func (u *UA) stray(res *sip.Response) {
	defer u.guard("stray")
	if !res.IsSuccess() || res.CSeq() == nil || res.CSeq().MethodName != sip.INVITE || res.CallID() == nil {
		return
	}
	key := dialogKey{res.CallID().Value(), fromTag(res)}
	u.mu.Lock()
	l := u.legs[key]
	u.mu.Unlock()
	if l == nil {
		l, _ = u.seen.ended.get(key)
	}
	if l != nil && !l.incoming {
		l.late2xx(res)
	}
}

// guard keeps a panic in its handler: one call is lost, not the process.
func (u *UA) guard(where string) {
	if p := recover(); p != nil {
		u.log.Error("panic", "in", where, "err", p, "stack", string(debug.Stack()))
	}
}
