// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/lsmlite/lsmlite-go/js/internal/wire"
	"github.com/lsmlite/lsmlite-go/parser"
)

func savepointName(n uint32) string { return fmt.Sprintf("js_savepoint_%d", n) }

// readStatement reads a text and its arguments.
func readStatement(in *wire.Reader, c *conn) (text string, args []driver.NamedValue, err error) {
	text = in.Text()
	for n := in.U32(); n > 0 && !in.Bad(); n-- {
		arg := driver.NamedValue{Ordinal: len(args) + 1, Name: in.Text()}
		arg.Value = in.Value()
		if in.Bad() {
			break
		}
		if err := checkArgument(c, &arg); err != nil {
			return "", nil, err
		}
		args = append(args, arg)
	}
	if !in.Done() {
		return "", nil, badMessage()
	}
	return text, args, nil
}

// checkArgument is CheckNamedValue, in words of JavaScript.
func checkArgument(c *conn, arg *driver.NamedValue) error {
	which := fmt.Sprintf("argument %d", arg.Ordinal)
	if arg.Name != "" {
		which = "the argument " + arg.Name
	}
	if arg.Value == nil {
		return misuse("%s is null or undefined: there is no NULL here; the empty value is '' or an empty Uint8Array", which)
	}
	n, large := arg.Value.(uint64)
	err := c.CheckNamedValue(arg)
	if err != nil && large {
		return misuse("%s is %d: an integer above 2^63 - 1 is for a database with key_type uint64 or lsm1uint", which, n)
	}
	return err
}

// controlWords are what a statement that begins or ends a transaction begins with.
var controlWords = regexp.MustCompile(`(?i)\b(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE)\b`)

// controls returns an error if a text begins or ends a transaction, which is up to db.transaction here. A text
// that cannot be parsed is left to the driver.
func controls(text string) error {
	if !controlWords.MatchString(text) {
		return nil
	}
	statements, err := parser.Parse(text)
	if err != nil {
		return nil
	}
	for _, p := range statements {
		if _, ok := p.Body.(*parser.Transaction); ok {
			return misuse("%s: a transaction is a call of transaction, and a savepoint one of savepoint", p.Text)
		}
	}
	return nil
}

// pragmaWord is what a PRAGMA begins with.
var pragmaWord = regexp.MustCompile(`(?i)\bPRAGMA\b`)

// patientFor returns a context for a text: one with patience if there is a PRAGMA in it, because some of them wait
// for turns without a limit of their own.
func (s *Server) patientFor(ctx context.Context, text string) (_ context.Context, stop func()) {
	if pragmaWord.MatchString(text) {
		statements, err := parser.Parse(text)
		for _, p := range statements {
			if pragma, ok := p.Body.(*parser.PragmaCommand); ok && err == nil {
				return s.patient(ctx, strings.ToLower(pragma.Name.Text))
			}
		}
	}
	return ctx, func() {}
}

// exec runs statements, and answers with how many rows the last one wrote.
func (s *Server) exec(r *request, t *tx, out *wire.Writer) error {
	c, free, err := s.connFor(r.ctx, t)
	if err != nil {
		return err
	}
	defer free()
	text, args, err := readStatement(r.in, c)
	if err == nil {
		err = controls(text)
	}
	if err != nil {
		return err
	}
	ctx, stop := s.patientFor(r.ctx, text)
	defer stop()
	result, err := c.ExecContext(ctx, text, args)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err == nil {
		out.Value(n)
	} else {
		out.Value(nil) // they were not counted
	}
	return nil
}

// connFor returns the connection of the transaction, or one of its own that is given back by free.
func (s *Server) connFor(ctx context.Context, t *tx) (c *conn, free func(), err error) {
	if t != nil {
		return t.conn, func() {}, nil
	}
	if c, err = s.conn(ctx); err != nil {
		return nil, nil, err
	}
	return c, func() { s.release(c) }, nil
}

// query begins to read the rows of a statement, and answers with its columns and the first batch.
func (s *Server) query(r *request, t *tx, out *wire.Writer) error {
	c, free, err := s.connFor(r.ctx, t)
	if err != nil {
		return err
	}
	text, args, err := readStatement(r.in, c)
	if err == nil {
		err = controls(text)
	}
	if err != nil {
		free()
		return err
	}
	// The rows outlive the message, and with it its context.
	ctx, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(r.ctx, cancel)
	patient, rest := s.patientFor(ctx, text)
	rows, err := c.QueryContext(patient, text, args)
	if err != nil {
		rest()
		cancel()
		free()
		return err
	}
	stop()
	columns := rows.Columns()
	out.U32(uint32(len(columns)))
	for _, name := range columns {
		out.Text(name)
	}
	return s.start(r, t, out, &queried{rows, make([]driver.Value, len(columns)), rest, cancel, free})
}

// queried is a query as a source of rows.
type queried struct {
	rows   driver.Rows
	values []driver.Value
	rest   func()
	cancel context.CancelFunc
	free   func()
}

func (q *queried) row(_ context.Context, out *wire.Writer) (bool, error) {
	err := q.rows.Next(q.values)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for i, v := range q.values {
		if !out.Value(v) {
			return false, fmt.Errorf("lsmlite: column %d has a value that cannot be passed on", i+1)
		}
	}
	return true, nil
}

func (q *queried) close() error {
	err := q.rows.Close()
	q.rest()
	q.cancel()
	q.free()
	return err
}
