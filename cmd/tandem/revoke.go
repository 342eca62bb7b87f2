package main

import (
	"sync/atomic"

	"tandem/gateway/phone"
	"tandem/overlay/config"
)

// A doorman closes the phone's connections to nodes that the overlay's document revokes: whoever was connected before
// would stay.
type doorman struct {
	document atomic.Pointer[config.Document] // in force
	phone    atomic.Pointer[phone.Phone]     // nil before it is made
}

// read takes a new document on.
func (d *doorman) read(raw []byte) {
	next, err := config.Parse(raw, d.document.Load().InstanceName)
	if err != nil {
		return // the node has read it already
	}
	d.document.Store(next)
	go d.act() // closing takes a while, and the overlay waits for us
}

// guard is told of the phone.
func (d *doorman) guard(p *phone.Phone) {
	d.phone.Store(p)
	d.act()
}

func (d *doorman) act() {
	if p := d.phone.Load(); p != nil {
		p.Revoke(revokedBy(d.document.Load()))
	}
}

// revokedBy lists the nodes that a document revokes, named as in route.Peer.
func revokedBy(d *config.Document) []string {
	nodes := make([]string, len(d.BadNodes))
	for i, n := range d.BadNodes {
		nodes[i] = n.String()
	}
	return nodes
}
