package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"tandem/overlay/sim"
)

type simCmd struct {
	Peers   int     `default:"200" help:"Peers in the ring."`
	Clients int     `default:"0" help:"Clients besides."`
	Seed    uint64  `default:"1" help:"The same seed gives the same run."`
	Churn   float64 `default:"0" help:"Share of the peers that go, each replaced by a new one, half of them killed; 0.3 is 30 %."`
	Loss    float64 `default:"0" help:"Share of messages that get lost on links."`
	Lookups int     `default:"0" help:"Lookups at the end; 0: five for each peer."`

	Figures bool     `help:"Run the experiments of the table of figures instead, which takes minutes."`
	Only    []string `help:"Of these only those whose names begin so: hops-64, churn, idle, join, crash, split, liars."`

	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Run runs one experiment; its exit status says whether all invariants held.
func (c simCmd) Run() error {
	if c.Figures {
		return c.figures()
	}
	if c.Peers < 1 || c.Peers > 20000 || c.Clients < 0 {
		return usage("--peers must be 1 to 20000")
	}
	if c.Churn < 0 || c.Churn > 1 || c.Loss < 0 || c.Loss >= 1 {
		return usage("--churn and --loss are shares, 0 to 1")
	}
	begun := time.Now()
	r := sim.Run(sim.Config{Peers: c.Peers, Clients: c.Clients, Seed: c.Seed, Churn: c.Churn, Loss: c.Loss, Lookups: c.Lookups})
	if c.JSON {
		if err := printJSON(os.Stdout, r); err != nil {
			return err
		}
	} else {
		printSim(r, time.Since(begun))
	}
	if !r.OK() {
		return errors.New("an invariant did not hold:\n  " + strings.Join(r.Wrong, "\n  "))
	}
	return nil
}

func printSim(r sim.Report, took time.Duration) {
	rows := []struct {
		what  string
		value any
	}{
		{"seed", r.Seed},
		{"peers, clients at the end", fmt.Sprintf("%d, %d", r.Peers, r.Clients)},
		{"joins, leaves, kills", fmt.Sprintf("%d, %d, %d", r.Joins, r.Leaves, r.Kills)},
		{"virtual time", fmt.Sprintf("%.0f s in %.1f s", r.Virtual, took.Seconds())},
		{"messages on links", r.Messages},
		{"ring right after the last change", fmt.Sprintf("%.1f s", r.SettledAfter)},
		{"lookups, failed", fmt.Sprintf("%d, %d", r.Lookups, r.Failed)},
		{"hops mean, p50, p95, most", fmt.Sprintf("%.2f, %d, %d, %d", r.HopsMean, r.HopsP50, r.HopsP95, r.HopsMax)},
		{"links of a peer", fmt.Sprintf("%.1f", r.LinksMean)},
	}
	for _, row := range rows {
		fmt.Printf("%-34s %v\n", row.what, row.value)
	}
}
