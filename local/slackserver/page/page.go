// Package page holds the web page of the local Slack: static files, with no
// build step and no request to anywhere else.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed index.html *.js *.css vendor
var files embed.FS

// Handler serves the page at / with a policy that keeps every request on this
// server.
func Handler() http.Handler {
	static := http.FileServerFS(files)
	policy := contentPolicy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "no such route", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		if strings.HasSuffix(r.URL.Path, ".js") || strings.HasSuffix(r.URL.Path, ".mjs") {
			h.Set("Content-Type", "text/javascript; charset=utf-8")
		}
		static.ServeHTTP(w, r)
	})
}

// contentPolicy allows our own files and the one inline import map, by its hash.
func contentPolicy() string {
	script := "'self'"
	if index, err := fs.ReadFile(files, "index.html"); err == nil {
		_, rest, _ := strings.Cut(string(index), `<script type="importmap">`)
		if inline, _, found := strings.Cut(rest, "</script>"); found {
			sum := sha256.Sum256([]byte(inline))
			script += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
	}
	return "default-src 'none'; script-src " + script + "; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
