package lsmlite

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"

	"github.com/lsmlite/lsmlite-go/parser"
)

var (
	_ driver.Rows                           = (*rows)(nil)
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
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

	count      int64
	keyBytes   []byte
	valueBytes []byte
	boxes      boxes
	table      *table // of a PRAGMA, else nil
	row        int    // next one of table

	// names are the column names of namesOf. They are given away, so another plan
	// gets another slice.
	names   []string
	namesOf *parser.Plan
}

// rowSource says where the next row comes from.
type rowSource uint8

const (
	sourceNone     rowSource = iota // there is none
	sourceOperands                  // one row of constants and arguments
	sourcePoint                     // one row, looked up already
	sourceCount                     // one row of aggregates
	sourceScan                      // the cursor
	sourceTable                     // a PRAGMA's table
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

// fill writes the columns of the current row.
func (r *rows) fill(dest []driver.Value, key []byte) error {
	columns := r.plan.Columns
	for i := range columns {
		switch columns[i].Kind {
		case parser.ColumnKey:
			dest[i] = r.result(r.conn.cfg.KeyType, key, i)
		case parser.ColumnValue:
			value := r.valueBytes
			if r.cursor != nil {
				var err error
				if value, err = r.cursor.Value(); err != nil {
					return err
				}
			}
			dest[i] = r.result(r.conn.cfg.ValueType, value, i)
		case parser.ColumnCount:
			dest[i] = r.count
		default:
			v := columns[i].Operand.Value(r.values)
			if v.Kind == parser.Bytes {
				dest[i] = r.result(TypeBlob, v.Bytes, i)
			} else {
				dest[i] = numberResult(v)
			}
		}
	}
	return nil
}

// result returns bytes as column i of a row returns them if it is of type t. The bytes
// are shared.
func (r *rows) result(t DataType, b []byte, i int) driver.Value {
	if t == TypeText {
		return string(b)
	}
	if b == nil {
		b = []byte{} // nil would be scanned as NULL
	}
	header := r.boxes.of(i, len(r.plan.Columns))
	*header = b
	return box(header)
}

func numberResult(v parser.Value) driver.Value {
	switch v.Kind {
	case parser.Int:
		return v.Int
	case parser.Real:
		return v.Real
	}
	return nil
}

// HasNextResultSet reports whether the text has another statement.
func (r *rows) HasNextResultSet() bool { return len(r.rest) > 0 && !r.failed }

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
	clear(r.boxes.many)
	*r = rows{
		conn:       r.conn,
		values:     r.values[:0],
		scratch:    keep(r.scratch),
		bounds:     r.bounds,
		keyBytes:   keep(r.keyBytes),
		valueBytes: keep(r.valueBytes),
		boxes:      boxes{many: r.boxes.many},
		names:      r.names,
		namesOf:    r.namesOf,
	}
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

// sample returns a value of the type that column i has.
func (r *rows) sample(i int) driver.Value {
	if r.table != nil {
		return r.table.sample(i)
	}
	switch col := &r.plan.Columns[i]; col.Kind {
	case parser.ColumnKey:
		return r.conn.cfg.KeyType.sample()
	case parser.ColumnValue:
		return r.conn.cfg.ValueType.sample()
	case parser.ColumnCount:
		return int64(0)
	default:
		v := col.Operand.Value(r.values)
		if v.Kind == parser.Bytes {
			return TypeBlob.sample()
		}
		return numberResult(v)
	}
}

// sample returns a result of type t.
func (t DataType) sample() driver.Value {
	if t == TypeText {
		return ""
	}
	return []byte{}
}

// ColumnTypeDatabaseTypeName returns BLOB, TEXT, INTEGER or REAL.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	switch r.sample(i).(type) {
	case string:
		return "TEXT"
	case int64:
		return "INTEGER"
	case float64:
		return "REAL"
	}
	return "BLOB"
}

// ColumnTypeScanType returns the type of the column's values.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	if v := r.sample(i); v != nil {
		return reflect.TypeOf(v)
	}
	return reflect.TypeFor[[]byte]()
}

// ColumnTypeNullable reports whether the column can hold NULL.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if r.table != nil {
		return r.table.nullable(i), true
	}
	return false, true
}
