package gateway_test

import (
	"context"
	"testing"

	"tandem/gateway/call"
	"tandem/gateway/phone"
	"tandem/gateway/route"
)

// A user of the overlay who dials a colleague's number, or comes to them by a menu, rings the colleague's phone: the
// gateway names the caller, whom it has proven, on a connection of its own.
func TestColleagueIsCalledByWayOfTheGateway(t *testing.T) {
	s := newSite(t)
	s.menus["reception"] = call.HandlerFunc(func(ctx context.Context, leg call.Leg) error {
		if err := leg.Answer(ctx); err != nil {
			return err
		}
		return s.gw.Transfer(ctx, leg, route.Target{Kind: route.ToUser, Value: "bob@example.net"})
	})
	sp := s.softphone(s.phone("b1", "bob@example.net", withSoftphones))
	s.must(sp.register("bob", ""))
	alice := s.phone("a1", "alice@example.net", nil)
	for _, dialed := range []string{"+15550001000", "reception"} {
		leg, err := alice.Call(t.Context(), dialed, phone.CallOptions{})
		s.must(err)
		select {
		case at := <-sp.came:
			if got := at.Info().Caller.AoR; got != "alice@example.net" {
				t.Errorf("%s: the softphone sees %q calling; want Alice", dialed, got)
			}
			at.Hangup(call.NormalClearing)
		case <-leg.Context().Done():
			t.Errorf("%s: Bob's phone did not ring; deposits %+v", dialed, s.mail.last())
		}
		<-leg.Context().Done()
	}
}

// A gateway speaks for users of its overlay, not for those of others.
func TestGatewayDoesNotSpeakForStrangers(t *testing.T) {
	s := newSite(t)
	s.phone("b1", "bob@example.net", func(c *phone.Config) {
		answering(greeting(800))(c)
		c.Gateway = func(user string) bool { return user == "alice@example.net" } // as whom the intruder comes
	})
	e := s.intruder()
	s.must(e.call("b1", "sips:bob@example.net", "sips:carol@example.net"))
	for _, from := range []string{"sips:carol@elsewhere.net", "sips:example.net"} {
		wantStatus(t, "From "+from, e.call("b1", "sips:bob@example.net", from), 403)
	}
}
