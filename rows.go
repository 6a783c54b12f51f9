package lsmlite

import (
	"context"
	"database/sql/driver"
	"io"

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

// rows are the results of the statements of a text, one result set a statement. A result
// set streams: it holds a cursor, and for a query outside a transaction the snapshot
// that the cursor reads. Its bytes are valid until the next call of Next.
//
// A connection uses its rows again after Close, so nothing may be called after it.
type rows struct {
	conn *conn
	ctx  context.Context
	// values are the arguments of the whole text, and scratch what they refer to
	// beyond the caller's bytes.
	values  []parser.Value
	scratch []byte
	owned   bool // values refer to scratch only
	// rest are the statements after the current one.
	rest   []*parser.Plan
	failed bool

	// The current result set.
	plan   *parser.Plan
	source rowSource
	limit  int64 // rows still to come, or negative
	offset int64 // rows still to skip
	steps  uint

	snap     storeSnapshot // nil unless it belongs to the result set
	cursor   storeCursor
	bounds   parser.Bounds
	interval int  // index in bounds
	inside   bool // the cursor stands in that interval
	desc     bool // the scan's direction

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
	table      *table // of PRAGMA and EXPLAIN, else nil
	row        int    // next one of table or returned

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
	sourceScan                       // the cursor
	sourceTable                      // the table of PRAGMA or EXPLAIN
	sourceReturned                   // what RETURNING collected
)

// Columns returns the names of the columns; a statement without results has none.
func (r *rows) Columns() []string {
	switch {
	case r.table != nil:
		return r.table.columns
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
func (r *rows) Next(dest []driver.Value) (err error) {
	defer r.conn.guard(&err, "next")
	switch r.source {
	case sourceNone:
		return io.EOF
	case sourceTable:
		if r.row == len(r.table.rows) {
			return io.EOF
		}
		copy(dest, r.table.rows[r.row])
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
func (r *rows) nextSingle(dest []driver.Value) error {
	r.source = sourceNone
	if r.limit == 0 || r.offset > 0 {
		return io.EOF
	}
	return r.fill(dest, r.keyBytes)
}

func (r *rows) nextScan(dest []driver.Value) error {
	if r.limit == 0 {
		return r.endScan()
	}
	ok, err := r.advance()
	switch {
	case err != nil:
		return err
	case !ok:
		return r.endScan()
	}
	if r.limit > 0 {
		r.limit--
	}
	return r.fill(dest, r.cursor.Key())
}

// endScan gives the cursor and the snapshot back as soon as the last row was read, not
// only when the caller closes.
func (r *rows) endScan() error {
	r.source = sourceNone
	if err := r.closeState(); err != nil {
		return err
	}
	return io.EOF
}

// HasNextResultSet reports whether the text has another statement that may run: none may
// after a failure, nor on a connection that is broken.
func (r *rows) HasNextResultSet() bool { return len(r.rest) > 0 && !r.failed && !r.conn.broken }

// NextResultSet runs the next statement of the text.
func (r *rows) NextResultSet() (err error) {
	defer r.conn.guard(&err, "query")
	if !r.HasNextResultSet() {
		return io.EOF
	}
	err = r.runNext()
	if err != nil {
		r.failed = true
	}
	return err
}

func (r *rows) runNext() error {
	if err := r.closeState(); err != nil {
		return err
	}
	p := r.rest[0]
	r.rest = r.rest[1:]
	return r.start(p)
}

// Close gives back what the result set holds. Statements that the caller has not come to
// run now, unless one before them failed or the context has ended: whoever passes a text
// wants all of it done.
func (r *rows) Close() (err error) {
	c := r.conn
	defer c.guard(&err, "close")
	for err == nil && r.HasNextResultSet() && r.ctx.Err() == nil {
		err = r.runNext()
	}
	err = joinErrors(err, r.closeState())
	r.reset()
	if c.spare == nil {
		c.spare = r
	}
	return err
}

// closeState closes the cursor and the snapshot of the result set.
func (r *rows) closeState() (err error) {
	if r.cursor != nil {
		err = r.cursor.Close()
		r.cursor = nil
	}
	if r.snap != nil {
		err = joinErrors(err, r.snap.Close())
		r.snap = nil
	}
	return err
}

// reset forgets everything but the buffers.
func (r *rows) reset() {
	clear(r.values)
	r.values, r.scratch, r.owned = r.values[:0], keep(r.scratch), false
	r.ctx, r.rest, r.failed = nil, nil, false
	r.plan, r.source, r.limit, r.offset, r.steps = nil, sourceNone, 0, 0, 0
	r.interval, r.inside, r.desc = 0, false, false
	if r.filter != nil || r.computes {
		r.filter, r.computes = nil, false
		r.env.Forget(maxKeptBytes)
	}
	r.totals = totals{first: keep(r.totals.first), last: keep(r.totals.last)}
	r.returned, r.table, r.row = nil, nil, 0
	r.keyBytes, r.valueBytes = keep(r.keyBytes), keep(r.valueBytes)
	r.boxes.few = [2][]byte{}
	clear(r.boxes.many)
}

// own makes the values independent of the caller's bytes.
func (r *rows) own() {
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
