package web_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"tandem/web"
)

var update = flag.Bool("update", false, "write ui/openapi.json anew")

// The pages' types are made of ui/openapi.json. To write it: go test ./web -run Document -update
func TestDocumentIsCurrent(t *testing.T) {
	got, err := web.Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("ui/openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("ui/openapi.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("ui/openapi.json is not what the operations say (%v): go test ./web -run Document -update, then npm run api in web/ui", err)
	}
}
