// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql"
	"database/sql/driver"
	"math"
	"reflect"
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
)

// sample returns a value of the type that column i has, nil for a number that may be an
// integer or a real.
func (r *Rows) sample(i int) driver.Value {
	if r.table != nil {
		return tableSample(r.table, i)
	}
	switch col := &r.plan.Columns[i]; col.Kind {
	case parser.ColumnKey, parser.ColumnMin, parser.ColumnMax:
		return r.txn.settings.KeyType.sample()
	case parser.ColumnValue:
		return r.txn.settings.ValueType.sample()
	case parser.ColumnCount:
		return int64(0)
	case parser.ColumnFormula:
		switch col.Formula.Class(r.values) {
		case parser.ClassBytes:
			return r.txn.settings.ValueType.sample()
		case parser.ClassInteger:
			return int64(0)
		case parser.ClassReal:
			return float64(0)
		}
		return nil
	default:
		v := col.Operand.Value(r.values)
		if v.Kind == parser.Bytes {
			return r.txn.settings.ValueType.sample()
		}
		return numberResult(v)
	}
}

// ColumnTypeDatabaseTypeName returns BLOB, TEXT, INTEGER or REAL, TIMESTAMP for what is a time
// or a text, and NUMERIC for what is an integer in one row and may be a real in the next.
func (r *Rows) ColumnTypeDatabaseTypeName(i int) string {
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
func (r *Rows) ColumnTypeScanType(i int) reflect.Type {
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
func (r *Rows) ColumnTypeLength(i int) (length int64, ok bool) {
	switch r.sample(i).(type) {
	case []byte, string, time.Time: // which may be any text
		return math.MaxInt64, true
	}
	return 0, false
}

// ColumnTypeNullable reports whether the column can hold NULL.
func (r *Rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if r.table != nil {
		return tableNullable(r.table, i), true
	}
	switch col := &r.plan.Columns[i]; col.Kind {
	case parser.ColumnMin, parser.ColumnMax:
		return true, true
	case parser.ColumnFormula:
		return col.Formula.Nullable(r.values), true
	}
	return false, true
}
