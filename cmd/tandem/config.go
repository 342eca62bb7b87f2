package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	goyaml "go.yaml.in/yaml/v3"
)

// A Config is the infrastructure of one tandem: one YAML file, then TANDEM_… variables (overlay.name is
// TANDEM_OVERLAY_NAME). What people manage day by day (users, numbers, trunks, menus) is in the database instead.
type Config struct {
	// Data is the directory for what must survive a restart: keys, the private database.
	Data string `koanf:"data" yaml:"data"`

	// Region is where national numbers are dialed, as ISO 3166 says it.
	Region string `koanf:"region" yaml:"region"`

	Log        Log        `koanf:"log" yaml:"log"`
	Overlay    Overlay    `koanf:"overlay" yaml:"overlay"`
	Enrollment Enrollment `koanf:"enrollment" yaml:"enrollment"`
	Database   Database   `koanf:"database" yaml:"database"`
	Web        Web        `koanf:"web" yaml:"web"`
	SIP        SIP        `koanf:"sip" yaml:"sip"`
	Media      Media      `koanf:"media" yaml:"media"`
	Prompts    Prompts    `koanf:"prompts" yaml:"prompts"`
	Trunk      TrunkEnv   `koanf:"trunk" yaml:"trunk"`
	Phone      PhoneCfg   `koanf:"phone" yaml:"phone"`
}

// Log says what is written to standard error.
type Log struct {
	Level  string `koanf:"level" yaml:"level"`   // debug, info, warn or error
	Format string `koanf:"format" yaml:"format"` // text, json; empty: by what standard error is
}

// Overlay is this node's place in the overlay.
type Overlay struct {
	Name      string `koanf:"name" yaml:"name"`           // a domain of yours; users are user@name
	Listen    string `koanf:"listen" yaml:"listen"`       // RELOAD links, TCP
	SIP       string `koanf:"sip" yaml:"sip"`             // SIP connections made through the overlay, TCP
	Advertise string `koanf:"advertise" yaml:"advertise"` // the IP address others reach this machine at; empty: found out
	Bootstrap string `koanf:"bootstrap" yaml:"bootstrap"` // more peers to join by: host:port, comma between
	KeyLog    string `koanf:"keylog" yaml:"keylog"`       // file for TLS secrets, to read captures with; never in earnest
}

// Enrollment is the server that turns invitations into certificates.
type Enrollment struct {
	Listen string `koanf:"listen" yaml:"listen"` // HTTPS
	Host   string `koanf:"host" yaml:"host"`     // what invitations name; empty: the overlay's address
}

// Database is where everything is kept.
type Database struct {
	URL string `koanf:"url" yaml:"url"` // postgres://…; empty: a private Postgres in the data directory
}

// Web is the portal.
type Web struct {
	Listen string `koanf:"listen" yaml:"listen"`
	URL    string `koanf:"url" yaml:"url"` // how people reach it, when that is not http://listen
}

// SIP is the side of the trunks.
type SIP struct {
	Listen    string `koanf:"listen" yaml:"listen"`       // UDP and TCP
	TLS       string `koanf:"tls" yaml:"tls"`             // TLS; empty: none
	Cert      string `koanf:"cert" yaml:"cert"`           // PEM files for TLS
	Key       string `koanf:"key" yaml:"key"`             //
	Advertise string `koanf:"advertise" yaml:"advertise"` // what Via and Contact say, behind a NAT
}

// Media is where audio flows.
type Media struct {
	Address   string `koanf:"address" yaml:"address"`     // local IP address; empty: overlay.advertise
	Advertise string `koanf:"advertise" yaml:"advertise"` // what SDP says, behind a NAT; empty: address
	Ports     string `koanf:"ports" yaml:"ports"`         // UDP port range, first-last
}

// Prompts are the spoken parts.
type Prompts struct {
	Directory string `koanf:"directory" yaml:"directory"` // sound packs in Asterisk's layout
	Language  string `koanf:"language" yaml:"language"`
}

// TrunkEnv is one trunk by configuration, for who has just one: it is written to the database at each start under
// the name "default", with a route for every number. An empty host leaves the database alone.
type TrunkEnv struct {
	Host      string `koanf:"host" yaml:"host"`           // host or host:port
	Transport string `koanf:"transport" yaml:"transport"` // udp, tcp or tls
	User      string `koanf:"user" yaml:"user"`           // empty: the carrier knows our address
	Password  string `koanf:"password" yaml:"password"`
}

// PhoneCfg is the overlay phone.
type PhoneCfg struct {
	Dir    string `koanf:"dir" yaml:"dir"`       // what tandem enroll wrote; empty: the only one there is
	Listen string `koanf:"listen" yaml:"listen"` // SIP for softphones, UDP and TCP; keep it on loopback
	Ring   string `koanf:"ring" yaml:"ring"`     // how long a called user is given, as 25s
}

// DefaultConfig works on one machine with nothing set.
func DefaultConfig() Config {
	return Config{
		Data:       defaultData(),
		Region:     "US",
		Log:        Log{Level: "info"},
		Overlay:    Overlay{Name: "localhost", Listen: ":6084", SIP: ":6085"},
		Enrollment: Enrollment{Listen: ":8443"},
		Web:        Web{Listen: "127.0.0.1:8080"},
		SIP:        SIP{Listen: ":5060"},
		Media:      Media{Ports: "16384-32767"},
		Prompts:    Prompts{Directory: "/usr/share/asterisk/sounds", Language: "en"},
		Trunk:      TrunkEnv{Transport: "udp"},
		Phone:      PhoneCfg{Listen: "127.0.0.1:5062", Ring: "25s"},
	}
}

// defaultData follows the XDG base directories; root's is where services keep theirs.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/tandem"
	}
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "tandem")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "tandem-data"
	}
	return filepath.Join(home, ".local", "state", "tandem")
}

// Range is the UDP ports of media.
func (m Media) Range() (first, last uint16, err error) {
	a, b, _ := strings.Cut(m.Ports, "-")
	low, err1 := strconv.ParseUint(strings.TrimSpace(a), 10, 16)
	high, err2 := strconv.ParseUint(strings.TrimSpace(b), 10, 16)
	if err1 != nil || err2 != nil || low == 0 || high < low+3 {
		return 0, 0, fmt.Errorf("%q is not a port range such as 16384-32767", m.Ports)
	}
	return uint16(low), uint16(high), nil
}

// YAML prints the configuration with its secrets hidden.
func (c Config) YAML() ([]byte, error) {
	if c.Trunk.Password != "" {
		c.Trunk.Password = "********"
	}
	c.Database.URL = hidePassword(c.Database.URL)
	return goyaml.Marshal(c)
}

// hidePassword blanks the password of a URL, or all of a string that holds one elsewhere.
func hidePassword(dsn string) string {
	if strings.Contains(strings.ToLower(dsn), "password") { // as a parameter: password, sslpassword
		return "********"
	}
	scheme, rest, found := strings.Cut(dsn, "://")
	if !found {
		return dsn
	}
	at := strings.LastIndexByte(rest, '@')
	user, _, hasPassword := strings.Cut(rest[:max(at, 0)], ":")
	if at < 0 || !hasPassword {
		return dsn
	}
	return scheme + "://" + user + ":********" + rest[at:]
}
