package sim_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"tandem/overlay/sim"
)

func report(t *testing.T, cfg sim.Config) sim.Report {
	t.Helper()
	r := sim.Run(cfg)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", text)
	if !r.OK() || r.SettledAfter < 0 {
		t.Errorf("seed %d: %s", cfg.Seed, text)
	}
	return r
}

func TestTwoHundredPeers(t *testing.T) {
	t.Parallel()
	r := report(t, sim.Config{Peers: 200, Seed: 1})
	if r.Peers != 200 || r.HopsMean > 6 || r.Lookups != 1000 || r.Stored != 200 {
		t.Errorf("%+v", r)
	}
}

func TestChurn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		cfg   sim.Config
		seeds uint64
	}{
		{"every peer replaced twice", sim.Config{Peers: 16, Clients: 2, Churn: 2, Pace: 3 * time.Second, HoldDown: time.Second}, 3},
		{"faster than repair", sim.Config{Peers: 40, Churn: 0.5, Pace: 300 * time.Millisecond, HoldDown: time.Second}, 3},
		{"as the RFC's hold-down asks", sim.Config{Peers: 30, Clients: 3, Churn: 0.5, Pace: 40 * time.Second}, 1},
	}
	for _, tt := range tests {
		for seed := range tt.seeds {
			cfg := tt.cfg
			cfg.Seed = seed
			t.Run(fmt.Sprint(tt.name, " ", seed), func(t *testing.T) {
				t.Parallel()
				r := report(t, cfg)
				gone := int(cfg.Churn * float64(cfg.Peers))
				if r.Peers != cfg.Peers || r.Clients != cfg.Clients || r.Kills+r.Leaves != gone || r.Stored != cfg.Peers+cfg.Clients {
					t.Errorf("%+v", r)
				}
			})
		}
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	report(t, sim.Config{Peers: 30, Seed: 1, Loss: 0.01, Pace: 3 * time.Second})
}

func TestSameSeedSameRun(t *testing.T) {
	t.Parallel()
	cfg := sim.Config{Peers: 25, Clients: 3, Seed: 7, Churn: 0.4}
	if a, b := sim.Run(cfg), sim.Run(cfg); !reflect.DeepEqual(a, b) {
		t.Errorf("two runs of the same seed differ:\n%+v\n%+v", a, b)
	}
}
