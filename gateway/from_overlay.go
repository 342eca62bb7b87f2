package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tandem/gateway/call"
	"tandem/gateway/cdr"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// mailboxName is the user part under which the mailboxes are called.
const mailboxName = "voicemail"

var (
	errImpostor = errors.New("the caller named is not the certificate's user")
	errDisabled = errors.New("the caller's account is disabled") // and the certificate not yet revoked everywhere
)

// fromOverlay takes a call from a peer. The certificate of its connection says who calls.
func (g *Gateway) fromOverlay(ctx context.Context, in *sipua.Leg) {
	caller := in.Info().Caller
	caller.AoR, caller.Verified = strings.ToLower(caller.AoR), true
	g.serve(ctx, in, caller, (*exchange).overlayDestination)
}

// overlayDestination reads the Request-URI: a mailbox, a number, a menu or a person.
func (x *exchange) overlayDestination() (destination, error) {
	if err := sameUser(x.in, x.rec.Caller.AoR); err != nil {
		return destination{direction: cdr.Service}, err
	}
	if u, known := x.rt.User(x.rec.Caller.AoR); known && u.Disabled {
		return destination{direction: cdr.Service}, errDisabled
	}
	info := x.in.Info()
	name := strings.ToLower(info.Called)
	switch {
	case name == mailboxName && info.Target != "":
		return x.toMailbox(cdr.Service, strings.ToLower(info.Target), info.Reason)
	case name == mailboxName:
		return x.toRetrieval(x.rec.Caller.AoR)
	case route.IsDialString(info.Called):
		return x.numberFromOverlay(info.Called)
	}
	if d, err := x.toMenu(cdr.Service, name); !errors.Is(err, ErrNotFound) {
		return d, err
	}
	return x.toUser(cdr.Service, name+"@"+x.g.cfg.Domain)
}

// numberFromOverlay is a number of ours, or one of the telephone network that the caller may call.
func (x *exchange) numberFromOverlay(dialed string) (destination, error) {
	n, err := x.rt.Normalize(dialed)
	if err != nil {
		return destination{direction: cdr.Outbound}, err
	}
	if t, err := x.rt.Target(n); err == nil {
		d, err := x.toTarget(cdr.Service, t)
		d.number = n
		return d, err
	}
	return x.toTrunk(n)
}

// sameUser holds From against the certificate. A caller may hide (RFC 3323) but not be another.
func sameUser(in *sipua.Leg, aor string) error {
	if aor == "" {
		return fmt.Errorf("the certificate names no user: %w", errImpostor)
	}
	_, uri, err := in.From()
	if err != nil {
		return fmt.Errorf("%w: %w", err, errImpostor)
	}
	claimed := strings.ToLower(uri.User + "@" + uri.Host)
	if claimed == aor || claimed == "anonymous@anonymous.invalid" {
		return nil
	}
	return fmt.Errorf("%q on a connection of %q: %w", claimed, aor, errImpostor)
}

// shownTo is the caller as the called side may see them.
func shownTo(side call.Side, p call.Party) call.Party {
	if p.Anonymous && side == call.Overlay {
		return call.Party{Anonymous: true}
	}
	return p
}
