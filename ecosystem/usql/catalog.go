// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path"

	"github.com/xo/usql/drivers/metadata"
)

// catalog answers \dt, \d and the completion of names. Every database has the same one
// table, so no query is needed.
type catalog struct{}

var (
	_ metadata.TableReader  = catalog{}
	_ metadata.ColumnReader = catalog{}
)

// Tables returns kv, if the filter lets it through.
func (catalog) Tables(f metadata.Filter) (*metadata.TableSet, error) {
	if !matches(f.Name, "kv") {
		return metadata.NewTableSet(nil), nil
	}
	return metadata.NewTableSet([]metadata.Table{{Name: "kv", Type: "TABLE"}}), nil
}

// Columns returns key and value.
func (catalog) Columns(f metadata.Filter) (*metadata.ColumnSet, error) {
	var columns []metadata.Column
	for i, name := range []string{"key", "value"} {
		if matches(f.Parent, "kv") && matches(f.Name, name) {
			columns = append(columns, metadata.Column{
				Table: "kv", Name: name, OrdinalPosition: i + 1, DataType: "BLOB", IsNullable: metadata.NO,
			})
		}
	}
	return metadata.NewColumnSet(columns), nil
}

// matches reports whether a pattern of SQL's LIKE, as usql makes them of * and ?, fits
// name. The empty pattern fits everything.
func matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	glob := make([]rune, 0, len(pattern))
	for _, r := range pattern {
		switch r {
		case '%':
			r = '*'
		case '_':
			r = '?'
		}
		glob = append(glob, r)
	}
	ok, err := path.Match(string(glob), name)
	return ok && err == nil
}
