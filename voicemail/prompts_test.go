package voicemail_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"tandem/gateway/prompt"
)

// Every prompt that the code names can be spoken, also on a machine without a sound pack.
func TestEveryPromptExists(t *testing.T) {
	t.Parallel()
	lib, err := prompt.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`"((?:vm|auth|pbx)-[a-zA-Z-]+)"`)
	files, _ := filepath.Glob("*.go")
	more, _ := filepath.Glob("../attendant/*.go")
	n := 0
	for _, file := range append(files, more...) {
		if ok, _ := filepath.Match("*_test.go", filepath.Base(file)); ok {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(source, -1) {
			n++
			if !lib.Pack("en").Has(string(m[1])) {
				t.Errorf("%s says %s, which nobody can", file, m[1])
			}
		}
	}
	if n < 30 {
		t.Errorf("found only %d prompts in the source: this test does not look where it should", n)
	}
}
