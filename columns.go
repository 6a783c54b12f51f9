package lsmlite

import (
	"database/sql"
	"database/sql/driver"
	"math"
	"reflect"
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
)

// fill writes the columns of the current row.
func (r *rows) fill(dest []driver.Value, key []byte) error {
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
			dest[i] = r.result(r.conn.cfg.ValueType, value, i)
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
				dest[i] = r.result(r.conn.cfg.ValueType, v.Bytes, i)
			} else {
				dest[i] = numberResult(v)
			}
		default:
			v := columns[i].Operand.Value(r.values)
			if v.Kind == parser.Bytes {
				dest[i] = r.result(r.conn.cfg.ValueType, v.Bytes, i)
			} else {
				dest[i] = numberResult(v)
			}
		}
	}
	return nil
}

// value returns the current row's value.
func (r *rows) value() ([]byte, error) {
	switch {
	case r.computes:
		return r.env.Value()
	case r.cursor != nil:
		return r.cursor.Value()
	}
	return r.valueBytes, nil
}

// keyOrNull is min(key) or max(key) as column i.
func (r *rows) keyOrNull(key []byte, i int) (driver.Value, error) {
	if !r.totals.any {
		return nil, nil
	}
	return r.keyResult(key, i)
}

// keyResult returns a key as column i of a row returns it.
func (r *rows) keyResult(key []byte, i int) (driver.Value, error) {
	t := r.conn.cfg.KeyType
	if !t.numeric() {
		return r.result(t, key, i), nil
	}
	v, err := keyTypes[t].Decode(key)
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
func (r *rows) result(t DataType, b []byte, i int) driver.Value {
	switch t {
	case TypeText:
		return string(b)
	case TypeTime:
		return timeOrText(b)
	}
	if b == nil {
		b = []byte{} // nil would be scanned as NULL
	}
	header := r.boxes.of(i, len(r.plan.Columns))
	*header = b
	return box(header)
}

// numberResult returns a value that is not bytes.
func numberResult(v parser.Value) driver.Value {
	switch v.Kind {
	case parser.Int:
		return v.Int
	case parser.Uint:
		return uint64(v.Int)
	case parser.Real:
		return v.Real
	}
	return nil
}

// sample returns a value of the type that column i has, nil for a number that may be an
// integer or a real.
func (r *rows) sample(i int) driver.Value {
	if r.table != nil {
		return r.table.sample(i)
	}
	switch col := &r.plan.Columns[i]; col.Kind {
	case parser.ColumnKey, parser.ColumnMin, parser.ColumnMax:
		return r.conn.cfg.KeyType.sample()
	case parser.ColumnValue:
		return r.conn.cfg.ValueType.sample()
	case parser.ColumnCount:
		return int64(0)
	case parser.ColumnFormula:
		switch col.Formula.Class(r.values) {
		case parser.ClassBytes:
			return r.conn.cfg.ValueType.sample()
		case parser.ClassInteger:
			return int64(0)
		case parser.ClassReal:
			return float64(0)
		}
		return nil
	default:
		v := col.Operand.Value(r.values)
		if v.Kind == parser.Bytes {
			return r.conn.cfg.ValueType.sample()
		}
		return numberResult(v)
	}
}

// sample returns a result of type t.
func (t DataType) sample() driver.Value {
	switch {
	case t == TypeText:
		return ""
	case t == TypeTime:
		return time.Time{}
	case t.unsigned():
		return uint64(0)
	case t.numeric():
		return int64(0)
	}
	return []byte{}
}

// ColumnTypeDatabaseTypeName returns BLOB, TEXT, INTEGER or REAL, TIMESTAMP for what is a time
// or a text, and NUMERIC for what is an integer in one row and may be a real in the next.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	switch r.sample(i).(type) {
	case string:
		return "TEXT"
	case int64, uint64:
		return "INTEGER"
	case float64:
		return "REAL"
	case time.Time:
		return "TIMESTAMP"
	case nil:
		return "NUMERIC"
	}
	return "BLOB"
}

// ColumnTypeScanType returns the type of the column's values, or one that holds NULL too
// if there can be any.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	nullable, _ := r.ColumnTypeNullable(i)
	switch v := r.sample(i).(type) {
	case nil, time.Time:
		return reflect.TypeFor[any]() // more than one is possible
	case string:
		if nullable {
			return reflect.TypeFor[sql.NullString]()
		}
		return reflect.TypeOf(v)
	case int64:
		if nullable {
			return reflect.TypeFor[sql.NullInt64]()
		}
		return reflect.TypeOf(v)
	case uint64:
		if nullable {
			return reflect.TypeFor[sql.Null[uint64]]()
		}
		return reflect.TypeOf(v)
	case float64:
		if nullable {
			return reflect.TypeFor[sql.NullFloat64]()
		}
		return reflect.TypeOf(v)
	default:
		return reflect.TypeOf(v)
	}
}

// ColumnTypeLength returns math.MaxInt64 for bytes and texts, whose length only the
// store limits, and false for the rest.
func (r *rows) ColumnTypeLength(i int) (length int64, ok bool) {
	switch r.sample(i).(type) {
	case []byte, string, time.Time: // which may be any text
		return math.MaxInt64, true
	}
	return 0, false
}

// ColumnTypeNullable reports whether the column can hold NULL.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if r.table != nil {
		return r.table.nullable(i), true
	}
	switch col := &r.plan.Columns[i]; col.Kind {
	case parser.ColumnMin, parser.ColumnMax:
		return true, true
	case parser.ColumnFormula:
		return col.Formula.Nullable(r.values), true
	}
	return false, true
}
