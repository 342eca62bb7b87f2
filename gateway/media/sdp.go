package media

import (
	"net/netip"
	"strconv"
	"strings"
)

// Limits on what a stranger may send. Beyond them a description is refused before it is looked at closely.
const (
	maxDescription = 64 << 10
	maxSections    = 32
	maxFormats     = 64
	maxCryptos     = 16
)

// A description is what of SDP (RFC 8866) matters for a telephone call. The reader is lenient, as carriers need it to
// be: line ends of any kind, missing s= and t=, unknown lines. It takes linear time.
type description struct {
	addr      netip.Addr // session-level c=
	direction Direction
	directed  bool
	sections  []section
}

// A section is one m= line and what belongs to it.
type section struct {
	kind, proto string
	port        int
	formats     []string
	maps        []rtpmap
	addr        netip.Addr // zero if neither it nor the session named a usable one
	hasAddr     bool
	direction   Direction
	directed    bool
	ptime       int // ms, 0 if not said
	mux         bool
	rtcpPort    int
	cryptos     []string // values of a=crypto
}

type rtpmap struct {
	format string
	name   string // upper case
	rate   int
}

// parse reads a description.
func parse(body []byte) (*description, error) {
	if len(body) > maxDescription {
		return nil, ErrMalformed
	}
	d := new(description)
	text := strings.ReplaceAll(string(body), "\r", "\n")
	first := true
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) < 2 || line[1] != '=' {
			continue
		}
		value := strings.TrimSpace(line[2:])
		if first && (line[0] != 'v' || value != "0") {
			return nil, ErrMalformed
		}
		first = false
		if !d.line(line[0], value) {
			return nil, ErrMalformed
		}
	}
	if first || len(d.sections) == 0 {
		return nil, ErrMalformed
	}
	d.inherit()
	return d, nil
}

func (d *description) line(typ byte, value string) bool {
	var s *section
	if n := len(d.sections); n > 0 {
		s = &d.sections[n-1]
	}
	switch typ {
	case 'm':
		return d.media(value)
	case 'c':
		if s == nil {
			if !d.addr.IsValid() {
				d.addr = connection(value)
			}
		} else if !s.hasAddr {
			s.addr, s.hasAddr = connection(value), true
		}
	case 'a':
		d.attribute(s, value)
	}
	return true
}

func (d *description) media(value string) bool {
	f := strings.Fields(value)
	if len(f) < 3 || len(f) > 3+maxFormats || len(d.sections) == maxSections {
		return false
	}
	number, _, _ := strings.Cut(f[1], "/")
	port, err := strconv.Atoi(number)
	if err != nil || port < 0 || port > 65535 {
		return false
	}
	d.sections = append(d.sections, section{kind: strings.ToLower(f[0]), port: port, proto: f[2], formats: f[3:]})
	return true
}

// connection reads "IN IP4 192.0.2.1"; names are not addresses and never looked up.
func connection(value string) netip.Addr {
	f := strings.Fields(value)
	if len(f) != 3 {
		return netip.Addr{}
	}
	host, _, _ := strings.Cut(f[2], "/")
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func (d *description) attribute(s *section, value string) {
	name, arg, _ := strings.Cut(value, ":")
	arg = strings.TrimSpace(arg)
	name = strings.ToLower(strings.TrimSpace(name))
	for i, n := range directionNames {
		if n != name {
			continue
		}
		if s == nil {
			d.direction, d.directed = Direction(i), true
		} else {
			s.direction, s.directed = Direction(i), true
		}
		return
	}
	if s == nil {
		return
	}
	switch name {
	case "rtpmap":
		s.rtpmap(arg)
	case "ptime":
		if n, err := strconv.Atoi(arg); err == nil && n >= 10 && n <= 60 {
			s.ptime = n / 10 * 10
		}
	case "rtcp-mux":
		s.mux = true
	case "rtcp":
		f, _, _ := strings.Cut(arg, " ")
		if n, err := strconv.Atoi(f); err == nil && n > 0 && n < 65536 {
			s.rtcpPort = n
		}
	case "crypto":
		if len(s.cryptos) < maxCryptos {
			s.cryptos = append(s.cryptos, arg)
		}
	}
}

func (s *section) rtpmap(arg string) {
	f := strings.Fields(arg)
	if len(f) != 2 || len(s.maps) >= 2*maxFormats {
		return
	}
	p := strings.Split(f[1], "/")
	rate := 0
	if len(p) == 2 || len(p) == 3 && p[2] == "1" {
		rate, _ = strconv.Atoi(p[1]) // what is no number is not 8000 either
	}
	s.maps = append(s.maps, rtpmap{f[0], strings.ToUpper(p[0]), rate})
}

// inherit gives the sections what was said for the whole session.
func (d *description) inherit() {
	for i := range d.sections {
		s := &d.sections[i]
		if !s.hasAddr {
			s.addr = d.addr
		}
		if !s.directed && d.directed {
			s.direction = d.direction
		}
	}
}

// what tells what a format of the section is: the name its rtpmap gives at 8000 Hz, or the static name (RFC 3551 §6).
func (s *section) what(format string) string {
	mapped := false
	for _, m := range s.maps {
		if m.format != format {
			continue
		}
		if mapped = true; m.rate == 8000 {
			return m.name
		}
	}
	if mapped {
		return ""
	}
	return map[string]string{"0": "PCMU", "8": "PCMA", "13": "CN"}[format]
}

// rtp reports whether the section is audio over RTP, and whether its profile is the secure one.
func (s *section) rtp() (ok, secure bool) {
	switch strings.ToUpper(s.proto) {
	case "RTP/AVP", "RTP/AVPF":
		return s.kind == "audio", false
	case "RTP/SAVP", "RTP/SAVPF":
		return s.kind == "audio", true
	}
	return false, false
}
