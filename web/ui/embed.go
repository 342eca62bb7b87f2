// Package ui is the portal's browser side: TypeScript source here, its build in dist, embedded in the binary.
//
// Build it with "npm ci && npm run build" in this directory, or "make build" at the root. The Go code compiles
// and its tests pass without: Files is then empty and Built is false.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files is the built portal, with index.html in its root.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path
	}
	return files
}

// Built tells whether files hold a portal.
func Built(files fs.FS) bool {
	_, err := fs.Stat(files, "index.html")
	return err == nil
}
