package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"tandem/gateway"
	"tandem/gateway/gatewaypg"
	"tandem/gateway/route"
	"tandem/overlay"
	"tandem/overlay/redir"
)

// offers keeps this server peer findable for what it can do (RFC 7374): voicemail and menus always, the telephone
// network as far as its routes lead.
type offers struct {
	node      *overlay.Node
	directory *gatewaypg.Store
	log       *slog.Logger

	mu      sync.Mutex
	made    map[string]func() // by namespace: takes it back
	stopped bool
}

func newOffers(node *overlay.Node, directory *gatewaypg.Store, log *slog.Logger) *offers {
	return &offers{node: node, directory: directory, log: log, made: map[string]func(){}}
}

// run offers what the Setup says until ctx ends.
func (o *offers) run(ctx context.Context) error {
	defer o.withdraw()
	return o.directory.Watch(ctx, func() {
		setup, err := o.directory.Setup(ctx)
		if err != nil {
			o.log.Warn("services not brought up to date", "err", err)
			return
		}
		o.offer(ctx, namespaces(setup))
	})
}

// namespaces are what a gateway with this setup offers. A route for every number is the general gateway; a route for
// a prefix offers only that.
func namespaces(s gateway.Setup) []string {
	names := []string{route.ServiceVoicemail, route.ServiceAttendant}
	for _, r := range s.Routes {
		name := route.ServiceGateway
		if r.Prefix != "+" {
			name += ":" + r.Prefix
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// offer makes the offers exactly names.
func (o *offers) offer(ctx context.Context, names []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stopped {
		return
	}
	for name, takeBack := range o.made {
		if !slices.Contains(names, name) {
			takeBack()
			delete(o.made, name)
		}
	}
	for _, name := range names {
		if _, ok := o.made[name]; ok {
			continue
		}
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		published := redir.Register(own, o.node, name, o.log)
		o.made[name] = func() { cancel(); published.Wait() }
		o.log.Info("offering a service", "service", name)
	}
}

// withdraw takes all offers back.
func (o *offers) withdraw() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	var all sync.WaitGroup
	for name, takeBack := range o.made {
		all.Go(takeBack)
		delete(o.made, name)
	}
	all.Wait()
}
