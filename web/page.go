package web

import (
	"crypto/rand"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"tandem/web/ui"
)

// nonceMark stands in the built index.html where each answer gets a nonce of its own.
const nonceMark = "__CSP_NONCE__"

// A page is the built portal: one document for all addresses, and the files it refers to.
type page struct {
	document string // index.html
	files    http.Handler
	tree     fs.FS
	built    bool
}

func newPage(files fs.FS) (*page, error) {
	p := &page{tree: files, files: http.FileServerFS(files), built: ui.Built(files), document: unbuilt}
	if !p.built {
		return p, nil
	}
	document, err := fs.ReadFile(files, "index.html")
	p.document = string(document)
	return p, err
}

// serve answers with a file if there is one, and else with the document, which knows the address.
func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(r.URL.Path, "/")
	if info, err := fs.Stat(p.tree, name); err == nil && info.Mode().IsRegular() && name != "index.html" && !strings.HasPrefix(name, ".") {
		p.file(w, r, name)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		http.NotFound(w, r) // of an older build: a document in its place would be taken for a script
		return
	}
	nonce := rand.Text()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy(nonce))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = strings.NewReplacer(nonceMark, template.HTMLEscapeString(nonce)).WriteString(w, p.document) // the client has gone: nobody to tell
}

func (p *page) file(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	if strings.HasPrefix(name, "assets/") { // named by their content
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	p.files.ServeHTTP(w, r)
}

// policy allows what the portal itself serves and nothing else. Styles that the pages make carry the nonce.
func policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; media-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// unbuilt is served by a program that was compiled without the portal.
const unbuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>tandem</title>
<h1>tandem</h1>
<p>This program was compiled without its portal. To build it: <code>make build</code>, or in <code>web/ui</code>
<code>npm ci &amp;&amp; npm run build</code>, then <code>go build ./cmd/tandem</code>.
<p>The API is at <a href="/api/openapi.json">/api/openapi.json</a>.
</html>
`
