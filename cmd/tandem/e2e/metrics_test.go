package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestMetricsAndReadiness(t *testing.T) {
	carrier, address := tandemCarrier(t)
	w := newWorld(t)
	_, at := w.serve(t, "server")
	w.apply(t, registeredSite(address))
	event(t, carrier, "registered")
	until(t, "the trunk to be up in the metrics", func() bool {
		return strings.Contains(get(t, at.Portal+"/metrics", http.StatusOK), `tandem_trunk_up{trunk="carrier"} 1`)
	})
	text := get(t, at.Portal+"/metrics", http.StatusOK)
	for _, line := range []string{"tandem_calls 0", "tandem_overlay_joined 1", "tandem_media_sessions 0",
		"tandem_overlay_fingers 0", `tandem_overlay_lookups_total{result="timeout"} 0`, "tandem_overlay_garbled_messages_total 0",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("/metrics lacks %q", line)
		}
	}
	get(t, at.Portal+"/healthz", http.StatusOK)
	get(t, at.Portal+"/readyz", http.StatusOK)
}

// get fetches a page that must answer with status.
func get(t *testing.T, url string, status int) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Errorf("GET %s: %s, %v: %.200s", url, res.Status, err, body)
	}
	return string(body)
}
