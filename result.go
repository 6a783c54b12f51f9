// SPDX-License-Identifier: Apache-2.0

package lsmlite

import "github.com/lsmlite/lsmlite-go/internal/session"

// result is the number of rows that a statement wrote.
type result int64

// LastInsertId always fails: rows have no number, they have a key.
func (r result) LastInsertId() (int64, error) {
	return 0, misusef("LastInsertId", "there is none: a row is named by its key")
}

// RowsAffected returns the number of rows written.
func (r result) RowsAffected() (int64, error) {
	if r == session.Uncounted {
		return 0, misusef("RowsAffected", "the rows were not counted, because count_deletes is off")
	}
	return int64(r), nil
}
