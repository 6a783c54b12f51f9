// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"
	"unsafe"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/parser"
)

// sqlConn is the connection of a handle's statements: one, so that BEGIN in one statement is that of the next.
type sqlConn struct {
	connector *lsmlite.Connector
	conn      driver.Conn
	texts     parser.Cache
}

// statements returns the connection, and makes it if there is none.
func (h *handle) statements() (*sqlConn, error) {
	if err := h.ready(); err != nil {
		return nil, err
	}
	if h.sql != nil {
		return h.sql, nil
	}
	if !h.cfg.readOnly {
		if err := h.core.configure(h.cfg.tunables); err != nil {
			return nil, err
		}
	}
	cfg := lsmlite.Config{BusyTimeout: h.cfg.timeout()}
	if cfg.BusyTimeout == 0 {
		cfg.BusyTimeout = -1
	}
	if h.cfg.readOnly {
		cfg.Mode = lsmlite.ModeReadOnly
	}
	connector, err := lsmlite.NewEngineConnector(h.core.db, cfg)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, errors.Join(err, connector.Close())
	}
	h.sql = &sqlConn{connector: connector, conn: conn}
	return h.sql, nil
}

// writing reports whether statements are in a transaction that may write.
func (s *sqlConn) writing() bool {
	if s == nil {
		return false
	}
	c, ok := s.conn.(lsmlite.Conn)
	return ok && c.Transaction() != nil
}

// lsmliteGoInTransaction asks the connection: what text has begun a transaction, and ended it, is known there only.
//
//export lsmliteGoInTransaction
func lsmliteGoInTransaction(p unsafe.Pointer) (in C.int) {
	h := (*handle)(p)
	var rc C.int
	defer h.ended(&rc)
	if h.sql != nil {
		if c, ok := h.sql.conn.(lsmlite.Conn); ok && c.InTransaction() {
			in = 1
		}
	}
	return in
}

// closeSQL closes the connection, which rolls back its transaction.
func (h *handle) closeSQL() error {
	if h.sql == nil {
		return nil
	}
	s := h.sql
	h.sql = nil
	return errors.Join(s.conn.Close(), s.connector.Close())
}

// stmt is the Go side of a lsmlite_stmt.
type stmt struct {
	h      *handle
	c      *C.lsmlite_stmt
	st     driver.Stmt
	args   []driver.NamedValue
	yields bool // a statement of the text has rows
	writes bool // the only statement of the text writes, and shows rows of what it wrote

	rows    driver.Rows // of the run; nil between runs
	row     []driver.Value
	changes int64
}

// done is handle.done with the whole number, which functions of statements return.
func (s *stmt) done(err error) C.int {
	s.h.done(err)
	return C.int(codeOf(err))
}

//export lsmliteGoPrepare
func lsmliteGoPrepare(p unsafe.Pointer, sql *C.char, n C.int, c *C.lsmlite_stmt) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	s := &stmt{h: h, c: c}
	err := s.prepare(C.GoStringN(sql, n))
	if err != nil {
		return s.done(err)
	}
	c.pGo = keep(s, stmtObject)
	h.stmts++
	return C.LSM_OK
}

func (s *stmt) prepare(text string) error {
	conn, err := s.h.statements()
	if err != nil {
		return err
	}
	if s.st, err = conn.conn.Prepare(text); err != nil {
		return err
	}
	plans, err := conn.texts.Get(text)
	if err != nil {
		return err
	}
	for _, p := range plans {
		if p.Op == parser.OpPragma && p.Pragma.Name == "backup" {
			if err := s.h.mayCopy(); err != nil {
				return errors.Join(err, s.st.Close())
			}
		}
		switch p.Op {
		case parser.OpSelect, parser.OpPragma, parser.OpExplain:
			s.yields = true
		default:
			s.yields = s.yields || len(p.Columns) > 0
		}
		s.args = make([]driver.NamedValue, p.NumInput)
		for i := range s.args {
			s.args[i].Ordinal = i + 1
			if i < len(p.Names) {
				s.args[i].Name = p.Names[i]
			}
		}
	}
	s.writes = len(plans) == 1 && !plans[0].ReadOnly
	return nil
}

//export lsmliteGoFinalize
func lsmliteGoFinalize(p unsafe.Pointer) (rc C.int) {
	s := (*stmt)(p)
	defer drop(p, stmtObject)
	defer s.h.ended(&rc)
	s.h.stmts--
	return s.done(errors.Join(s.end(), s.st.Close()))
}

// end ends a run.
func (s *stmt) end() error {
	s.row = nil
	if s.rows == nil {
		return nil
	}
	rows := s.rows
	s.rows = nil
	return rows.Close()
}

// null is what lsmlite_bind_null binds. A parameter that nothing was bound to is nil.
type null struct{}

// bind sets a parameter.
func (s *stmt) bind(i C.int, v any) C.int {
	switch {
	case s.rows != nil:
		return s.done(misuse("bind", "the statement is running: reset it first"))
	case i < 1 || int(i) > len(s.args):
		return s.done(misuse("bind", "parameter %d; the statement has %d", int(i), len(s.args)))
	}
	s.args[i-1].Value = v
	return C.LSM_OK
}

//export lsmliteGoBind
func lsmliteGoBind(p unsafe.Pointer, i, kind C.int, number C.lsm_i64, real C.double, mem unsafe.Pointer, n C.int) (rc C.int) {
	s := (*stmt)(p)
	defer s.h.ended(&rc)
	switch kind {
	case C.LSMLITE_INTEGER:
		return s.bind(i, int64(number))
	case C.LSMLITE_FLOAT:
		return s.bind(i, float64(real))
	case C.LSMLITE_TEXT:
		return s.bind(i, string(bytes(mem, n)))
	case C.LSMLITE_BLOB:
		return s.bind(i, append([]byte{}, bytes(mem, n)...))
	}
	return s.bind(i, null{})
}

//export lsmliteGoReset
func lsmliteGoReset(p unsafe.Pointer) (rc C.int) {
	s := (*stmt)(p)
	defer s.h.ended(&rc)
	return s.done(s.end())
}

//export lsmliteGoStep
func lsmliteGoStep(p unsafe.Pointer) (rc C.int) {
	s := (*stmt)(p)
	defer s.h.ended(&rc)
	defer s.h.told()
	more, err := s.step()
	switch {
	case err != nil:
		_ = s.end()
		return s.done(err)
	case more:
		return C.LSMLITE_ROW
	}
	return C.LSMLITE_DONE
}

// step moves to the next row, and reports whether there is one.
func (s *stmt) step() (bool, error) {
	if s.rows == nil {
		if err := s.run(); err != nil || s.rows == nil {
			return false, err
		}
	}
	for {
		err := s.rows.Next(s.row)
		if err == nil {
			if s.writes {
				s.changes++
			}
			return true, nil
		}
		if !errors.Is(err, io.EOF) {
			return false, err
		}
		sets, ok := s.rows.(driver.RowsNextResultSet)
		if !ok || !sets.HasNextResultSet() {
			return false, s.end()
		}
		if err := sets.NextResultSet(); err != nil {
			return false, err
		}
		if err := s.columns(); err != nil {
			return false, err
		}
	}
}

// run begins to run the text.
func (s *stmt) run() (err error) {
	s.changes = 0
	args := make([]driver.NamedValue, len(s.args))
	copy(args, s.args)
	for i := range args {
		switch args[i].Value.(type) {
		case nil:
			return misuse("bind", "parameter %d of %d is missing: nothing was bound to it", i+1, len(args))
		case null:
			return misuse("bind", "parameter %d is NULL, and there is no NULL here; the empty value is a blob of no bytes", i+1)
		}
	}
	if checker, ok := s.st.(driver.NamedValueChecker); ok {
		for i := range args {
			if err := checker.CheckNamedValue(&args[i]); err != nil {
				return err
			}
		}
	}
	ctx := context.Background()
	if !s.yields {
		res, err := s.st.(driver.StmtExecContext).ExecContext(ctx, args)
		if err == nil {
			s.changes, _ = res.RowsAffected()
		}
		return err
	}
	if s.rows, err = s.st.(driver.StmtQueryContext).QueryContext(ctx, args); err == nil {
		err = s.columns()
	}
	return err
}

// columns makes room for rows of the current statement, and tells C their names if they are others than before.
func (s *stmt) columns() error {
	names := s.rows.Columns()
	s.row = make([]driver.Value, len(names))
	if len(names) == int(s.c.nCol) {
		same := true
		for i, z := range unsafe.Slice(s.c.azCol, len(names)) {
			same = same && C.GoString(z) == names[i]
		}
		if same {
			return nil
		}
	}
	env := s.h.c.pEnv
	if C.lsmliteColumns(s.c, C.int(len(names))) != C.LSM_OK {
		return ownCode(C.LSM_NOMEM)
	}
	for i, name := range names {
		unsafe.Slice(s.c.azCol, len(names))[i] = text(env, name)
	}
	return nil
}

//export lsmliteGoChanges
func lsmliteGoChanges(p unsafe.Pointer) C.lsm_i64 { return C.lsm_i64((*stmt)(p).changes) }

// timeFormat is how a time is shown as a text.
const timeFormat = "2006-01-02 15:04:05.999999999Z07:00"

// lsmliteGoCell makes a cell of a value of the current row.
//
//export lsmliteGoCell
func lsmliteGoCell(p unsafe.Pointer, i C.int, cell *C.lsmlite_cell) (rc C.int) {
	s := (*stmt)(p)
	defer s.h.ended(&rc)
	cell.eType, cell.nByte, cell.i, cell.r = C.LSMLITE_NULL, 0, 0, 0
	if int(i) >= len(s.row) {
		return C.LSM_OK
	}
	switch v := s.row[i].(type) {
	case int64:
		cell.eType, cell.i = C.LSMLITE_INTEGER, C.lsm_i64(v)
	case uint64:
		cell.eType, cell.i = C.LSMLITE_INTEGER, C.lsm_i64(v)
	case bool:
		cell.eType = C.LSMLITE_INTEGER
		if v {
			cell.i = 1
		}
	case float64:
		cell.eType, cell.r = C.LSMLITE_FLOAT, C.double(v)
	case string:
		return s.cellBytes(cell, C.LSMLITE_TEXT, unsafe.Slice(unsafe.StringData(v), len(v)))
	case time.Time:
		return s.cellBytes(cell, C.LSMLITE_TEXT, []byte(v.Format(timeFormat)))
	case []byte:
		return s.cellBytes(cell, C.LSMLITE_BLOB, v)
	}
	return C.LSM_OK
}

// cellBytes copies bytes into a cell.
func (s *stmt) cellBytes(cell *C.lsmlite_cell, kind C.int, b []byte) C.int {
	if int(cell.nRoom) < len(b)+1 {
		if C.lsmliteCellRoom(s.c, cell, C.size_t(len(b)+1)) != C.LSM_OK {
			return s.done(ownCode(C.LSM_NOMEM))
		}
	}
	to := unsafe.Slice((*byte)(unsafe.Pointer(cell.p)), len(b)+1)
	copy(to, b)
	to[len(b)] = 0
	cell.eType, cell.nByte = kind, C.int(len(b))
	return C.LSM_OK
}

//export lsmliteGoClearBindings
func lsmliteGoClearBindings(p unsafe.Pointer) (rc C.int) {
	s := (*stmt)(p)
	defer s.h.ended(&rc)
	for i := range s.args {
		if rc := s.bind(C.int(i+1), nil); rc != C.LSM_OK {
			return rc
		}
	}
	return C.LSM_OK
}
