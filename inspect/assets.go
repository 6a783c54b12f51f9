// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"maps"
	"net/http"
	"path"
	"slices"
	"sync"

	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// assets are the page: HTML, CSS and JavaScript as they are written, without anything that makes
// them from something else.
//
//go:embed assets
var assets embed.FS

// The two pages, which are not served under their own names.
const (
	pageFile   = "page.html"
	signInFile = "signin.html"
	themeFile  = "theme.css" // which is made, not written
)

var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// assetNames lists what is served under its own name.
func assetNames() (names []string) {
	list, err := assets.ReadDir("assets")
	if err != nil {
		panic(err) // the program was built without its files
	}
	for _, f := range list {
		if n := f.Name(); n != pageFile && n != signInFile {
			names = append(names, n)
		}
	}
	return names
}

// servePage returns the page, with a session for what it does later.
func (in *Inspector) servePage(q *request) error {
	if q.signed == "" {
		in.begin(q, "out")
	}
	return q.asset(http.StatusOK, pageFile, nil)
}

// themeCSS has the colours of the pictures, light and dark, for the page and for the picture in it.
var themeCSS = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	variables := func(t picture.Theme) {
		b.WriteString(":root {")
		for _, p := range slices.Sorted(maps.Keys(t)) {
			fmt.Fprintf(&b, " --%s: %s;", p, t[p])
		}
		b.WriteString(" }\n")
	}
	variables(picture.Light)
	b.WriteString("@media (prefers-color-scheme: dark) {\n")
	variables(picture.Dark)
	b.WriteString("}\n")
	for _, p := range slices.Sorted(maps.Keys(picture.Light)) {
		fmt.Fprintf(&b, ".f-%s { fill: var(--%s) } .s-%s { stroke: var(--%s) }\n", p, p, p, p)
	}
	return b.Bytes()
})

func (in *Inspector) serveTheme(q *request) error {
	return q.file(http.StatusOK, themeFile, themeCSS())
}

func (in *Inspector) serveAsset(q *request) error { return q.asset(http.StatusOK, q.name, nil) }

// signInPage shows the form to sign in, with a message if there is one.
func (q *request) signInPage(status int, message string) error {
	return q.asset(status, signInFile, func(page []byte) []byte {
		return bytes.Replace(page, []byte("<!-- message -->"), []byte(html.EscapeString(message)), 1)
	})
}

func (q *request) asset(status int, name string, change func([]byte) []byte) error {
	raw, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return err
	}
	if change != nil {
		raw = change(raw)
	}
	return q.file(status, name, raw)
}

// file answers with a file of the page.
func (q *request) file(status int, name string, raw []byte) error {
	q.w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	q.answer(status, raw)
	return nil
}
