package main

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tandem/overlay"
	"tandem/overlay/wire"
)

// Each answer of the overlay commands prints for people by String and for programs by its JSON fields.

// table writes rows in columns.
func table(head string, rows func(row func(format string, args ...any))) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	rows(func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) })
	_ = w.Flush() // into memory
	return strings.TrimRight(out.String(), "\n")
}

type nodeStatus overlay.Status

func (s nodeStatus) String() string {
	role := "peer"
	if s.Client {
		role = "client"
	}
	out := fmt.Sprintf("%s, a %s of the overlay %s, %s\nnode %s at %s, certificate until %s\n", s.User, role, s.Overlay, s.Phase,
		s.NodeID, s.Address, s.CertificateEnds.UTC().Format(time.DateTime))
	if s.Via != "" {
		out += "reached through " + s.Via + "\n"
	}
	out += fmt.Sprintf("configuration document %d", s.Sequence)
	if !s.Expiration.IsZero() {
		out += ", until " + s.Expiration.UTC().Format(time.DateTime)
	}
	if !s.Client {
		out += fmt.Sprintf("\n%d predecessors, %d successors, %d fingers, %d values stored", len(s.Predecessors), len(s.Successors), len(s.Fingers), s.Stored)
	}
	return out + "\n\n" + table("LINK TO\tADDRESS\tROUND TRIP\tSENT\tRECEIVED", func(row func(string, ...any)) {
		for _, l := range s.Links {
			row("%s\t%s\t%v\t%d\t%d", l.NodeID, l.Address, l.RTT.Round(10*time.Microsecond), l.Sent, l.Received)
		}
	})
}

// ring is the peers in the order of their Node-IDs.
type ring []ringPeer

type ringPeer struct {
	Node      string  `json:"node_id"`
	User      string  `json:"user"`
	Share     float64 `json:"share"` // of the Resource-IDs
	Resources int     `json:"resources"`
	Uptime    int     `json:"uptime_seconds"`
	MS        float64 `json:"rtt_ms"`
}

func (r ring) String() string {
	return table("PEER\tSHARE\tRESOURCES\tUP\tROUND TRIP\tNAME", func(row func(string, ...any)) {
		for _, p := range r {
			row("%s\t%.1f %%\t%d\t%v\t%.1f ms\t%s", p.Node, 100*p.Share, p.Resources, time.Duration(p.Uptime)*time.Second, p.MS, p.User)
		}
		row("%d peers", len(r))
	})
}

// places is where somebody or something is.
type places []place

type place struct {
	Node  string     `json:"node_id"`
	User  string     `json:"user,omitempty"`
	Via   string     `json:"via,omitempty"`   // the peer a client is attached to
	Since *time.Time `json:"since,omitempty"` // when it was said last
}

func placeOf(node wire.NodeID, user string, path []wire.Destination) place {
	p := place{Node: node.String(), User: user}
	if len(path) > 1 {
		p.Via = path[0].Node.String()
	}
	return p
}

func (p places) String() string {
	return table("NODE\tNAME\tREACHED THROUGH", func(row func(string, ...any)) {
		for _, x := range p {
			row("%s\t%s\t%s", x.Node, x.User, x.Via)
		}
	})
}

type pongs []pong

type pong struct {
	Node string            `json:"node_id"`
	MS   float64           `json:"rtt_ms"`
	Hops int               `json:"hops,omitempty"`           // 0: it does not tell
	Skew *float64          `json:"clock_ahead_ms,omitempty"` // of its clock before ours, as far as one can tell by the way there
	Told map[string]string `json:"told,omitempty"`           // by diagnostic Kind
}

func pongOf(d overlay.Diagnosis) pong {
	p := pong{Node: d.From.String(), MS: milliseconds(d.RTT)}
	if !d.Told {
		return p
	}
	skew := milliseconds(d.OneWay - d.RTT/2)
	p.Hops, p.Skew = d.Hops, &skew
	for _, i := range d.Info {
		if p.Told == nil {
			p.Told = make(map[string]string)
		}
		p.Told[i.Kind.String()] = told(i)
	}
	return p
}

// told is diagnostic information as text or a number, in hexadecimal if it is neither.
func told(i wire.DiagnosticInfo) string {
	if i.Kind == wire.DiagnosticSoftwareVersion {
		if text, err := i.Text(); err == nil {
			return text
		}
	} else if n, err := i.Number(); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return hex.EncodeToString(i.Contents)
}

func (p pongs) String() string {
	var lines []string
	for _, x := range p {
		line := fmt.Sprintf("%s answered after %.1f ms", x.Node, x.MS)
		if x.Hops > 0 {
			line += fmt.Sprintf(", hops: %d", x.Hops)
		}
		if x.Skew != nil {
			line += fmt.Sprintf(", its clock is %+.0f ms from ours", *x.Skew)
		}
		lines = append(lines, line)
		for _, name := range slices.Sorted(maps.Keys(x.Told)) {
			lines = append(lines, "  "+name+" "+x.Told[name])
		}
	}
	return strings.Join(lines, "\n")
}

type hops []hop

type hop struct {
	Node string  `json:"node_id"`
	MS   float64 `json:"rtt_ms"`
}

func (h hops) String() string {
	return table("HOP\tNODE\tROUND TRIP", func(row func(string, ...any)) {
		for i, x := range h {
			row("%d\t%s\t%.1f ms", i+1, x.Node, x.MS)
		}
	})
}
