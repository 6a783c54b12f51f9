// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
)

var (
	_ driver.ConnPrepareContext = (*conn)(nil)

	_ driver.Stmt             = (*stmt)(nil)
	_ driver.StmtExecContext  = (*stmt)(nil)
	_ driver.StmtQueryContext = (*stmt)(nil)

	_ driver.NamedValueChecker = (*stmt)(nil)
)

// Prepare is PrepareContext without a context.
func (c *conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// PrepareContext parses text, which may hold several statements.
func (c *conn) PrepareContext(ctx context.Context, text string) (s driver.Stmt, err error) {
	defer c.guard(&err, "prepare")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	plans, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	return &stmt{conn: c, plans: plans}, nil
}

// stmt is a prepared text: its plans, which it shares with all connections that run the same text,
// and the connection to run them on.
type stmt struct {
	conn   *conn
	plans  []*parser.Plan
	closed bool
}

// Close forgets the plans. Rows of the statement that are open go on.
func (s *stmt) Close() error {
	s.closed, s.plans = true, nil
	return nil
}

// NumInput returns -1, because the driver counts the arguments itself and its errors
// name the parameter.
func (s *stmt) NumInput() int { return -1 }

// Exec is ExecContext without a context or names.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), namedValues(args))
}

// Query is QueryContext without a context or names.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), namedValues(args))
}

// ExecContext runs every statement of the text. The result is the last one's. As rows.Next, it calls recover
// only if it has not come to its end.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (res driver.Result, err error) {
	ended := false
	defer func() {
		if !ended {
			s.conn.caught(&err, "exec", recover())
		}
	}()
	if err = s.usable(ctx); err == nil {
		res, err = s.conn.exec(ctx, s.plans, args)
	}
	ended = true
	return res, err
}

// CheckNamedValue is the connection's, which database/sql would look for next.
func (s *stmt) CheckNamedValue(nv *driver.NamedValue) error { return s.conn.CheckNamedValue(nv) }

// QueryContext runs the first statement of the text; see conn.QueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (r driver.Rows, err error) {
	defer s.conn.guard(&err, "query")
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.conn.query(ctx, s.plans, args)
}

func (s *stmt) usable(ctx context.Context) error {
	if s.closed {
		return misusef("", "the statement is closed")
	}
	return s.conn.usable(ctx)
}

func namedValues(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}
