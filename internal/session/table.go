package session

import (
	"database/sql/driver"
	"slices"
)

// Table is a small result, all of it: that of PRAGMA or EXPLAIN.
type Table struct {
	Columns []string
	Rows    [][]driver.Value
}

// sample returns a value of column i, which decides the column's type: the first that is
// not NULL.
func (t *Table) sample(i int) driver.Value {
	for _, row := range t.Rows {
		if row[i] != nil {
			return row[i]
		}
	}
	return ""
}

func (t *Table) nullable(i int) bool {
	return slices.ContainsFunc(t.Rows, func(row []driver.Value) bool { return row[i] == nil })
}
