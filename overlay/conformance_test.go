package overlay_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

const (
	conformanceRows = "testdata/reload.txt"
	conformanceFile = "../docs/conformance.md"
)

// rule is a row of the table; heading is set instead for the rows that begin a part.
type rule struct {
	heading         string
	id, where, what string
	leftOut         string
	tests           []string
}

// TestConformance holds docs/conformance.md to the tests: those with a line "RELOAD: SIG-4 RT-1" in their comment hold
// these rows of testdata/reload.txt. Every row has a test or a reason why it is left out.
func TestConformance(t *testing.T) {
	rules := readRules(t)
	marked := make(map[string][]string)
	for _, root := range []string{".", "../cmd/tandem"} {
		markers(t, root, marked)
	}
	for i := range rules {
		r := &rules[i]
		r.tests = marked[r.id]
		slices.Sort(r.tests)
		delete(marked, r.id)
		if r.heading == "" && len(r.tests) == 0 && r.leftOut == "" {
			t.Errorf("%s (%s) has neither a test nor a reason", r.id, r.what)
		}
	}
	for id, tests := range marked {
		t.Errorf("%v: there is no row %q", tests, id)
	}
	want := table(rules)
	if *update {
		if err := os.WriteFile(conformanceFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(conformanceFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the tests say (%v): go test ./overlay -run TestConformance -update", conformanceFile, err)
	}
}

func readRules(t *testing.T) (rules []rule) {
	t.Helper()
	raw, err := os.ReadFile(conformanceRows)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			rules = append(rules, rule{heading: heading})
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 4 {
			t.Fatalf("%s: %q has %d fields, want 4", conformanceRows, line, len(f))
		}
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if seen[f[0]] {
			t.Errorf("%s: %s twice", conformanceRows, f[0])
		}
		seen[f[0]] = true
		rules = append(rules, rule{id: f[0], where: f[1], what: f[2], leftOut: f[3]})
	}
	return rules
}

// markers collects the tests below root by the rows they hold.
func markers(t *testing.T, root string, into map[string][]string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Doc == nil || f.Recv != nil {
				continue
			}
			for _, id := range markedIn(f.Doc) {
				into[id] = append(into[id], filepath.ToSlash(filepath.Join("overlay", filepath.Dir(path)))+"."+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func markedIn(doc *ast.CommentGroup) (ids []string) {
	for _, c := range doc.List {
		if list, ok := strings.CutPrefix(c.Text, "// RELOAD: "); ok {
			ids = append(ids, strings.Fields(list)...)
		}
	}
	return ids
}

func table(rules []rule) []byte {
	var b bytes.Buffer
	held, rows := 0, 0
	for _, r := range rules {
		if r.heading == "" {
			rows++
		}
		if len(r.tests) > 0 {
			held++
		}
	}
	fmt.Fprintf(&b, `# Conformance

What RELOAD asks of a node, and the tests that hold it. Sections are of RFC 6940 unless another is named. Made by
`+"`go test ./overlay -run TestConformance -update`"+` from the `+"`RELOAD:`"+` lines above the tests and overlay/%s:
%d rules, %d held by tests, the others left out with their reason.
`, conformanceRows, rows, held)
	for _, r := range rules {
		if r.heading != "" {
			fmt.Fprintf(&b, "\n## %s\n\n| Rule | Where | What | Tests | Left out |\n| --- | --- | --- | --- | --- |\n", r.heading)
			continue
		}
		tests := make([]string, len(r.tests))
		for i, name := range r.tests {
			tests[i] = "`" + strings.TrimPrefix(name, "overlay/") + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.id, r.where, r.what, strings.Join(tests, " "), r.leftOut)
	}
	return b.Bytes()
}
