package main

import (
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
