// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql"
	"database/sql/driver"
	"math"
	"reflect"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// CheckArgument converts an argument to one of the types that a statement takes: []byte,
// string, int64, float64, bool and time.Time, and uint64 beyond int64 if keys can be that.
// nil, in whatever it comes, NaN, and years that are not 0 to 9999 are refused.
func CheckArgument(nv *driver.NamedValue, keys Type) error {
	switch v := nv.Value.(type) {
	case []byte:
		return checkBytes(v)
	case string, int64, bool:
		return nil
	case int:
		nv.Value = int64(v)
		return nil
	case float64:
		if math.IsNaN(v) {
			return misusef("bind", "NaN is not a value: SQL takes it for NULL, and there is no NULL here")
		}
		return nil
	case time.Time:
		if y := v.UTC().Year(); y < 0 || y > 9999 {
			return misusef("bind", "the time's year is %d, and must be 0 to 9999", y)
		}
		return nil
	case nil:
		return nilError("nil")
	case sql.Out:
		return misusef("bind", "there are no output parameters")
	}
	if keys.unsigned() && isBigUint(nv) {
		return nil
	}
	converted, err := driver.DefaultParameterConverter.ConvertValue(nv.Value)
	if err != nil {
		return &errs.Error{Code: errs.CodeMisuse, Op: "bind", Detail: "cannot use an argument", Err: err}
	}
	if !driver.IsValue(converted) {
		return misusef("bind", "an argument of type %T cannot be used", nv.Value)
	}
	nv.Value = converted
	switch v := converted.(type) {
	case []byte:
		return checkBytes(v)
	case string, int64, bool:
		return nil
	}
	return CheckArgument(nv, keys) // nil, float64 or time.Time
}

// checkBytes refuses nil, which would mean no bound to one reader and the empty key to
// another.
func checkBytes(b []byte) error {
	if b == nil {
		return nilError("a nil []byte")
	}
	return nil
}

func nilError(what string) error {
	return misusef("bind", "%s is not a value: there is no NULL here; the empty value is []byte{} or \"\"", what)
}

// isBigUint reports whether the argument is an unsigned integer beyond int64, and makes
// it a uint64.
func isBigUint(nv *driver.NamedValue) bool {
	v := nv.Value
	if null, ok := v.(sql.Null[uint64]); ok && null.Valid {
		v = null.V // its Value refuses what is beyond int64
	} else if _, ok := v.(driver.Valuer); ok {
		return false
	}
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if !r.CanUint() || r.Uint() <= math.MaxInt64 {
		return false
	}
	nv.Value = r.Uint()
	return true
}
