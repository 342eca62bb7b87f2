package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem/gateway/call"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
)

// findTime bounds a search in the overlay.
const findTime = 8 * time.Second

func (a attempt) ring() time.Duration {
	if a.ringFor > 0 {
		return a.ringFor
	}
	return a.cfg.RingFor
}

func (p *Phone) locate(ctx context.Context, aor string) ([]route.Contact, error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	contacts, err := p.cfg.Overlay.Locate(ctx, aor)
	if err == nil && len(contacts) == 0 {
		err = route.ErrNotRegistered
	}
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", aor, err)
	}
	return contacts, nil
}

func (p *Phone) providers(ctx context.Context, name string, key []byte) ([]route.Contact, error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	contacts, err := p.cfg.Overlay.Services(ctx, name, key)
	if err == nil && len(contacts) == 0 {
		err = route.ErrNoService
	}
	if err != nil {
		return nil, fmt.Errorf("find service %s: %w", name, err)
	}
	return contacts, nil
}

// gateways finds the gateways for a number, those of the longest prefix first. All prefixes are looked up at once: each
// takes several round trips through the overlay.
func (p *Phone) gateways(ctx context.Context, n route.E164) ([]route.Contact, error) {
	names := route.GatewayServices(n)
	found, errs := make([][]route.Contact, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { found[i], errs[i] = p.providers(ctx, name, nil) })
	}
	wg.Wait()
	var all []route.Contact
	for _, c := range slices.Concat(found...) {
		known := func(k route.Contact) bool { return k.Node == c.Node }
		if !slices.ContainsFunc(all, known) {
			all = append(all, c)
		}
	}
	if len(all) > 0 {
		return all, nil
	}
	return nil, worst(errs)
}

// worst is the error that is not merely "there is none", if any.
func worst(errs []error) error {
	for _, err := range errs {
		if !errors.Is(err, route.ErrNoService) {
			return err
		}
	}
	return errs[len(errs)-1]
}

// mailboxURI asks a voicemail provider for somebody's mailbox (RFC 4458 §5).
func mailboxURI(domain, aor string, reason call.Reason) string {
	return "sips:voicemail@" + domain + ";target=sip:" + url.QueryEscape(aor) + ";cause=" + strconv.Itoa(int(reason))
}

func isNumber(uri string) bool { return strings.HasPrefix(uri, "sips:+") }

// notThere: this provider does not keep it, another may.
func notThere(err error) bool { return hasCode(err, 404) }

// forbidden: the gateway knows the caller and said no. Asking around would be begging.
func forbidden(err error) bool { return hasCode(err, 403) }

func hasCode(err error, code int) bool {
	var s *sipua.StatusError
	return errors.As(err, &s) && s.Code == code
}
