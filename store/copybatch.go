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

// apply writes the batch in a transaction, again as often as another one hinders it.
func (b *batch) apply(ctx context.Context, dst Store) error {
	for wait := firstCopyWait; ; wait = min(2*wait, mostCopyWait) {
		err := b.applyOnce(ctx, dst)
		if !errors.Is(err, engine.ErrBusy) || errors.Is(err, engine.ErrUndetermined) {
			return err
		}
		t := time.NewTimer(wait/2 + rand.N(wait/2+1))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return errors.Join(ctx.Err(), err)
		}
	}
}

func (b *batch) applyOnce(ctx context.Context, dst Store) error {
	tx, err := dst.Begin(ctx, nil)
	if err != nil {
		return err
	}
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
