// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"database/sql/driver"
	"io"

	"github.com/lsmlite/lsmlite-go/internal/pragma"
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

// Rows are the results of the statements of a text, one result set a statement. A result
// set streams: it holds a cursor. Its bytes are valid until the next call of Next.
//
// A session uses its Rows again after Close, so nothing may be called after it.
type Rows struct {
	txn      *txn
	writer   *writer
	settings SettingPragmas
	spare    **Rows // where closed Rows are kept, to be used again
	ctx      context.Context
	// values are the arguments of the whole text, and scratch what they refer to
	// beyond the caller's bytes.
	values  []parser.Value
	scratch []byte
	owned   bool // values refer to scratch only
	// rest are the statements after the current one.
	rest   []*parser.Plan
	failed bool
	plain  bool // they are a lookup by queryKey: see resetPoint

	// The current result set.
	plan   *parser.Plan
	source rowSource
	stored store.Row // what a row of sourceStored shows
	pair   bool      // that is the key, and after it the value
	limit  int64     // rows still to come, or negative
	offset int64     // rows still to skip
	bounds parser.Bounds
	walk   walk

	// What each row is tried against and computed from.
	env      parser.Env
	filter   *parser.Filter // nil if there is nothing to filter
	computes bool           // the env is needed

	totals     totals // of aggregates
	returned   [][]driver.Value
	keyBytes   []byte
	valueBytes []byte
	boxes      boxes
	numbers    numbers
	table      *pragma.Table // of PRAGMA and EXPLAIN, else nil
	row        int           // next one of table or returned

	// names are the column names of namesOf. They are given away, so another plan
	// gets another slice.
	names   []string
	namesOf *parser.Plan
}

// rowSource says where the next row comes from.
type rowSource uint8

const (
	sourceNone      rowSource = iota // there is none
	sourceOperands                   // one row of constants and arguments
	sourcePoint                      // one row, looked up already
	sourceAggregate                  // one row of aggregates
	sourceScan                       // the walk
	sourceStored                     // the walk, keys and values as they are
	sourceTable                      // the table of PRAGMA or EXPLAIN
	sourceReturned                   // what RETURNING collected
)

// totals are the aggregates of a result set.
type totals struct {
	count int64
	any   bool // first and last mean something
	first []byte
	last  []byte
}

// Columns returns the names of the columns; a statement without results has none.
func (r *Rows) Columns() []string {
	switch {
	case r.table != nil:
		return r.table.Columns
	case r.plan == nil || len(r.plan.Columns) == 0:
		return []string{}
	case r.namesOf != r.plan:
		r.names, r.namesOf = make([]string, len(r.plan.Columns)), r.plan
		for i := range r.names {
			r.names[i] = r.plan.Columns[i].Name
		}
	}
	return r.names
}

// Next fills dest with the next row, or returns io.EOF after the last.
func (r *Rows) Next(dest []driver.Value) (err error) {
	switch r.source {
	case sourceNone:
		return io.EOF
	case sourceTable:
		if r.row == len(r.table.Rows) {
			return io.EOF
		}
		copy(dest, r.table.Rows[r.row])
		r.row++
		return nil
	case sourceReturned:
		if r.row == len(r.returned) {
			return io.EOF
		}
		copy(dest, r.returned[r.row])
		r.returned[r.row] = nil
		r.row++
		return nil
	case sourceStored:
		err = r.nextStored(dest)
	case sourceScan:
		err = r.nextScan(dest)
	default:
		err = r.nextSingle(dest)
	}
	if err != nil && err != io.EOF {
		r.failed = true
	}
	return err
}

// nextSingle fills the row of a result set that has one at most.
func (r *Rows) nextSingle(dest []driver.Value) error {
	r.source = sourceNone
	if r.limit == 0 || r.offset > 0 {
		return io.EOF
	}
	return r.fill(dest, r.keyBytes)
}

// HasNextResultSet reports whether the text has another statement that may run: none may
// after a failure, nor after a panic.
func (r *Rows) HasNextResultSet() bool { return len(r.rest) > 0 && !r.failed && !r.txn.broken }

// NextResultSet runs the next statement of the text.
func (r *Rows) NextResultSet() error {
	if !r.HasNextResultSet() {
		return io.EOF
	}
	err := r.runNext()
	if err != nil {
		r.failed = true
	}
	return err
}

func (r *Rows) runNext() error {
	if err := r.walk.close(); err != nil {
		return err
	}
	p := r.rest[0]
	r.rest = r.rest[1:]
	return r.start(p)
}

// Break says that a panic was caught in a call of r: what the session holds is unknown.
func (r *Rows) Break() { r.txn.broken = true }

// Close gives back what the result set holds. Statements that the caller has not come to
// run now, unless one before them failed or the context has ended: a caller who passes a
// text wants all of it done.
func (r *Rows) Close() (err error) {
	if r.plain {
		r.resetPoint()
		r.giveBack()
		return nil
	}
	for err == nil && r.HasNextResultSet() && r.ctx.Err() == nil {
		err = r.runNext()
	}
	err = joinErrors(err, r.walk.close())
	r.reset()
	r.giveBack()
	return err
}

// giveBack lets the session use r again.
func (r *Rows) giveBack() {
	if *r.spare == nil {
		*r.spare = r
	}
}

// reset forgets everything but the buffers.
func (r *Rows) reset() {
	clear(r.values)
	r.values, r.owned, r.rest, r.offset = r.values[:0], false, nil, 0
	if r.filter != nil || r.computes {
		r.filter, r.computes = nil, false
		r.env.Forget(maxKeptBytes)
	}
	r.totals.count, r.totals.any = 0, false
	empty(&r.scratch)
	empty(&r.totals.first)
	empty(&r.totals.last)
	r.returned, r.table, r.row = nil, nil, 0
	r.resetPoint()
}

// resetPoint forgets what a lookup by queryKey has left, and no more.
func (r *Rows) resetPoint() {
	r.ctx, r.plan, r.source, r.limit = nil, nil, sourceNone, 0
	r.failed, r.plain = false, false
	empty(&r.keyBytes)
	empty(&r.valueBytes)
	r.boxes.few = [2][]byte{}
	r.stored = store.Row{}
	clear(r.boxes.many)
}

// own makes the values independent of the caller's bytes.
func (r *Rows) own() {
	if r.owned {
		return
	}
	for i := range r.values {
		if v := &r.values[i]; v.Kind == parser.Bytes {
			start := len(r.scratch)
			r.scratch = append(r.scratch, v.Bytes...)
			v.Bytes = r.scratch[start:len(r.scratch):len(r.scratch)]
		}
	}
	r.owned = true
}
