package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

type phoneCmd struct {
	configFlag
	Dir    string `type:"path" placeholder:"DIR" help:"The identity, as tandem enroll wrote it."`
	Listen string `placeholder:"HOST:PORT" help:"Where softphones register (default 127.0.0.1:5062)."`
	JSON   bool   `name:"json" help:"Print one JSON object when ready."`
}

// phoneReady is printed when softphones can register.
type phoneReady struct {
	AoR    string `json:"aor"`
	Node   string `json:"node_id"`
	Listen string `json:"listen"`
}

func (c phoneCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.Listen != "" {
		cfg.Phone.Listen = c.Listen
	}
	ring, err := time.ParseDuration(cfg.Phone.Ring)
	if err != nil {
		return fmt.Errorf("phone.ring: %w", err)
	}
	log := newLogger(cfg.Log)
	cl, err := startClient(ctx, cfg, log, clientOptions{dir: orElse(c.Dir, cfg.Phone.Dir), softphones: cfg.Phone.Listen, ring: ring})
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := cl.register(ctx, log); err != nil {
		return err
	}
	ready := phoneReady{AoR: cl.aor, Node: cl.node.NodeID().String(), Listen: cl.phone.Status().Listen}
	if c.JSON {
		if err := printJSON(os.Stdout, ready); err != nil {
			return err
		}
	} else {
		fmt.Printf("%s is on the overlay. Register any softphone as %s at %s (UDP or TCP), any password.\n", ready.AoR, ready.AoR, ready.Listen)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-cl.ran:
		cl.ran <- err // Close waits for it
		return fmt.Errorf("the phone stopped: %w", err)
	}
}
