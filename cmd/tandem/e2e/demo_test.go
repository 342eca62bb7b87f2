package e2e

import (
	"encoding/json"
	"testing"
)

// The demo listens to both directions of a call and to the stored message, and its exit status says so.
func TestDemoOnce(t *testing.T) {
	out := must(t, []string{"TANDEM_DATABASE_URL="}, tandem, "demo", "--once", "--json")
	var r struct {
		OK bool `json:"ok"`
	}
	if err := json.Unmarshal(out, &r); err != nil || !r.OK {
		t.Errorf("the demo reports %s", out)
	}
}
