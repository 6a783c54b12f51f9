// SPDX-License-Identifier: Apache-2.0

// Package show prints rows in the modes that the shell and the subcommands share: as a table for a
// person, or in a form that a program reads back without loss.
//
// Rows are printed as they come, and memory does not grow with their number: a mode that needs to
// know how wide columns are looks at a page of at most PageRows rows at a time. The modes csv, json,
// jsonl, hex, line, quote, insert, list and tabs are lossless, which the comment of each says how. In
// table, box and markdown a value of more than MaxCell characters is cut, and says so.
package show

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/parser"
)

const (
	// PageRows is how many rows a table holds before it prints them. The next page has the header again.
	PageRows = 1000
	// PageBytes is how many bytes of text a table holds before it prints them, whatever the number of rows.
	PageBytes = 4 << 20
	// MaxCell is how many characters of a value a table shows.
	MaxCell = 4096
	// bufferBytes is how much is printed at once.
	bufferBytes = 64 << 10
)

// Headers says whether the names of the columns are printed.
type Headers int

// The values of Headers.
const (
	HeadersAuto Headers = iota // in table, box and markdown
	HeadersOn
	HeadersOff
)

// Options say how rows are printed. The zero value is mode list.
type Options struct {
	Mode    Mode
	Headers Headers
	// Null stands for NULL. If it is nil, NULL is printed as nothing in csv, list and tabs, and as NULL elsewhere.
	// JSON has its own null, and SQL its own NULL.
	Null *string
	// Separator stands between columns in csv, list, hex and quote; empty for that of the mode.
	Separator string
	// Width is how many columns a table may have before long values are wrapped; 0 for any number.
	Width int
	// Colors says whether the header of a table is coloured.
	Colors bool
}

// Rows prints one set of rows. Columns comes first, then Row for each row, then End, also if there
// were no rows. Values are nil, []byte, string, int64, uint64, float64, bool or time.Time; they are
// not used after Row has returned.
type Rows interface {
	Columns(names []string) error
	Row(values []any) error
	// End prints what is still held.
	End() error
	// Flush prints what rows there are; a table may begin a new page after it.
	Flush() error
}

// New returns what prints rows to w.
func New(w io.Writer, o Options) Rows {
	p := printer{w: bufio.NewWriterSize(w, bufferBytes), Options: o}
	return modeOf(o.Mode).rows(p)
}

// Ended adds the error of End or Flush to that of the rows, unless it is the same one: a write that has failed is
// reported once.
func Ended(rows, end error) error {
	if end != nil && errors.Is(rows, end) {
		return rows
	}
	return errors.Join(rows, end)
}

// printer is what the modes have in common.
type printer struct {
	Options
	w *bufio.Writer
}

func (p *printer) End() error   { return p.w.Flush() }
func (p *printer) Flush() error { return p.w.Flush() }

// failed returns the error of a write before, if there was one.
func (p *printer) failed() error {
	_, err := p.w.Write(nil)
	return err
}

// headers says whether names are printed, if that is what the mode does by itself.
func (p *printer) headers(auto bool) bool {
	if p.Headers == HeadersAuto {
		return auto
	}
	return p.Headers == HeadersOn
}

// null is what stands for NULL, if auto does by itself.
func (p *printer) null(auto string) string {
	if p.Null != nil {
		return *p.Null
	}
	return auto
}

// separator is what stands between columns, if auto does by itself.
func (p *printer) separator(auto string) string {
	if p.Separator != "" {
		return p.Separator
	}
	return auto
}

// isBytes returns what a value is if it is bytes or a text.
func isBytes(v any) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, true
	case string:
		return []byte(v), true
	}
	return nil, false
}

// plain is the text of a value that is neither NULL nor bytes.
func plain(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case int:
		return strconv.Itoa(v)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return string(parser.Value{Kind: parser.Real, Real: v}.AppendText(nil))
	case bool:
		if v {
			return "1"
		}
		return "0"
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000000Z")
	}
	return fmt.Sprint(v)
}

// readable is a value on one line, as package text shows bytes.
func readable(v any, null string) string {
	if v == nil {
		return null
	}
	if b, ok := isBytes(v); ok {
		return text.Show(b)
	}
	return plain(v)
}

// cut shortens a text that is too long for a table.
func cut(s string) string {
	if len(s) <= MaxCell || utf8.RuneCountInString(s) <= MaxCell {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > MaxCell {
			return s[:i] + "… (" + strconv.Itoa(len(s)) + " bytes)"
		}
	}
	return s
}
