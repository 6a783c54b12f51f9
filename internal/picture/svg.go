// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	sansFont = `ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif`
	monoFont = `ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace`
)

// SVG returns a scene as an SVG file. It is light, and dark where the reader's system is.
func SVG(s *Scene) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="lsm-title lsm-text">`,
		number(s.Width), number(s.Height), number(s.Width), number(s.Height))
	b.WriteString("\n<style>" + styles(":root") + "</style>\n")
	fmt.Fprintf(&b, "<rect width=\"100%%\" height=\"100%%\" rx=\"12\" class=\"f-paper\" fill=\"%s\"/>\n", Light[Paper])
	s.content(&b, "lsm")
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// content writes titles and items, layer by layer, with ids that begin with id. Attributes have the light colours,
// for readers that know no styles.
func (s *Scene) content(b *bytes.Buffer, id string) {
	fmt.Fprintf(b, "<title id=\"%s-title\">%s</title>\n<desc id=\"%s-text\">%s</desc>\n", id, escape(s.Title), id, escape(s.Text))
	for layer := range uint8(numLayers) {
		fmt.Fprintf(b, "<g id=\"%s-%d\">\n", id, layer)
		for i := range s.Items {
			if s.Items[i].Layer == layer {
				s.Items[i].svg(b)
			}
		}
		b.WriteString("</g>\n")
	}
}

// numLayers is how many layers there are.
const numLayers = 3

// svg writes an item on a line.
func (it *Item) svg(b *bytes.Buffer) {
	switch it.Kind {
	case Rect:
		fmt.Fprintf(b, `<rect x="%s" y="%s" width="%s" height="%s"`, number(it.X), number(it.Y), number(it.W), number(it.H))
		if it.Round > 0 {
			fmt.Fprintf(b, ` rx="%s"`, number(it.Round))
		}
		it.colors(b)
		it.end(b, "rect", "")
	case Line:
		fmt.Fprintf(b, `<path d="M%s %sl%s %s"`, number(it.X), number(it.Y), number(it.W), number(it.H))
		it.colors(b)
		it.end(b, "path", "")
	case Text:
		fmt.Fprintf(b, `<text x="%s" y="%s" font-size="%s"`, number(it.X), number(it.Y), number(it.Size))
		if it.Style&Bold != 0 {
			b.WriteString(` font-weight="600"`)
		}
		if it.Anchor != Start {
			fmt.Fprintf(b, ` text-anchor="%s"`, [...]string{Middle: "middle", End: "end"}[it.Anchor])
		}
		it.colors(b)
		it.end(b, "text", escape(it.Text))
	}
}

// colors writes classes, and the attributes that take their place where there are no styles.
func (it *Item) colors(b *bytes.Buffer) {
	var classes []string
	if it.Fill != "" {
		classes = append(classes, "f-"+string(it.Fill))
	}
	if it.Stroke != "" {
		classes = append(classes, "s-"+string(it.Stroke))
	}
	if it.Style&Mono != 0 {
		classes = append(classes, "mono")
	}
	fmt.Fprintf(b, ` class="%s"`, strings.Join(classes, " "))
	fill := "none"
	if it.Fill != "" {
		fill = Light[it.Fill]
	}
	fmt.Fprintf(b, ` fill="%s"`, fill)
	if it.Stroke != "" {
		fmt.Fprintf(b, ` stroke="%s" stroke-width="%s"`, Light[it.Stroke], number(it.Size))
		if it.Style&Dashed != 0 {
			b.WriteString(` stroke-dasharray="4 3"`)
		}
	}
}

// end closes an element, with its text and its tip.
func (it *Item) end(b *bytes.Buffer, element, text string) {
	if text == "" && it.Tip == "" {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">" + text)
	if it.Tip != "" {
		b.WriteString("<title>" + escape(it.Tip) + "</title>")
	}
	b.WriteString("</" + element + ">\n")
}

// styles returns the style sheet of the colours: each is a variable of the root, which is the element that selector
// names.
func styles(root string) string {
	var b strings.Builder
	variables := func(t Theme) {
		for _, p := range slices.Sorted(maps.Keys(t)) {
			fmt.Fprintf(&b, "--%s:%s;", p, t[p])
		}
	}
	b.WriteString(root + "{")
	variables(Light)
	b.WriteString("}@media(prefers-color-scheme:dark){" + root + "{")
	variables(Dark)
	b.WriteString("}}")
	for _, p := range slices.Sorted(maps.Keys(Light)) {
		fmt.Fprintf(&b, ".f-%s{fill:var(--%s)}.s-%s{stroke:var(--%s)}", p, p, p, p)
	}
	fmt.Fprintf(&b, "text{font-family:%s;font-variant-numeric:tabular-nums}.mono{font-family:%s}", sansFont, monoFont)
	return b.String()
}

// number writes a length with at most two digits after the point.
func number(f float64) string {
	s := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// escape makes a text fit for XML and HTML: markup is text, and what XML does not allow is a mark.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return 0xFFFD
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return escaper.Replace(s)
}
