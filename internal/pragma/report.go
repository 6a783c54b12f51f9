// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/lsmlite/lsmlite-go/store"
)

// report shows what the store returns about itself: a struct as a row for each field, a
// slice of structs as a row for each element. The columns are the names of the fields.
func report(read func(store.Maintainer) any) runFunc {
	return show(func(m store.Maintainer) *Table {
		v := reflect.ValueOf(read(m))
		if v.Kind() == reflect.Slice {
			return listTable(v)
		}
		return structTable(v)
	})
}

func structTable(v reflect.Value) *Table {
	t := &Table{Columns: []string{"name", "value"}}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			t.Rows = append(t.Rows, []driver.Value{snakeCase(f.Name), fieldValue(v.Field(i))})
		}
	}
	return t
}

func listTable(v reflect.Value) *Table {
	t := &Table{}
	elem := v.Type().Elem()
	var fields []int
	for i := range elem.NumField() {
		if f := elem.Field(i); f.IsExported() {
			t.Columns = append(t.Columns, snakeCase(f.Name))
			fields = append(fields, i)
		}
	}
	for i := range v.Len() {
		row := make([]driver.Value, len(fields))
		for j, field := range fields {
			row[j] = fieldValue(v.Index(i).Field(field))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// fieldValue turns a field into something database/sql can scan.
func fieldValue(v reflect.Value) driver.Value {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	}
	return fmt.Sprint(v.Interface())
}

// snakeCase turns a Go name into a column's: PagesWritten into pages_written, NumFD into
// num_fd.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) {
			lowerBefore := i > 0 && !unicode.IsUpper(runes[i-1])
			lowerAfter := i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if lowerBefore || lowerAfter {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
