// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/parser"
)

// outcome is what came of a call: its result sets, or the rows written by its last
// statement, and the error.
type outcome struct {
	names []string
	rows  []string
	count int64
	err   error
}

func (o *outcome) String() string {
	s := fmt.Sprintf("%d rows affected, columns %q, rows %q", o.count, o.names, o.rows)
	if o.err != nil {
		s = "error: " + strings.ReplaceAll(o.err.Error(), "\n", "\n    ")
	}
	return s
}

// difference is a call of which not the same came.
type difference struct {
	call      call
	rewritten []string
	got, want string
	// kind stays the same while the calls before it are made fewer and simpler.
	kind string
}

func (d *difference) Error() string {
	return fmt.Sprintf("%s\n as         %s\n the driver: %s\n SQLite:     %s", d.call, strings.Join(d.rewritten, "; "), d.got, d.want)
}

// errorKind tells errors of the driver apart by what does not depend on the data.
func errorKind(err error) string {
	if err == nil {
		return "of SQLite"
	}
	var e *lsmlite.Error
	if !errors.As(err, &e) {
		return "without a code"
	}
	text := e.Error()
	if i := strings.IndexAny(text, "0123456789'\"\n"); i >= 0 && e.Code != lsmlite.CodeSyntax {
		text = text[:i]
	}
	return fmt.Sprint(e.Code, text)
}

// blob is an argument by the rule that there is one class of strings.
//
// differs: bytes, times
func blob(v any) any {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case time.Time:
		return []byte(v.UTC().Format("2006-01-02T15:04:05.000000000Z"))
	}
	return v
}

// add runs one statement on SQLite and adds what came of it.
func (o *outcome) add(c *side, s *parser.Statement, rewritten string, args []any, query bool) {
	most := 0
	eachParam(s, func(p *parser.Param) { most = max(most, p.Number) })
	if s.Explain || s.QueryPlan {
		// SQLite's rows are about SQLite. What counts is the error.
		//
		// differs: explain
		o.err = c.ask(rewritten, args[:most], true).err
		o.count = 0
		return
	}
	one := c.ask(rewritten, args[:most], query && len(resultsOf(s)) > 0)
	o.names, o.rows = append(o.names, one.names...), append(o.rows, one.rows...)
	o.count, o.err = one.count, one.err
	if query {
		o.count = 0
	}
	switch s.Body.(type) {
	case *parser.Insert, *parser.Update, *parser.Delete:
	default: // differs: counts
		o.count = 0
	}
}

func (c *side) ask(query string, args []any, hasRows bool) *outcome {
	o := &outcome{}
	ctx := context.Background()
	if !hasRows {
		res, err := c.ExecContext(ctx, query, args...)
		if err != nil {
			return &outcome{err: err}
		}
		o.count, o.err = res.RowsAffected()
		return o
	}
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return &outcome{err: err}
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		if err != nil {
			return &outcome{err: err}
		}
		// differs: explain
		if slices.Equal(columns, parser.ExplainColumns[:]) && !c.explained {
			continue
		}
		o.names = append(o.names, columns...)
		if err := o.scan(rows, len(columns)); err != nil {
			return &outcome{err: err}
		}
	}
	if err := rows.Err(); err != nil {
		return &outcome{err: err}
	}
	return o
}

func (o *outcome) scan(rows *sql.Rows, n int) error {
	values, dest := make([]any, n), make([]any, n)
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		text := make([]string, n)
		for i, v := range values {
			text[i] = show(v)
		}
		o.rows = append(o.rows, strings.Join(text, "|"))
	}
	return rows.Err()
}

// show writes a value so that classes differ.
func show(v any) string {
	switch v := v.(type) {
	case []byte:
		return strconv.Quote(string(v))
	case float64:
		return "real " + strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}
