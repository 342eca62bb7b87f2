package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	goyaml "go.yaml.in/yaml/v3"

	"tandem/attendant"
)

// A Site is what tandem apply sets up: the things that people manage, as a file. Applying it twice changes nothing
// the second time; what it does not name stays as it is. Names without a domain are in the overlay's.
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
	Calls     int      `yaml:"calls"`  // at once; not said: 30
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

// readSite reads a file, or standard input for "-", strictly: a misspelled key is a problem. A Site with problems is as
// good as could be read, to look for more.
func readSite(file string) (s Site, problems []error, err error) {
	read := func() ([]byte, error) { return os.ReadFile(file) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	raw, err := read()
	if err != nil {
		return Site{}, nil, fmt.Errorf("read the site file: %w", err)
	}
	s, problems = parseSite(raw)
	return s, problems, nil
}

func parseSite(raw []byte) (s Site, problems []error) {
	dec := goyaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	err := dec.Decode(&s)
	var wrong *goyaml.TypeError
	switch {
	case errors.Is(err, io.EOF):
		return s, []error{errors.New("the file is empty")}
	case errors.As(err, &wrong):
		for _, text := range wrong.Errors {
			problems = append(problems, errors.New(plainly(text)))
		}
	case err != nil:
		return s, []error{errors.New(strings.TrimPrefix(err.Error(), "yaml: "))}
	case s.empty():
		return s, []error{errors.New("the file names nothing: users, trunks, routes, numbers or menus are expected")}
	}
	if err := dec.Decode(new(goyaml.Node)); !errors.Is(err, io.EOF) {
		problems = append(problems, errors.New("there is more after the end of the first document (a line of ---)"))
	}
	var tree goyaml.Node
	if goyaml.Unmarshal(raw, &tree) == nil {
		problems = append(problems, unkeepable(&tree)...)
	}
	return s, problems
}

// unkeepable finds texts that no database can keep.
func unkeepable(n *goyaml.Node) (problems []error) {
	if strings.ContainsRune(n.Value, 0) {
		problems = append(problems, fmt.Errorf("line %d: a text cannot have the character \\0", n.Line))
	}
	for _, below := range n.Content {
		problems = append(problems, unkeepable(below)...)
	}
	return problems
}

func (s Site) empty() bool {
	return len(s.Users)+len(s.Trunks)+len(s.Numbers)+len(s.Routes)+len(s.Menus) == 0
}

// What the YAML decoder says of Go's types.
var (
	noSuchField = regexp.MustCompile(`^(line \d+): field (.*) not found in type \S+$`)
	notOfType   = regexp.MustCompile("^(line \\d+): cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.*)$")
)

// plainly says a problem of the decoder without Go's types.
func plainly(text string) string {
	if m := noSuchField.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s: there is no key %q here", m[1], m[2])
	}
	m := notOfType.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	got := fmt.Sprintf("%q", m[3])
	switch m[2] {
	case "seq":
		got = "a list"
	case "map":
		got = "a set of keys"
	}
	return fmt.Sprintf("%s: %s is not %s", m[1], got, wanted(m[4]))
}

// wanted says what a Go type is in a file.
func wanted(goType string) string {
	switch {
	case goType == "time.Duration":
		return "a length of time such as 25s"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "string":
		return "a text"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	}
	return "a set of keys with their values"
}

// inDomain completes a bare name with the overlay's domain.
func inDomain(name, domain string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || strings.Contains(name, "@") {
		return name
	}
	return name + "@" + strings.ToLower(domain)
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
