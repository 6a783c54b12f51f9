// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/parser"
)

// fill writes the columns of the current row.
func (r *Rows) fill(dest []driver.Value, key []byte) error {
	columns := r.plan.Columns
	for i := range columns {
		switch columns[i].Kind {
		case parser.ColumnKey:
			var err error
			if dest[i], err = r.keyResult(key, i); err != nil {
				return err
			}
		case parser.ColumnValue:
			value, err := r.value()
			if err != nil {
				return err
			}
			dest[i] = r.result(r.txn.settings.ValueType, value, i)
		case parser.ColumnCount:
			dest[i] = r.totals.count
		case parser.ColumnMin:
			var err error
			if dest[i], err = r.keyOrNull(r.totals.first, i); err != nil {
				return err
			}
		case parser.ColumnMax:
			var err error
			if dest[i], err = r.keyOrNull(r.totals.last, i); err != nil {
				return err
			}
		case parser.ColumnFormula:
			v, err := columns[i].Formula.Eval(&r.env)
			if err != nil {
				return evalError(err)
			}
			if v.Kind == parser.Bytes {
				dest[i] = r.result(r.txn.settings.ValueType, v.Bytes, i)
			} else {
				dest[i] = numberResult(v)
			}
		default:
			v := columns[i].Operand.Value(r.values)
			if v.Kind == parser.Bytes {
				dest[i] = r.result(r.txn.settings.ValueType, v.Bytes, i)
			} else {
				dest[i] = numberResult(v)
			}
		}
	}
	return nil
}

// value returns the current row's value.
func (r *Rows) value() ([]byte, error) {
	switch {
	case r.computes:
		return r.env.Value()
	case r.walk.cursor != nil:
		return r.walk.Value()
	}
	return r.valueBytes, nil
}

// keyOrNull is min(key) or max(key) as column i.
func (r *Rows) keyOrNull(key []byte, i int) (driver.Value, error) {
	if !r.totals.any {
		return nil, nil
	}
	return r.keyResult(key, i)
}

// keyResult returns a key as column i of a row returns it.
func (r *Rows) keyResult(key []byte, i int) (driver.Value, error) {
	t := r.txn.settings.KeyType
	if !t.numeric() {
		return r.result(t, key, i), nil
	}
	v, err := t.Keys().Decode(key)
	if err != nil {
		return nil, err
	}
	if t.unsigned() {
		return r.numbers.uint64(uint64(v.Int)), nil
	}
	return r.numbers.int64(v.Int), nil
}

// result returns bytes as column i of a row returns them if it is of type t. The bytes
// are shared.
func (r *Rows) result(t Type, b []byte, i int) driver.Value {
	switch t {
	case Text:
		return string(b)
	case Time:
		return timeOrText(b)
	}
	if b == nil {
		b = []byte{} // nil would be scanned as NULL
	}
	header := r.boxes.of(i, len(r.plan.Columns))
	*header = b
	return box(header)
}
