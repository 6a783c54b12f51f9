// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"iter"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// source is what replication needs of a database. All may be called by any number of goroutines.
type source interface {
	// snapshot pins the newest committed state.
	snapshot(ctx context.Context) (sourceSnapshot, error)
	// changes yields each transaction after a position, in order, once, and waits for the next one until ctx ends. The
	// error of a position that is not found, also later, is errGap. When the database was closed, it ends.
	changes(ctx context.Context, from object.Position) iter.Seq2[sourceChange, error]
	// encrypted reports whether the file is.
	encrypted() bool
}

// sourceSnapshot is a state.
type sourceSnapshot interface {
	position() object.Position
	rows(ctx context.Context) iter.Seq2[row, error]
	close()
}

// row is valid until the next one.
type row struct{ key, value []byte }

// sourceChange is a transaction.
type sourceChange struct {
	pos object.Position
	ops iter.Seq2[object.Op, error]
}
