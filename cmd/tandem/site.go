package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	goyaml "go.yaml.in/yaml/v3"

	"tandem/attendant"
	"tandem/gateway"
	"tandem/gateway/call"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/prompt"
	"tandem/gateway/route"
	"tandem/gateway/sipua"
	"tandem/gateway/trunk"
)

// A Site is what tandem apply sets up: the things that people manage, as a file. Applying it twice changes nothing
// the second time; what it does not name stays as it is.
type Site struct {
	Users   []SiteUser       `yaml:"users"`
	Trunks  []SiteTrunk      `yaml:"trunks"`
	Numbers []SiteNumber     `yaml:"numbers"`
	Routes  []SiteRoute      `yaml:"routes"`
	Menus   []attendant.Menu `yaml:"menus"`
}

// SiteUser is a person.
type SiteUser struct {
	Address       string        `yaml:"address"` // alice, or alice@overlay
	Name          string        `yaml:"name"`
	Administrator bool          `yaml:"administrator"`
	Password      string        `yaml:"password"` // for the portal; set when the user is made, and never changed by a file
	CallsOut      bool          `yaml:"callsout"` // may call the telephone network
	Number        string        `yaml:"number"`   // shown to the telephone network
	Ring          time.Duration `yaml:"ring"`
	Language      string        `yaml:"language"`
	TimeZone      string        `yaml:"timezone"`
}

// SiteTrunk is a carrier.
type SiteTrunk struct {
	Name      string   `yaml:"name"`
	Host      string   `yaml:"host"`      // host or host:port
	Transport string   `yaml:"transport"` // udp (the default), tcp, tls
	User      string   `yaml:"user"`      // to register as; empty: the carrier knows our address
	Password  string   `yaml:"password"`
	Codecs    []string `yaml:"codecs"` // pcmu, pcma
	SRTP      string   `yaml:"srtp"`   // forbidden (the default), optional, required
	Number    string   `yaml:"number"` // shown for callers without a number of their own
	Calls     int      `yaml:"calls"`  // at once; 0: no limit
}

// SiteNumber is a number of ours and where it leads.
type SiteNumber struct {
	Number string `yaml:"number"`
	To     string `yaml:"to"` // user:alice, menu:main, mailbox:alice, number:+1...
	Label  string `yaml:"label"`
}

// SiteRoute sends numbers to a trunk.
type SiteRoute struct {
	Prefix   string `yaml:"prefix"` // "+1"; "+" is every number
	Trunk    string `yaml:"trunk"`
	Priority int    `yaml:"priority"`
}

// readSite reads a file, or standard input for "-", strictly: a misspelled key is an error.
func readSite(name string) (Site, error) {
	read := func() ([]byte, error) { return os.ReadFile(name) }
	if name == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	raw, err := read()
	if err != nil {
		return Site{}, fmt.Errorf("read the site file: %w", err)
	}
	dec := goyaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	var s Site
	if err := dec.Decode(&s); err != nil {
		return Site{}, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// resolved is a Site in the domain's types.
type resolved struct {
	trunks  []gatewaypg.Trunk
	numbers []route.Number
	routes  []route.Outbound
}

// resolve checks everything that can be checked without the database, and says all that is wrong at once.
func (s Site) resolve(cfg Config) (resolved, error) {
	domain, region := cfg.Overlay.Name, cfg.Region
	var r resolved
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, t := range s.Trunks {
		v, err := t.trunk(region)
		note(err)
		r.trunks = append(r.trunks, v)
	}
	for _, n := range s.Numbers {
		v, err := n.number(domain, region)
		note(err)
		r.numbers = append(r.numbers, v)
	}
	for _, o := range s.Routes {
		if !strings.HasPrefix(o.Prefix, "+") {
			note(fmt.Errorf("route %q: a prefix begins with +", o.Prefix))
		}
		r.routes = append(r.routes, route.Outbound{Prefix: o.Prefix, Trunk: o.Trunk, Priority: o.Priority})
	}
	world, err := menuWorld(cfg.Prompts)
	note(err)
	for _, m := range s.Menus {
		if err := m.Validate(world); err != nil {
			note(fmt.Errorf("menu %q: %w", m.Name, err))
		}
	}
	return r, errors.Join(problems...)
}

// menuWorld is what menus can say on this machine.
func menuWorld(p Prompts) (attendant.World, error) {
	sounds, err := prompt.Open(p.Directory, nil)
	if err != nil {
		return attendant.World{}, err
	}
	_, err = prompt.FindSynthesizer()
	return attendant.World{Sound: sounds.Pack(p.Language).Has, Speech: err == nil}, nil
}

func (t SiteTrunk) trunk(region string) (gatewaypg.Trunk, error) {
	fail := func(format string, args ...any) (gatewaypg.Trunk, error) {
		return gatewaypg.Trunk{}, fmt.Errorf("trunk %q: %s", t.Name, fmt.Sprintf(format, args...))
	}
	host, port := t.Host, 0
	if h, p, err := net.SplitHostPort(t.Host); err == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil {
			return fail("%q is not a port", p)
		}
	}
	if t.Name == "" || host == "" {
		return fail("name and host are needed")
	}
	v := trunk.Trunk{
		Name: t.Name, Host: host, Port: port, Transport: sipua.Transport(strings.ToUpper(orElse(t.Transport, "udp"))), Mode: trunk.ByAddress,
		User: t.User, Password: sipua.Secret(t.Password), SRTP: trunk.SRTP(orElse(t.SRTP, "forbidden")), MaxCalls: t.Calls,
	}
	if t.User != "" {
		v.Mode = trunk.Register
	}
	for _, c := range t.Codecs {
		switch strings.ToLower(c) {
		case "pcmu":
			v.Codecs = append(v.Codecs, call.PCMU)
		case "pcma":
			v.Codecs = append(v.Codecs, call.PCMA)
		default:
			return fail("unknown codec %q: pcmu or pcma", c)
		}
	}
	out := gatewaypg.Trunk{Trunk: gateway.Trunk{Trunk: v}, Enabled: true}
	if t.Number != "" {
		n, err := route.Normalize(t.Number, region)
		if err != nil {
			return fail("number %q: %v", t.Number, err)
		}
		out.CallerNumber = n
	}
	return out, nil
}

func (n SiteNumber) number(domain, region string) (route.Number, error) {
	e164, err := route.Normalize(n.Number, region)
	if err != nil {
		return route.Number{}, fmt.Errorf("number %q: %w", n.Number, err)
	}
	kind, value, ok := strings.Cut(n.To, ":")
	if !ok || value == "" {
		return route.Number{}, fmt.Errorf("number %s: %q leads nowhere: user:NAME, menu:NAME, mailbox:NAME or number:+N", n.Number, n.To)
	}
	target := route.Target{Kind: route.TargetKind(kind), Value: value}
	switch target.Kind {
	case route.ToUser, route.ToMailbox:
		target.Value = inDomain(value, domain)
	case route.ToMenu, route.ToNumber:
	default:
		return route.Number{}, fmt.Errorf("number %s: unknown kind of target %q", n.Number, kind)
	}
	return route.Number{E164: e164, Target: target, Label: n.Label}, nil
}

// inDomain completes a bare name with the overlay's domain.
func inDomain(name, domain string) string {
	if strings.Contains(name, "@") {
		return strings.ToLower(name)
	}
	return strings.ToLower(name + "@" + domain)
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
