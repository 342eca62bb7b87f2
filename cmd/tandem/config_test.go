package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrintedConfigurationHidesSecrets(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://tandem:hunter2@db/tandem", "postgres://tandem:hunt@er:hunter2@db/tandem", "postgres://db/tandem?user=tandem&password=hunter2",
		"postgres://tandem@db/tandem?sslpassword=hunter2", "host=db user=tandem password=hunter2", "host=db PASSWORD=hunter2",
	} {
		c := DefaultConfig()
		c.Database.URL, c.Trunk.Password = url, "hunter2"
		out, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "hunter2") {
			t.Errorf("%s is printed with its password:\n%s", url, out)
		}
	}
	c := DefaultConfig()
	c.Database.URL = "postgres://tandem@db/tandem"
	if out, err := c.YAML(); err != nil || !strings.Contains(string(out), c.Database.URL) {
		t.Errorf("a URL without password is not printed: %v\n%s", err, out)
	}
}

func TestConfigurationProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // the key it begins with; empty: it is good
	}{
		"nothing":                {func(*Config) {}, ""},
		"no country":             {func(c *Config) { c.Region = "XX" }, "region: "},
		"small letters":          {func(c *Config) { c.Region = "us" }, "region: "},
		"a country":              {func(c *Config) { c.Region = "DE" }, ""},
		"web.url without scheme": {func(c *Config) { c.Web.URL = "calls.example.org" }, "web.url: "},
		"web.url of a file":      {func(c *Config) { c.Web.URL = "file:///etc" }, "web.url: "},
		"web.url":                {func(c *Config) { c.Web.URL = "https://calls.example.org/" }, ""},
		"host with port":         {func(c *Config) { c.Enrollment.Host = "example.org:8443" }, "enrollment.host: "},
		"host of nonsense":       {func(c *Config) { c.Enrollment.Host = "https://example.org" }, "enrollment.host: "},
		"half an address":        {func(c *Config) { c.Enrollment.Host = "300.1.2.3" }, "enrollment.host: "},
		"host":                   {func(c *Config) { c.Enrollment.Host = "example.org" }, ""},
		"IPv6 host":              {func(c *Config) { c.Enrollment.Host = "2001:db8::1" }, ""},
		"user without trunk":     {func(c *Config) { c.Trunk.User = "me" }, "trunk.user: "},
		"trunk of nonsense":      {func(c *Config) { c.Trunk.Host = "sip:carrier@example" }, "trunk.host: "},
		"trunk":                  {func(c *Config) { c.Trunk.Host = "[2001:db8::1]:5060" }, ""},
		"another database":       {func(c *Config) { c.Database.URL = "mysql://db/tandem" }, "database.url: "},
		"database":               {func(c *Config) { c.Database.URL = "postgresql://db/tandem" }, ""},
		"database by key":        {func(c *Config) { c.Database.URL = "host=db dbname=tandem" }, ""},
		"port too high":          {func(c *Config) { c.Web.Listen = ":65536" }, "web.listen: "},
		"port below":             {func(c *Config) { c.Overlay.SIP = ":-1" }, "overlay.sip: "},
		"port by name":           {func(c *Config) { c.SIP.Listen = ":sip" }, "sip.listen: "},
		"any port":               {func(c *Config) { c.SIP.TLS, c.SIP.Cert, c.SIP.Key = "[::]:0", "c", "k" }, ""},
		"ring":                   {func(c *Config) { c.Phone.Ring = "long" }, "phone.ring: "},
	} {
		cfg := DefaultConfig()
		c.change(&cfg)
		switch err := cfg.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: %v, want one problem of %s", name, err, c.want)
		}
	}
}

// write makes a configuration file.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tandem.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigurationFile(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(write(t, "region: DE\nweb: {listen: 127.0.0.1:9000}\noverlay:\n"))
	if err != nil || cfg.Region != "DE" || cfg.Web.Listen != "127.0.0.1:9000" || cfg.Overlay != DefaultConfig().Overlay {
		t.Errorf("got %+v, %v", cfg, err)
	}
	for text, want := range map[string]string{
		"overlay: 5":                     "overlay: is a section with keys such as overlay.advertise, not 5",
		"web: {listen: [a, b]}":          "web.listen: one value is expected, not a list and no keys below it",
		"regoin: DE\nweb: {lsten: ':1'}": "regoin: there is no such key\nweb.lsten: there is no such key",
		"region: XX\nlog: {lvl: debug}":  "log.lvl: there is no such key\nregion: \"XX\" is not the code of a country, such as US or DE",
	} {
		if _, err := loadConfig(write(t, text)); err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// As for a file that -f names: the command line is wrong, exit status 2.
func TestMissingConfigurationFile(t *testing.T) {
	t.Parallel()
	if _, err := loadConfig(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, errUsage) {
		t.Errorf("got %v, want an error of usage", err)
	}
}

func TestUnknownVariable(t *testing.T) {
	for name, value := range map[string]string{
		"TANDEM_CARRIER_PASSWORD": "x", "TANDEM_TEST_DATABASE_URL": "", "TANDEM_E2E_NAMESPACE": "1", "TANDEM_PORT_8080_TCP": "tcp://10.0.0.1:8080",
		"TANDEM_REGION": "DE", "TANDEM_WEB_URL": "",
	} {
		t.Setenv(name, value)
	}
	if cfg, err := loadConfig(""); err != nil || cfg.Region != "DE" {
		t.Fatalf("region %q, %v", cfg.Region, err)
	}
	t.Setenv("TANDEM_WEB_LISTN", ":1")
	if _, err := loadConfig(""); err == nil || err.Error() != "TANDEM_WEB_LISTN: there is no such variable, as there is no key web.listn" {
		t.Errorf("got %v", err)
	}
}
