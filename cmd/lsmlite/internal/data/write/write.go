// SPDX-License-Identifier: Apache-2.0

// Package write has the outputs of an export: each is a Sink of rows. It belongs to package data.
package write

// Sink takes rows in the order of their keys. One goroutine uses it. Rows are valid only during the call.
type Sink interface {
	Row(key, value []byte) error
	// Close ends the output after the last row; only then it is whole. Abort gives it up, and leaves
	// nothing that looks whole.
	Close() error
	Abort()
}

// Limited is a Sink that does not take all rows.
type Limited interface {
	Sink
	// Takes returns an error if no row of the key whose value is so long can be written, before that is read.
	Takes(key []byte, valueLen int) error
}
