package e2e

import (
	"encoding/json"
	"testing"
)

// The demo listens to both directions of a call and to the stored message, and its exit status says so.
func TestDemoOnce(t *testing.T) {
	// Settings of a real tandem in the environment are none of the demo's business.
	out := must(t, []string{"TANDEM_DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing"}, tandem, "demo", "--once", "--json")
	var r struct {
		OK bool `json:"ok"`
	}
	if err := json.Unmarshal(out, &r); err != nil || !r.OK {
		t.Errorf("the demo reports %s", out)
	}
}
