// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql/driver"
	"reflect"

	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/parser"
)

var (
	_ driver.Rows                           = (*rows)(nil)
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
)

// QueryContext runs the first statement in text; the rest run as the caller moves on to
// their result sets, at the latest when the rows are closed.
func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Rows, err error) {
	defer c.guard(&err, "query")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	plans, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	return c.query(ctx, plans, args)
}

func (c *conn) query(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.session.Query(ctx, plans, args)
	if err != nil {
		return nil, err
	}
	return (*rows)(r), nil
}

// rows are a session's rows in the form that database/sql wants. Nothing may be called
// after Close.
type rows session.Rows

func (r *rows) of() *session.Rows { return (*session.Rows)(r) }

// guard is deferred by the methods that may read or write.
func (r *rows) guard(err *error, op string) {
	r.caught(err, op, recover())
}

// caught makes a panic the error of the call, if there was one.
func (r *rows) caught(err *error, op string, p any) {
	if p != nil {
		r.of().Break()
		*err = internalError(op, p)
	}
}

// Columns returns the names of the columns; a statement without results has none.
func (r *rows) Columns() []string { return r.of().Columns() }

// Next fills dest with the next row, or returns io.EOF after the last. It calls recover only if it has not
// come to its end: the call takes longer than all else that Next does itself.
func (r *rows) Next(dest []driver.Value) (err error) {
	ended := false
	defer func() {
		if !ended {
			r.caught(&err, "next", recover())
		}
	}()
	err = r.of().Next(dest)
	ended = true
	return err
}

// HasNextResultSet reports whether the text has another statement that may run: none may
// after a failure, nor on a connection that is broken.
func (r *rows) HasNextResultSet() bool { return r.of().HasNextResultSet() }

// NextResultSet runs the next statement of the text.
func (r *rows) NextResultSet() (err error) {
	defer r.guard(&err, "query")
	return r.of().NextResultSet()
}

// Close gives back what the rows hold, and runs the statements of the text that the caller
// has not come to, unless one before them failed or the context has ended.
func (r *rows) Close() (err error) {
	defer r.guard(&err, "close")
	return r.of().Close()
}

// ColumnTypeDatabaseTypeName returns BLOB, TEXT, INTEGER or REAL, TIMESTAMP for what is a time
// or a text, and NUMERIC for what is an integer in one row and may be a real in the next.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string { return r.of().ColumnTypeDatabaseTypeName(i) }

// ColumnTypeScanType returns the type of the column's values, or one that holds NULL too
// if there can be any.
func (r *rows) ColumnTypeScanType(i int) reflect.Type { return r.of().ColumnTypeScanType(i) }

// ColumnTypeLength returns math.MaxInt64 for bytes and texts, whose length only the
// store limits, and false for the rest.
func (r *rows) ColumnTypeLength(i int) (length int64, ok bool) { return r.of().ColumnTypeLength(i) }

// ColumnTypeNullable reports whether the column can hold NULL.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) { return r.of().ColumnTypeNullable(i) }
