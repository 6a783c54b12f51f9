// SPDX-License-Identifier: Apache-2.0

package show

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// line is mode line: NAME = VALUE on a line of its own, and an empty line between rows. Values are on one line, as
// package text shows them, so that text.Parse gives the bytes back.
type line struct {
	printer
	names []string
	rows  int
}

func newLine(p printer) Rows { return &line{printer: p} }

func (l *line) Columns(names []string) error {
	widest := 0
	for _, n := range names {
		widest = max(widest, text.StringWidth(readable(n, "")))
	}
	for _, n := range names {
		n = readable(n, "")
		l.names = append(l.names, strings.Repeat(" ", widest-text.StringWidth(n))+n+" = ")
	}
	return nil
}

func (l *line) Row(values []any) error {
	if l.rows++; l.rows > 1 {
		l.w.WriteByte('\n')
	}
	for i, v := range values {
		l.w.WriteString(l.names[i])
		l.w.WriteString(readable(v, l.null("NULL")))
		l.w.WriteByte('\n')
	}
	return l.failed()
}
