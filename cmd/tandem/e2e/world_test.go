package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tandem/migrations/pgtest"
)

// A world is a database with server peers and users.
type world struct {
	dir      string
	database string
	links    map[string]string // invitations by user
}

// ready is what tandem serve says of itself.
type ready struct {
	Node       string `json:"node_id"`
	Reload     string `json:"reload"`
	Enrollment string `json:"enrollment"`
	SIP        string `json:"sip"`
	Portal     string `json:"portal"`
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{dir: t.TempDir(), database: pgtest.New(t).Config().ConnString(), links: map[string]string{}}
}

func (w *world) env() []string {
	return []string{
		"TANDEM_DATABASE_URL=" + w.database, "TANDEM_OVERLAY_NAME=localhost", "TANDEM_OVERLAY_LISTEN=127.0.0.1:0",
		"TANDEM_OVERLAY_SIP=127.0.0.1:0", "TANDEM_OVERLAY_ADVERTISE=127.0.0.1", "TANDEM_ENROLLMENT_LISTEN=127.0.0.1:0",
		"TANDEM_WEB_LISTEN=127.0.0.1:0", "TANDEM_SIP_LISTEN=" + carrierIP + ":0", "TANDEM_LOG_LEVEL=debug", "TANDEM_LOG_FORMAT=text",
	}
}

// serve starts a server peer.
func (w *world) serve(t *testing.T, name string) (*process, ready) {
	t.Helper()
	p := start(t, name, append(w.env(), "TANDEM_DATA="+filepath.Join(w.dir, name)), tandem, "serve", "--json")
	var r ready
	p.next(t, &r)
	return p, r
}

// apply sets up a site file; its users' invitations are kept in links.
func (w *world) apply(t *testing.T, site string) {
	t.Helper()
	file := filepath.Join(w.dir, "site.yaml")
	if err := os.WriteFile(file, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	var done struct {
		Invitations map[string]string `json:"invitations"`
	}
	if err := json.Unmarshal(must(t, w.env(), tandem, "apply", "-f", file, "--json"), &done); err != nil {
		t.Fatal(err)
	}
	for user, link := range done.Invitations {
		w.links[user] = link
	}
}

// enroll makes the identity of a user and gives its directory.
func (w *world) enroll(t *testing.T, user string) string {
	t.Helper()
	dir := filepath.Join(w.dir, user)
	link := w.links[user+"@localhost"]
	if link == "" {
		t.Fatalf("no invitation for %s", user)
	}
	must(t, nil, tandem, "enroll", link, "--dir", dir)
	return dir
}

// phone starts a user's overlay phone and gives the address for softphones.
func (w *world) phone(t *testing.T, dir, listen string) (*process, string) {
	t.Helper()
	p := start(t, "phone "+filepath.Base(dir), nil, tandem, "phone", "--json", "--dir", dir, "--listen", listen)
	var r struct{ Listen string }
	p.next(t, &r)
	return p, r.Listen
}

// trunkSite is a site whose carrier knows us by address.
func trunkSite(trunk string) string {
	return site(`{name: carrier, host: "` + trunk + `", number: "+12025550110"}`)
}

// site has users alice and bob and one trunk.
func site(trunk string) string {
	return fmt.Sprintf(`
users:
  - {address: alice, name: Alice, administrator: true, password: correct horse battery, callsout: true, number: "+12025550111"}
  - {address: bob, name: Bob, password: correct horse battery, callsout: true, number: "+12025550112", ring: 3s}
trunks:
  - %s
routes:
  - {prefix: "+", trunk: carrier}
numbers:
  - {number: "+12025550111", to: "user:alice"}
  - {number: "+12025550112", to: "user:bob"}
`, trunk)
}
