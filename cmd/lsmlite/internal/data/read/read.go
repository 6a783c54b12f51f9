// SPDX-License-Identifier: Apache-2.0

// Package read has the inputs of an import: each is a Source of rows. It belongs to package data.
package read

import (
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
)

// Source is rows in the order of an input. One goroutine uses it, except that Close may be called
// by another one when that has ended.
type Source interface {
	// Next returns the next row, valid until the next call, or io.EOF at the end of the input. An
	// error in the input says where it is.
	Next() (row.Row, error)
	// Offset returns where the input goes on after the row that Next has returned, for Resume; in
	// bytes where the input is a file.
	Offset() int64
	Close() error
}

// Resumer is a Source that can begin in the middle.
type Resumer interface {
	Source
	// Resume has Next go on at an offset that Offset has returned for the same input.
	Resume(offset int64) error
	// Fingerprint returns a text that is the same for the same input, as far as an offset: that of
	// another input is most probably different.
	Fingerprint(offset int64) (string, error)
}

// Sized is a Source that knows how large the input is, in the unit of Offset.
type Sized interface{ Size() int64 }
