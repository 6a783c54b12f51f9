// SPDX-License-Identifier: Apache-2.0

package show

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// style is how a table looks.
type style struct {
	style    table.Style
	markdown bool
}

var (
	boxStyle      = style{style: table.StyleLight}
	asciiStyle    = style{style: table.StyleDefault}
	markdownStyle = style{style: table.StyleDefault, markdown: true}
)

// tableRows is the modes table, box and markdown. It holds a page, and prints it when it is full. Columns never become
// narrower from one page to the next.
type tableRows struct {
	printer
	look   style
	names  []string
	page   []table.Row
	bytes  int
	widths []int
	right  []bool // columns of numbers
	pages  int
}

func newTable(p printer, look style) Rows { return &tableRows{printer: p, look: look} }

func (t *tableRows) Columns(names []string) error {
	t.names = make([]string, len(names))
	t.widths, t.right = make([]int, len(names)), make([]bool, len(names))
	for i, n := range names {
		t.names[i] = cut(readable(n, ""))
		t.right[i] = true
		if t.headers(true) {
			t.widths[i] = text.StringWidth(t.names[i])
		}
	}
	return nil
}

func (t *tableRows) Row(values []any) error {
	row := make(table.Row, len(values))
	for i, v := range values {
		s := cut(readable(v, t.null("NULL")))
		row[i] = s
		t.bytes += len(s)
		t.widths[i] = max(t.widths[i], text.StringWidth(s))
		t.right[i] = t.right[i] && (v == nil || isNumber(v))
	}
	t.page = append(t.page, row)
	if len(t.page) >= PageRows || t.bytes >= PageBytes {
		return t.print()
	}
	return nil
}

func (t *tableRows) End() error {
	if len(t.page) > 0 || t.pages == 0 {
		if err := t.print(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}

func (t *tableRows) Flush() error {
	if len(t.page) > 0 {
		if err := t.print(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}

// print prints the page, and begins another.
func (t *tableRows) print() error {
	w := table.NewWriter()
	look := t.look.style
	look.Format.Header = text.FormatDefault
	if t.Colors {
		look.Color.Header = text.Colors{text.Bold}
	}
	w.SetStyle(look)
	if t.headers(true) {
		header := make(table.Row, len(t.names))
		for i, n := range t.names {
			header[i] = n
		}
		w.AppendHeader(header)
	}
	w.AppendRows(t.page)
	w.SetColumnConfigs(t.columns())
	rendered := w.Render
	if t.look.markdown {
		rendered = w.RenderMarkdown
	}
	s := rendered()
	t.page, t.bytes = t.page[:0], 0
	t.pages++
	if s == "" {
		return nil
	}
	_, err := t.w.WriteString(strings.TrimRight(s, "\n") + "\n")
	return err
}

// columns says how wide each column is, and how its values lie in it.
func (t *tableRows) columns() []table.ColumnConfig {
	list := make([]table.ColumnConfig, len(t.names))
	widths := t.fit()
	for i := range list {
		list[i] = table.ColumnConfig{Number: i + 1, Align: text.AlignLeft}
		if t.right[i] && len(t.page) > 0 {
			list[i].Align, list[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if t.look.markdown {
			continue
		}
		list[i].WidthMin = widths[i]
		if widths[i] < t.widths[i] {
			list[i].WidthMax, list[i].WidthMaxEnforcer = widths[i], text.WrapHard
		}
	}
	return list
}

const (
	minColumn    = 8 // a column that is wrapped is at least as wide
	columnBorder = 3 // blanks and line of each column
)

// fit makes the widest columns narrower until the table fits.
func (t *tableRows) fit() []int {
	widths := append([]int(nil), t.widths...)
	if t.Width <= 0 || len(widths) == 0 {
		return widths
	}
	for over := t.over(widths); over > 0; over = t.over(widths) {
		widest, second := 0, minColumn
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		for i, w := range widths {
			if i != widest {
				second = max(second, min(w, widths[widest]-1))
			}
		}
		if widths[widest] <= minColumn {
			break
		}
		widths[widest] = max(widths[widest]-over, second, minColumn)
	}
	return widths
}

// over is by how much a table with such columns is too wide.
func (t *tableRows) over(widths []int) int {
	sum := 1
	for _, w := range widths {
		sum += w + columnBorder
	}
	return sum - t.Width
}
