// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/lsmlite/lsmlite-go/engine"
)

//go:embed page.css
var pageCSS string

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// page is what the template needs. What is of a type of html/template is made here, and has no text of others in it
// that is not escaped; the rest the template escapes.
type page struct {
	Title, Text string
	Policy      string // what the page may do
	Style       template.CSS
	Picture     template.HTML
	Rows        []pageRow
	Script      template.HTML // with its element; empty for none
	Strip       template.HTML // what stands above the slider
	Frames      template.HTML // the same for the frames
	Last        int           // the number of the last frame
}

// pageRow is a row of the table of segments.
type pageRow struct{ Level, Age, What, Size, Blocks, First, Last, Problem string }

// Page writes an HTML page with the picture of a layout and a table of its segments. It needs nothing but itself:
// it has no script, and asks no server for anything.
func Page(w io.Writer, l *engine.Layout) error {
	s := Draw(l)
	p := newPage(s)
	p.Rows = pageRows(l)
	return pageTemplate.Execute(w, p)
}

func newPage(s *Scene) *page {
	return &page{Title: s.Title, Text: s.Text, Policy: policy(""), Style: template.CSS(styles(":root") + pageCSS), Picture: template.HTML(s.inline("picture"))}
}

// policy returns a content security policy that allows styles within the page and this script, if any.
func policy(script string) string {
	p := "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
	if script != "" {
		sum := sha256.Sum256([]byte(script))
		p += "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return p
}

// inline returns the scene as an element within a page that has its styles.
func (s *Scene) inline(id string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg id="%s" viewBox="0 0 %s %s" preserveAspectRatio="none" role="img" aria-labelledby="%s-title %s-text">`, id, number(s.Width), number(s.Height), id, id)
	s.content(&b, id)
	b.WriteString("</svg>")
	return b.String()
}

// pageRows are the segments as texts.
func pageRows(l *engine.Layout) (rows []pageRow) {
	for i := range l.Segments {
		s := &l.Segments[i]
		r := pageRow{Level: count(int64(s.Level)), Age: count(int64(s.Age)), What: "segment", Size: size(s.Bytes), Blocks: count(s.Blocks),
			First: keyText(s.FirstKey, engine.MaxLayoutKey), Last: keyText(s.LastKey, engine.MaxLayoutKey), Problem: plain(s.Problem)}
		switch {
		case s.FreelistOnly:
			r.What = "free list"
		case s.Role == engine.RoleOutput:
			r.What = "merged so far"
		case s.Role == engine.RoleInput:
			r.What = "to be merged"
		}
		rows = append(rows, r)
	}
	return rows
}
