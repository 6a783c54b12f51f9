// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// batch is rows that one transaction of the destination will write.
type batch struct {
	rows  []change
	bytes int
}

// change is a row to be put or, if value is nil, a key to be deleted.
type change struct{ key, value []byte }

// rowOverhead is what a row counts for in a batch besides its bytes, so that there are not too many small ones.
const rowOverhead = 32

// full reports whether a row with so many bytes belongs into the next batch. A row that is too long for any batch
// has one of its own.
func (b *batch) full(row, most int) bool {
	return len(b.rows) > 0 && b.bytes+row+rowOverhead > most
}

func (b *batch) put(key, value []byte) {
	row := make([]byte, 0, len(key)+len(value))
	row = append(append(row, key...), value...)
	b.rows = append(b.rows, change{row[:len(key):len(key)], row[len(key):]})
	b.bytes += len(row) + rowOverhead
}

func (b *batch) delete(key []byte) {
	b.rows = append(b.rows, change{key: append([]byte{}, key...)})
	b.bytes += len(key) + rowOverhead
}

const (
	firstCopyWait = 5 * time.Millisecond
	mostCopyWait  = time.Second
)

// errPatience ends a Begin that waits for longer than the copy has patience.
var errPatience = errors.New("the destination is busy")

// apply writes the batch in a transaction, again if another one hinders it, until that has gone on for as long as
// patience.
func (b *batch) apply(ctx context.Context, dst Store, patience time.Duration) error {
	begun := time.Now()
	for wait := firstCopyWait; ; wait = min(2*wait, mostCopyWait) {
		err := b.applyOnce(ctx, dst, patience-time.Since(begun))
		if !errors.Is(err, engine.ErrBusy) || errors.Is(err, engine.ErrUndetermined) {
			return err
		}
		// Others have gone on where they were first: no reason to wait for long.
		if errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrBusySnapshot) || errors.Is(err, engine.ErrSnapshotGone) {
			wait = firstCopyWait
		}
		pause := wait/2 + rand.N(wait/2+1)
		if time.Since(begun)+pause >= patience {
			return &engine.Error{Code: engine.CodeBusy, Op: "copy", Err: err, Detail: fmt.Sprintf(
				"for %v no transaction could be written because of others (CopyOptions.Patience): "+
					"stop what writes to the destination, and copy again with Resume", patience)}
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errors.Join(ctx.Err(), err)
		}
	}
}

// begin begins a transaction, and waits for its turn for as long as patience.
func begin(ctx context.Context, dst Store, patience time.Duration) (tx Tx, end func(), err error) {
	within, cancel := context.WithCancelCause(ctx)
	t := time.AfterFunc(patience, func() { cancel(errPatience) })
	tx, err = dst.Begin(within, nil)
	t.Stop()
	if err != nil {
		if ctx.Err() == nil && errors.Is(context.Cause(within), errPatience) {
			err = &engine.Error{Code: engine.CodeBusy, Op: "begin", Err: err}
		}
		cancel(nil)
		return nil, nil, err
	}
	return tx, func() { cancel(nil) }, nil
}

func (b *batch) applyOnce(ctx context.Context, dst Store, patience time.Duration) error {
	tx, end, err := begin(ctx, dst, patience)
	if err != nil {
		return err
	}
	defer end() // not before: a store may think that its transaction ends with the context of Begin
	for _, row := range b.rows {
		if row.value == nil {
			err = tx.Delete(ctx, row.key)
		} else {
			err = tx.Put(ctx, row.key, row.value)
		}
		if err != nil {
			if errors.Is(err, engine.ErrTooBig) {
				err = fmt.Errorf("the row with the key %.64q: %w", row.key, err)
			}
			return errors.Join(err, tx.Rollback(ctx))
		}
	}
	return tx.Commit(ctx)
}
