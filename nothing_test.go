// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
)

// nothing is a driver with the interfaces of ours and no work behind them: every query
// yields the same row, as many times as it is told, and every write is done. What a call
// to it takes is what database/sql takes.
type nothing struct {
	columns []string
	row     []driver.Value
	numRows int
}

// openNothing returns a database whose queries yield numRows rows of the given values.
func openNothing(numRows int, values ...[]byte) *sql.DB {
	n := nothing{columns: []string{"key", "value"}[2-len(values):], numRows: numRows}
	for _, v := range values {
		n.row = append(n.row, v)
	}
	return sql.OpenDB(n)
}

var (
	_ driver.ConnPrepareContext = nothingConn{}
	_ driver.ConnBeginTx        = nothingConn{}
	_ driver.ExecerContext      = nothingConn{}
	_ driver.QueryerContext     = nothingConn{}
	_ driver.Pinger             = nothingConn{}
	_ driver.SessionResetter    = nothingConn{}
	_ driver.Validator          = nothingConn{}
	_ driver.NamedValueChecker  = nothingConn{}
	_ driver.StmtExecContext    = (*nothingStmt)(nil)
	_ driver.StmtQueryContext   = (*nothingStmt)(nil)
	_ driver.RowsNextResultSet  = (*nothingRows)(nil)
)

func (n nothing) Connect(context.Context) (driver.Conn, error) {
	return nothingConn{&nothingRows{nothing: n}}, nil
}
func (n nothing) Driver() driver.Driver { return nothingDriver{} }

type nothingDriver struct{}

func (nothingDriver) Open(string) (driver.Conn, error) { return nil, driver.ErrBadConn }

// nothingConn uses its rows again and again, as ours does.
type nothingConn struct{ rows *nothingRows }

func (c nothingConn) Prepare(string) (driver.Stmt, error) { return &nothingStmt{c}, nil }
func (c nothingConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	return &nothingStmt{c}, nil
}
func (c nothingConn) Begin() (driver.Tx, error)                                    { return c, nil }
func (c nothingConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return c, nil }
func (c nothingConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}
func (c nothingConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return c.query()
}
func (c nothingConn) query() (driver.Rows, error) {
	c.rows.read = 0
	return c.rows, nil
}
func (c nothingConn) Commit() error                            { return nil }
func (c nothingConn) Rollback() error                          { return nil }
func (c nothingConn) Close() error                             { return nil }
func (c nothingConn) Ping(context.Context) error               { return nil }
func (c nothingConn) ResetSession(context.Context) error       { return nil }
func (c nothingConn) IsValid() bool                            { return true }
func (c nothingConn) CheckNamedValue(*driver.NamedValue) error { return nil }

type nothingStmt struct{ conn nothingConn }

func (s *nothingStmt) Close() error                               { return nil }
func (s *nothingStmt) NumInput() int                              { return -1 }
func (s *nothingStmt) Exec([]driver.Value) (driver.Result, error) { return driver.RowsAffected(1), nil }
func (s *nothingStmt) Query([]driver.Value) (driver.Rows, error)  { return s.conn.query() }
func (s *nothingStmt) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), nil
}
func (s *nothingStmt) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return s.conn.query()
}

type nothingRows struct {
	nothing
	read int
}

func (r *nothingRows) Columns() []string      { return r.columns }
func (r *nothingRows) Close() error           { return nil }
func (r *nothingRows) HasNextResultSet() bool { return false }
func (r *nothingRows) NextResultSet() error   { return io.EOF }
func (r *nothingRows) Next(dest []driver.Value) error {
	if r.read == r.numRows {
		return io.EOF
	}
	copy(dest, r.row)
	r.read++
	return nil
}
