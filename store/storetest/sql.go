// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// SQL tests the driver "lsmlite", which the test program imports, on a store: the same statements as on a
// database in memory must have the same results and errors, and the contract of database/sql must hold. open
// returns a pool on an empty store, with settings as a DSN has them, such as "key_type=text"; it closes the
// pool at the end of the test.
func SQL(t *testing.T, open func(t *testing.T, settings string) *sql.DB) {
	for _, test := range []struct {
		name string
		f    func(*sqlSuite)
	}{
		{"statements", (*sqlSuite).statements},
		{"random statements", (*sqlSuite).randomStatements},
		{"a statement that fails leaves the transaction", (*sqlSuite).failing},
		{"rows stay as they are", (*sqlSuite).stableRows},
		{"results are the caller's", (*sqlSuite).results},
		{"a transaction ends with its context", (*sqlSuite).endedContext},
		{"contexts that have ended", (*sqlSuite).contexts},
		{"read-only transactions", (*sqlSuite).readOnly},
		{"transfers", (*sqlSuite).transfers},
		{"one connection", (*sqlSuite).oneConnection},
		{"what is about files", (*sqlSuite).files},
		{"ping", func(s *sqlSuite) { s.ok(s.db("").PingContext(s.ctx)) }},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			test.f(&sqlSuite{T: t, ctx: context.Background(), db: func(settings string) *sql.DB { return open(t, settings) }})
		})
	}
}

// sqlSuite is one test of the driver on a store.
type sqlSuite struct {
	*testing.T
	ctx context.Context
	db  func(settings string) *sql.DB
}

func (s *sqlSuite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *sqlSuite) is(err, want error, what string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%s: error %v, should be %v", what, err, want)
	}
}

// memory returns a pool on a database in memory.
func (s *sqlSuite) memory(settings string) *sql.DB {
	s.Helper()
	db, err := sql.Open("lsmlite", ":memory:?"+settings)
	s.ok(err)
	s.Cleanup(func() { s.ok(db.Close()) })
	return db
}

// conn returns a connection of its own.
func (s *sqlSuite) conn(db *sql.DB) *sql.Conn {
	s.Helper()
	c, err := db.Conn(s.ctx)
	s.ok(err)
	s.Cleanup(func() { _ = c.Close() })
	return c
}

// runner is what runs statements: a pool, a connection or a transaction.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// ask runs a query and shows its columns and rows, or its error's kind.
func (s *sqlSuite) ask(r runner, query string, args ...any) string {
	s.Helper()
	text, err := rowsOf(s.ctx, r, query, args...)
	if err != nil {
		return "error: " + kindOf(err)
	}
	return text
}

// want compares the answer to a query.
func (s *sqlSuite) want(r runner, want, query string, args ...any) {
	s.Helper()
	if got := s.ask(r, query, args...); got != want {
		s.Fatalf("%s\nis %s\nnot %s", query, got, want)
	}
}

func (s *sqlSuite) exec(r runner, query string, args ...any) {
	s.Helper()
	_, err := r.ExecContext(s.ctx, query, args...)
	if err != nil {
		s.Fatalf("%s: %v", query, err)
	}
}

// rowsOf returns the rows of a query as text, of values in quotes.
func rowsOf(ctx context.Context, r runner, query string, args ...any) (_ string, err error) {
	rows, err := r.QueryContext(ctx, query, args...)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var all []string
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		row := make([]string, len(values))
		for i, v := range values {
			if row[i] = fmt.Sprint(v); v == nil {
				row[i] = "NULL"
			}
			if b, ok := v.([]byte); ok {
				row[i] = fmt.Sprintf("%q", b)
			}
		}
		all = append(all, strings.Join(row, " "))
	}
	return strings.Join(all, ", "), rows.Err()
}

// kindOf returns the code of an error, without what refines it.
func kindOf(err error) string {
	var e *engine.Error
	switch {
	case errors.Is(err, engine.ErrSyntax):
		return "syntax"
	case errors.As(err, &e):
		return (e.Code & 0xff).String()
	}
	return err.Error()
}
