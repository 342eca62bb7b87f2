package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tandem/gateway/call"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// What the database wants of names and prefixes.
var (
	trunkName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	prefix    = regexp.MustCompile(`^\+([1-9][0-9]{0,14})?$`)
)

// maxCalls is what a trunk may be allowed at once.
const maxCalls = 100_000

// over lays a trunk of the file over the one there is; the zero Trunk is none. Each problem begins with its key.
func (t SiteTrunk) over(v gatewaypg.Trunk, region string) (gatewaypg.Trunk, []error) {
	var problems []error
	when := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	if v.Name == "" {
		v.Enabled, v.Transport, v.SRTP = true, sipua.UDP, trunk.SRTPForbidden
	}
	host, port, err := splitCarrier(t.Host)
	when(t.Host == "", "host: is needed")
	when(t.Host != "" && err != nil, "host: %v", err)
	when(!trunkName.MatchString(t.Name), "name: must be small letters, digits, dots and hyphens")
	if t.Password != "" {
		v.Password = sipua.Secret(t.Password)
	} else if v.Host != host || v.User != t.User {
		v.Password, v.HasPassword = "", false // it was for somebody else
	}
	v.Name, v.Host, v.Port, v.User, v.Mode = t.Name, host, port, t.User, trunk.ByAddress
	if t.User != "" {
		v.Mode = trunk.Register
	}
	if t.Transport != "" {
		v.Transport = sipua.Transport(strings.ToUpper(t.Transport))
	}
	if t.SRTP != "" {
		v.SRTP = trunk.SRTP(strings.ToLower(t.SRTP))
	}
	if t.Calls != 0 {
		v.MaxCalls = t.Calls
	}
	when(!slices.Contains([]sipua.Transport{sipua.UDP, sipua.TCP, sipua.TLS}, v.Transport), "transport: %q is none of udp, tcp, tls", t.Transport)
	when(!slices.Contains([]trunk.SRTP{trunk.SRTPForbidden, trunk.SRTPOptional, trunk.SRTPRequired}, v.SRTP),
		"srtp: %q is none of forbidden, optional, required", t.SRTP)
	when(v.SRTP == trunk.SRTPRequired && v.Transport != sipua.TLS, "srtp: required needs the transport tls, or the keys are there for everybody to read")
	when(t.Calls < 0 || t.Calls > maxCalls, "calls: %d is not from 1 to %d", t.Calls, maxCalls)
	if len(t.Codecs) > 0 {
		v.Codecs, err = codecs(t.Codecs)
		when(err != nil, "codecs: %v", err)
	}
	if t.Number != "" {
		v.CallerNumber, err = route.Normalize(t.Number, region)
		when(errors.Is(err, route.ErrEmergency), "number: %q is an emergency number", t.Number)
		when(errors.Is(err, route.ErrNotANumber), "number: %q is not a telephone number such as +12025550111", t.Number)
	}
	return v, problems
}

func codecs(names []string) (list []call.Codec, err error) {
	for _, c := range names {
		switch strings.ToLower(c) {
		case "pcmu":
			list = append(list, call.PCMU)
		case "pcma":
			list = append(list, call.PCMA)
		default:
			return nil, fmt.Errorf("%q is neither pcmu nor pcma", c)
		}
	}
	return list, nil
}

// applyTrunk writes the one trunk of the configuration, if there is one, with a route for every number.
func (s *site) applyTrunk(ctx context.Context) error {
	t := s.cfg.Trunk
	if t.Host == "" {
		return nil
	}
	v, problems := SiteTrunk{Name: "default", Host: t.Host, Transport: t.Transport, User: t.User, Password: t.Password}.over(gatewaypg.Trunk{}, s.cfg.Region)
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("trunk.%w", err)
	}
	if err := s.directory.PutTrunk(ctx, v); err != nil {
		return err
	}
	return s.directory.PutRoute(ctx, route.Outbound{Prefix: "+", Trunk: "default"})
}
