// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// WriterInfo is a Store that knows who writes.
type WriterInfo interface {
	// Writer reports whether a write transaction is open and since when.
	Writer() (since time.Time, busy bool)
}

// TryBeginner is a Store that finds out without waiting whether it is a transaction's turn. A store
// with a single writer that is neither a TryBeginner nor a WriterInfo cannot honour a busy_timeout
// that allows no wait: it is given a few milliseconds.
type TryBeginner interface {
	// TryBegin is Begin that fails with ErrBusy where Begin would wait for its turn.
	TryBegin(ctx context.Context, from Snapshot) (Tx, error)
}

// Pinger is a Store that may be out of reach.
type Pinger interface {
	// Ping fails if the store cannot be used at present.
	Ping(ctx context.Context) error
}

// Counter is a Cursor that counts keys without a visit to each.
type Counter interface {
	Cursor
	// Count returns how many keys Seek and Next would visit in r, whose direction does not matter.
	// Afterwards the cursor stands on no key.
	Count(ctx context.Context, r *Range) (int64, error)
}

// RangeCounter is a Reader that counts without a cursor.
type RangeCounter interface {
	// CountRange is Counter.Count for the state of this moment.
	CountRange(ctx context.Context, r *Range) (int64, error)
}

// CursorOpener is a Store that saves messages if it knows what a cursor is for.
type CursorOpener interface {
	// CursorOver is Cursor for a caller whose first call will be Seek with a range like r. With only that will be
	// the only Seek, and the caller will not count.
	CursorOver(ctx context.Context, r *Range, only bool) (Cursor, error)
}
