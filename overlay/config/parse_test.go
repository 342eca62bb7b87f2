package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/overlay/config"
	"tandem/overlay/wire"
)

// rfcExample is the example of RFC 6940 §11.1, with Node-IDs of 16 bytes where it has 8 and its root-cert left out.
func rfcExample(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/rfc6940.xml")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// RELOAD: CFG-1 CFG-2 CFG-3 CFG-4 CFG-11 KIND
func TestRFCExample(t *testing.T) {
	d, err := config.Parse(rfcExample(t), "overlay.example.org")
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		"overlay.example.org", uint16(22), time.Date(2002, 10, 10, 7, 0, 0, 0, time.UTC), "CHORD-RELOAD", 16,
		[]string{"https://example.org", "https://example.net"}, wire.HashAlgorithm(0), "password",
		[]string{"192.0.0.1:6084", "192.0.2.2:6084", "[2001:DB8::1]:6084"}, 20, false, false,
		400 * time.Second, 30 * time.Second, true, 4000, uint8(30), 3 * time.Second, []string{"TLS"},
		1, 2, 2, []string{"urn:ietf:params:xml:ns:p2p:config-ext1"},
	}
	got := []any{
		d.InstanceName, d.Sequence, d.Expiration, d.Topology, d.NodeIDLength,
		d.EnrollmentServers, d.SelfSigned, d.SharedSecret,
		d.Bootstrap, d.TURNDensity, d.ClientsPermitted, d.NoICE,
		d.UpdateInterval, d.PingInterval, d.Reactive, d.MaxMessageSize, d.InitialTTL, d.ReliabilityTimer, d.LinkProtocols,
		len(d.ConfigurationSigners), len(d.KindSigners), len(d.BadNodes), d.MandatoryExtensions,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The registry beats the example, which has SINGLE and USER-MATCH for SIP-REGISTRATION.
	if k := d.Kinds[0]; k.ID != wire.KindSIPRegistration || k.Model != wire.ModelDictionary || k.Access != "USER-NODE-MATCH" || k.MaxSize != 100 {
		t.Errorf("first Kind %+v", k)
	}
	if k := d.Kinds[1]; k.ID != 2000 || k.Model != wire.ModelArray || k.MaxNodeMultiple != 3 || k.MaxCount != 22 {
		t.Errorf("second Kind %+v", k)
	}
	if models := d.Models(); models(2000) != wire.ModelArray || models(1) != wire.ModelDictionary || models(2001) != 0 {
		t.Error("the data models are not those of the Kinds")
	}
}

// RELOAD: CFG-1 CFG-3
func TestSeveralConfigurations(t *testing.T) {
	d, err := config.Parse(rfcExample(t), "OTHER.example.net")
	if err != nil || d.InstanceName != "other.example.net" {
		t.Fatalf("got %v, %v", d, err)
	}
	if d.MaxMessageSize != 5000 || d.InitialTTL != 100 || !d.ClientsPermitted || d.TURNDensity != 1 || d.ReliabilityTimer != 3*time.Second {
		t.Errorf("defaults %+v", d)
	}
	if d, err = config.Parse(rfcExample(t), ""); err != nil || d.InstanceName != "overlay.example.org" {
		t.Errorf("without a name: %v, %v, want the first", d.InstanceName, err)
	}
	if _, err := config.Parse(rfcExample(t), "third.example.org"); !errors.Is(err, config.ErrMalformed) {
		t.Errorf("a third one: %v, want ErrMalformed", err)
	}
}

// RELOAD: CFG-1 CFG-2
func TestParseRefused(t *testing.T) {
	good := string(rfcExample(t))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the example has no %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, raw := range map[string]string{
		"empty":                 "",
		"no XML":                "hello",
		"other element":         "<overlay/>",
		"cut off":               good[:len(good)-len("</overlay>\n")],
		"not UTF-8":             replace("example-extension> foo", "example-extension> \xff"),
		"other encoding":        replace("UTF-8", "ISO-8859-1"),
		"entity":                replace("<overlay xmlns", `<!DOCTYPE overlay [<!ENTITY a "b">]><overlay xmlns`),
		"undefined entity":      replace(" foo ", " &foo; "),
		"too long":              good + strings.Repeat(" ", config.MaxSize),
		"no instance-name":      replace(`instance-name="overlay.example.org"`, ""),
		"sequence 65535":        replace(`sequence="22"`, `sequence="65535"`),
		"sequence negative":     replace(`sequence="22"`, `sequence="-1"`),
		"expiration":            replace("2002-10-10T07:00:00Z", "tomorrow"),
		"Node-ID length":        replace("<node-id-length>16", "<node-id-length>15"),
		"root-cert no base64":   replace("YmFkIGNlcnQK", "!"),
		"signature no base64":   replace("<signature> VGhp", "<signature> !hp"),
		"boolean":               replace("<no-ice> false", "<no-ice> no"),
		"port":                  replace(`port="6084"`, `port="0"`),
		"no address":            replace(`address="192.0.0.1"`, ""),
		"timer below 200 ms":    replace("> 3000 <", "> 199 <"),
		"TTL 256":               replace("<initial-ttl> 30", "<initial-ttl> 256"),
		"bad Node-ID":           replace("6ebc45d31a900c066ebc45d31a900c06", "6ebc"),
		"data-model":            replace("ARRAY", "HEAP"),
		"no max-size":           replace("<max-size>4</max-size>", ""),
		"two kinds in a block":  replace(`<kind id="2000">`, `<kind id="2001"><max-count>1</max-count></kind><kind id="2000">`),
		"Kind without id":       replace(`id="2000"`, ""),
		"Kind of unknown name":  replace(`name="SIP-REGISTRATION"`, `name="WEATHER"`),
		"Kind elsewhere":        replace("<turn-density>", "<kind/><turn-density>"),
		"self-signed by what":   replace(`digest="sha1">false`, `digest="md5">true`),
		"interval of ten years": replace("400</chord", "315360000</chord"),
	} {
		if d, err := config.Parse([]byte(raw), "overlay.example.org"); !errors.Is(err, config.ErrMalformed) {
			t.Errorf("%s: %v, %v, want ErrMalformed", name, d, err)
		}
	}
}

// RFC 7374 has it in two places.
// RELOAD: CFG-12 AMB-16
func TestBranchingFactor(t *testing.T) {
	factor := `<r:branching-factor xmlns:r="urn:ietf:params:xml:ns:p2p:redir"> 4 </r:branching-factor>`
	for place, before := range map[string]string{"configuration": "<turn-density>", "Kind": "<data-model>SINGLE"} {
		raw := strings.Replace(string(rfcExample(t)), before, factor+before, 1)
		raw = strings.Replace(raw, `name="SIP-REGISTRATION"`, `name="REDIR"`, 1)
		if d, err := config.Parse([]byte(raw), ""); err != nil || d.BranchingFactor != 4 {
			t.Errorf("in the %s: %+v, %v", place, d, err)
		}
	}
}

// RELOAD: CFG-3
func TestSelfSignedPermitted(t *testing.T) {
	raw := strings.Replace(string(rfcExample(t)), `digest="sha1">false`, `digest="sha256"> 1 `, 1)
	d, err := config.Parse([]byte(raw), "")
	if err != nil || d.SelfSigned != wire.HashSHA256 || d.Trust().SelfSigned != wire.HashSHA256 {
		t.Errorf("got %v, %v, want SHA-256", d.SelfSigned, err)
	}
}

// RELOAD: CFG-8 ATT-5 AMB-14 LNK-2
func TestSupported(t *testing.T) {
	if err := config.New(overlay).Supported(); err != nil {
		t.Errorf("a new document: %v", err)
	}
	for name, change := range map[string]func(*config.Document){
		"plug-in":       func(d *config.Document) { d.Topology = "KADEMLIA" },
		"length":        func(d *config.Document) { d.NodeIDLength = 20 },
		"shared secret": func(d *config.Document) { d.SharedSecret = "s" },
		"ICE":           func(d *config.Document) { d.NoICE = false },
		"links":         func(d *config.Document) { d.LinkProtocols = []string{"HIP"} },
		"extension":     func(d *config.Document) { d.MandatoryExtensions = []string{"urn:x"} },
	} {
		d := config.New(overlay)
		change(d)
		if err := d.Supported(); !errors.Is(err, config.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rfcExample(f))
	o := newOwner(f)
	f.Add(o.sign(f, o.document()).Raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := config.Parse(raw, "")
		if err == nil && (d.InstanceName == "" || d.Sequence == 65535) {
			t.Errorf("%q was read as %+v", raw, d)
		}
	})
}
