package sim_test

import (
	"encoding/json"
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
	for seed := range uint64(2) {
		r := report(t, sim.Config{Peers: 200, Seed: seed})
		if r.HopsMean > 8 || r.Lookups != 1000 || r.Stored != 200 {
			t.Errorf("seed %d: %+v", seed, r)
		}
	}
}

func TestChurn(t *testing.T) {
	for seed := range uint64(4) {
		r := report(t, sim.Config{Peers: 60, Clients: 5, Seed: seed, Churn: 0.5, Pace: 2 * time.Second, HoldDown: time.Second})
		if r.Kills != 15 || r.Leaves != 15 || r.Stored != 65 {
			t.Errorf("seed %d: %+v", seed, r)
		}
	}
}

func TestLoss(t *testing.T) {
	report(t, sim.Config{Peers: 30, Seed: 1, Loss: 0.01, Pace: 3 * time.Second})
}

func TestSameSeedSameRun(t *testing.T) {
	cfg := sim.Config{Peers: 25, Clients: 3, Seed: 7, Churn: 0.4}
	if a, b := sim.Run(cfg), sim.Run(cfg); !reflect.DeepEqual(a, b) {
		t.Errorf("two runs of the same seed differ:\n%+v\n%+v", a, b)
	}
}
