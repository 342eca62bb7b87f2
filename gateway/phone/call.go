package phone

import (
	"context"
	"errors"
	"time"

	"tandem/gateway/b2bua"
	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// ErrNowhere: what was dialed is neither a number, nor an AoR of this overlay, nor a service.
var ErrNowhere = errors.New("neither a telephone number nor an address of this overlay")

// Call calls a number, an AoR or a service as this phone's user, and returns the answered leg. The error wraps a
// call.Cause or a *sipua.StatusError when the far side refused, ErrNowhere, route.ErrNoService, route.ErrNotRegistered.
// When ctx ends before the answer the call is cancelled. End the call with Hangup. A call whose far node is gone, its
// connection lost and its media stopped, ends by itself with call.NetworkOutOfOrder.
func (p *Phone) Call(ctx context.Context, to string, o CallOptions) (*sipua.Leg, error) {
	a := attempt{Phone: p, codecs: o.Codecs, ringFor: o.RingFor}
	if o.Progress != nil {
		a.progress = func(leg *sipua.Leg, pr sipua.Progress) { o.Progress(leg, pr) }
	}
	leg, err := a.call(ctx, to)
	if err == nil {
		p.calls.Go(func() { p.watch(leg.Context(), leg) })
	}
	return leg, err
}

// watch ends a leg whose node is gone: nobody else would notice, where no softphone is joined to it.
func (p *Phone) watch(ctx context.Context, leg *sipua.Leg) {
	b2bua.Watch(ctx, leg, b2bua.Limits{Lost: p.lost})
}

// attempt is the calling part of one call.
type attempt struct {
	*Phone
	codecs      []call.Codec
	ringFor     time.Duration
	maxForwards int
	progress    func(*sipua.Leg, sipua.Progress)
}

func (a attempt) call(ctx context.Context, to string) (*sipua.Leg, error) {
	d, err := a.parse(to)
	switch {
	case err != nil:
		return nil, err
	case d.own:
		return a.service(ctx, route.ServiceVoicemail, route.VoicemailKey(a.cfg.AoR), "sips:voicemail@"+a.domain)
	case d.number != "":
		return a.number(ctx, d.number)
	}
	return a.person(ctx, d.aor)
}

// number calls the telephone network through the first gateway that can.
func (a attempt) number(ctx context.Context, n route.E164) (*sipua.Leg, error) {
	gateways, err := a.gateways(ctx, n)
	if err != nil {
		return nil, err
	}
	return a.inOrder(ctx, gateways, "sips:"+string(n)+"@"+a.domain+";user=phone")
}

// person calls somebody's nodes, then their mailbox, then a menu of that name.
func (a attempt) person(ctx context.Context, aor string) (*sipua.Leg, error) {
	leg, err := a.nodes(ctx, aor)
	if err == nil || ctx.Err() != nil {
		return leg, err
	}
	a.log.Info("nobody there, trying the mailbox", "aor", aor, "err", err)
	leg, failed := a.service(ctx, route.ServiceVoicemail, route.VoicemailKey(aor), mailboxURI(a.domain, aor, b2bua.ReasonOf(err)))
	if failed == nil || ctx.Err() != nil {
		return leg, failed
	}
	if errors.Is(err, route.ErrNotRegistered) {
		leg, failed = a.service(ctx, route.ServiceAttendant, nil, "sips:"+aor)
		if failed == nil || ctx.Err() != nil {
			return leg, failed
		}
	}
	return nil, err
}

// maxFork bounds how many nodes of one person ring.
const maxFork = 8

func (a attempt) nodes(ctx context.Context, aor string) (*sipua.Leg, error) {
	contacts, err := a.locate(ctx, aor)
	if err != nil {
		return nil, err
	}
	d := b2bua.Dial{Parallel: true, RingFor: a.ring(), Progress: a.progress, Logger: a.log}
	for _, c := range contacts[:min(len(contacts), maxFork)] {
		d.Branches = append(d.Branches, a.branch(c, "sips:"+aor))
	}
	return d.Run(ctx)
}

// service calls a service at the first provider that has what is wanted: one that answers 404 has not.
func (a attempt) service(ctx context.Context, name string, key []byte, uri string) (*sipua.Leg, error) {
	providers, err := a.providers(ctx, name, key)
	if err != nil {
		return nil, err
	}
	return a.inOrder(ctx, providers, uri)
}

// maxProviders bounds how many are tried for one call.
const maxProviders = 5

func (a attempt) inOrder(ctx context.Context, providers []route.Contact, uri string) (*sipua.Leg, error) {
	d := b2bua.Dial{Progress: a.progress, Logger: a.log, Next: func(err error) bool {
		return b2bua.Retryable(err) && !forbidden(err) || !isNumber(uri) && notThere(err)
	}}
	for _, c := range providers[:min(len(providers), maxProviders)] {
		d.Branches = append(d.Branches, a.branch(c, uri))
	}
	return d.Run(ctx)
}

func (a attempt) branch(c route.Contact, uri string) b2bua.Branch {
	return b2bua.Branch{Name: c.Node, Invite: func(ctx context.Context) (*sipua.Leg, error) {
		codecs := a.codecs
		if codecs == nil {
			codecs = a.cfg.Codecs
		}
		return a.peers.Invite(ctx, c, codecs, sipua.InviteConfig{URI: uri, From: sipua.Address{URI: "sips:" + a.cfg.AoR},
			To: sipua.Address{URI: uri}, MaxForwards: a.maxForwards, Info: call.Info{Caller: call.Party{AoR: a.cfg.AoR, Verified: true}}})
	}}
}
