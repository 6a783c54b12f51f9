// SPDX-License-Identifier: Apache-2.0

package session

import (
	"database/sql/driver"
	"slices"

	"github.com/lsmlite/lsmlite-go/internal/pragma"
)

// tableSample returns a value of column i of t, which decides the column's type: the first
// that is not NULL.
func tableSample(t *pragma.Table, i int) driver.Value {
	for _, row := range t.Rows {
		if row[i] != nil {
			return row[i]
		}
	}
	return ""
}

// tableNullable reports whether NULL is in column i of t.
func tableNullable(t *pragma.Table, i int) bool {
	return slices.ContainsFunc(t.Rows, func(row []driver.Value) bool { return row[i] == nil })
}
