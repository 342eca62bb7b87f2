package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"tandem/overlay/sim"
)

// figures runs the experiments, as many at once as there are processors, and prints their figures in order.
func (c simCmd) figures() error {
	experiments := c.chosen()
	if len(experiments) == 0 {
		return usage("--only names no experiment")
	}
	type outcome struct {
		figures []sim.Figure
		effort  sim.Effort
		took    time.Duration
	}
	results := make([]chan outcome, len(experiments))
	for i := range results {
		results[i] = make(chan outcome, 1)
	}
	debug.SetGCPercent(400) // memory for time: 10,000 peers take about 3 GiB then
	progress := newSimProgress(len(experiments))
	var next sync.Mutex
	started := 0
	for range min(runtime.GOMAXPROCS(0), len(experiments)) {
		go func() {
			for {
				next.Lock()
				i := started
				started++
				next.Unlock()
				if i >= len(experiments) {
					return
				}
				begun := time.Now()
				f, effort := experiments[i].Run(c.Seed, func(what string) { progress.show(experiments[i].Name, what) })
				progress.done(experiments[i].Name)
				results[i] <- outcome{f, effort, time.Since(begun)}
			}
		}()
	}
	var all []sim.Figure
	for i, e := range experiments {
		r := <-results[i]
		all = append(all, r.figures...)
		if !c.JSON {
			progress.clear()
			printFigures(e, r.figures, r.effort, r.took)
		}
	}
	if c.JSON {
		if err := printJSON(os.Stdout, all); err != nil {
			return err
		}
	}
	return missed(all)
}

func (c simCmd) chosen() (list []sim.Experiment) {
	for _, e := range sim.Experiments() {
		if len(c.Only) == 0 {
			list = append(list, e)
		}
		for _, name := range c.Only {
			if strings.HasPrefix(e.Name, name) {
				list = append(list, e)
				break
			}
		}
	}
	return list
}

func printFigures(e sim.Experiment, figures []sim.Figure, effort sim.Effort, took time.Duration) {
	fmt.Printf("%s: %s (seed %d; %.0f s of virtual time in %.0f s, %.0f events/s, %d messages)\n", e.Name, e.Summary, figures[0].Seed,
		effort.Virtual.Seconds(), took.Seconds(), float64(effort.Events)/took.Seconds(), effort.Messages)
	for _, f := range figures {
		verdict := "met"
		if !f.Met {
			verdict = "MISSED"
		}
		fmt.Printf("  %-66s %9.2f %-9s %-10s %s\n", f.What, f.Got, f.Unit, f.Goal, verdict)
		if f.Note != "" && !f.Met {
			fmt.Printf("    %s\n", f.Note)
		}
	}
}

// missed is an error if a figure was missed that is not known to be out of reach.
func missed(figures []sim.Figure) error {
	var list []string
	for _, f := range figures {
		if !f.Met && f.Note == "" {
			list = append(list, f.String())
		}
	}
	if len(list) > 0 {
		return fmt.Errorf("%d figures missed:\n  %s", len(list), strings.Join(list, "\n  "))
	}
	return nil
}

// simProgress is a line on a terminal, where there is one, that says what is going on.
type simProgress struct {
	mu    sync.Mutex
	shown map[string]string
	tty   bool
	left  int
}

func newSimProgress(experiments int) *simProgress {
	info, err := os.Stderr.Stat()
	return &simProgress{shown: map[string]string{}, tty: err == nil && info.Mode()&os.ModeCharDevice != 0, left: experiments}
}

func (p *simProgress) show(name, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown[name] = what
	p.draw()
}

func (p *simProgress) done(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.shown, name)
	p.left--
	p.draw()
}

func (p *simProgress) draw() {
	if !p.tty {
		return
	}
	line := fmt.Sprintf("%d to go", p.left)
	for _, e := range sim.Experiments() {
		if what, ok := p.shown[e.Name]; ok {
			line += "; " + e.Name + ": " + what
		}
	}
	fmt.Fprintf(os.Stderr, "\r\033[K%.110s", line)
}

func (p *simProgress) clear() {
	if p.tty {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
}
