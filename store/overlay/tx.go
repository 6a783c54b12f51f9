// SPDX-License-Identifier: Apache-2.0

package overlay

import (
	"context"

	"github.com/lsmlite/lsmlite-go/engine/writeset"
	"github.com/lsmlite/lsmlite-go/store"
)

// MaxBytes is how many bytes a transaction may write, whatever Caps.MaxTx allows.
const MaxBytes int64 = 1 << 30

var (
	_ store.Tx          = (*Tx)(nil)
	_ store.ShortReader = (*Tx)(nil)
)

// Options say what a transaction is over, and how it ends.
type Options struct {
	// Snapshot is the state that the transaction has begun from. It has to stay as it is until Apply or
	// Rollback is called; cursors that are open then may still need it.
	Snapshot store.Reader
	// Caps has the limits: MaxKey, MaxValue and MaxTx. A limit of 0 is none.
	Caps store.Caps
	// Apply makes the net result permanent, all of it or nothing, and ends the transaction in the store,
	// also when it fails. If nothing was written it just ends it. Its error is that of Commit.
	Apply func(ctx context.Context, w *Writes) error
	// Rollback ends the transaction in the store. Nothing was sent there. ctx may have ended.
	Rollback func(ctx context.Context) error
}

// Tx is a write transaction over a snapshot.
type Tx struct {
	o     Options
	set   *writeset.Set
	marks []writeset.Mark // marks[i] is the state when level i+2 was opened
	limit int64           // how many bytes may be written
	done  bool
}

// New begins a transaction.
func New(o Options) *Tx {
	limit := MaxBytes
	if o.Caps.MaxTx > 0 {
		limit = min(limit, o.Caps.MaxTx)
	}
	return &Tx{o: o, set: writeset.New(), limit: limit}
}

// usable is how each call with a context begins.
func (t *Tx) usable(ctx context.Context, op string) error {
	if t.done {
		return misuse(op, "the transaction has ended")
	}
	return ctx.Err()
}

// fits reports why a key and a value cannot be written.
func (t *Tx) fits(op string, key, value int) error {
	caps := &t.o.Caps
	switch {
	case caps.MaxKey > 0 && key > caps.MaxKey:
		return tooBig(op, "a key of %d bytes; the longest that this store takes has %d", int64(key), int64(caps.MaxKey))
	case caps.MaxValue > 0 && value > caps.MaxValue:
		return tooBig(op, "a value of %d bytes; the longest that this store takes has %d", int64(value), int64(caps.MaxValue))
	case int64(key)+int64(value) >= t.limit-t.set.Size():
		return tooBig(op, "the transaction would write %d bytes; the most is %d", t.set.Size()+int64(key)+int64(value), t.limit)
	case t.set.Footprint() > 2*t.limit+minFootprint:
		return tooBig(op, "the transaction and the cursors on its earlier states take %d bytes of memory; the most is %d",
			t.set.Footprint(), 2*t.limit+minFootprint)
	}
	return nil
}

// minFootprint is the memory that a transaction may take in any case, whatever its limit is.
const minFootprint = 64 << 20

// Put implements store.Tx.
func (t *Tx) Put(ctx context.Context, key, value []byte) error {
	if err := t.usable(ctx, "put"); err != nil {
		return err
	}
	if err := t.fits("put", len(key), len(value)); err != nil {
		return err
	}
	t.set.Put(key, value)
	return nil
}

// Delete implements store.Tx.
func (t *Tx) Delete(ctx context.Context, key []byte) error {
	if err := t.usable(ctx, "delete"); err != nil {
		return err
	}
	if err := t.fits("delete", len(key), 0); err != nil {
		return err
	}
	t.set.Delete(key)
	return nil
}

// DeleteRange implements store.Tx.
func (t *Tx) DeleteRange(ctx context.Context, after, before []byte) error {
	if err := t.usable(ctx, "delete range"); err != nil {
		return err
	}
	for _, end := range [][]byte{after, before} {
		if err := t.fits("delete range", len(end), 0); err != nil {
			return err
		}
	}
	t.set.DeleteRange(after, before)
	return nil
}

// Get implements store.Reader.
func (t *Tx) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	if err := t.usable(ctx, "get"); err != nil {
		return dst, false, err
	}
	switch value, fate := t.set.Get(key); fate {
	case writeset.Present:
		return append(dst, value...), true, nil
	case writeset.Deleted:
		return dst, false, nil
	}
	return t.o.Snapshot.Get(ctx, dst, key)
}

// ValueLen implements store.Reader.
func (t *Tx) ValueLen(ctx context.Context, key []byte) (int, bool, error) {
	if err := t.usable(ctx, "length"); err != nil {
		return 0, false, err
	}
	switch value, fate := t.set.Get(key); fate {
	case writeset.Present:
		return len(value), true, nil
	case writeset.Deleted:
		return 0, false, nil
	}
	return t.o.Snapshot.ValueLen(ctx, key)
}

// GetShort implements store.ShortReader.
func (t *Tx) GetShort(ctx context.Context, dst, key []byte, most int) (value []byte, n int, found bool, err error) {
	if err := t.usable(ctx, "get"); err != nil {
		return dst, 0, false, err
	}
	switch value, fate := t.set.Get(key); {
	case fate == writeset.Present && len(value) <= most:
		return append(dst, value...), len(value), true, nil
	case fate == writeset.Present:
		return dst, len(value), true, nil
	case fate == writeset.Deleted:
		return dst, 0, false, nil
	}
	return store.GetShort(ctx, t.o.Snapshot, dst, key, most)
}

// Cursor implements store.Reader.
func (t *Tx) Cursor(ctx context.Context) (store.Cursor, error) {
	if err := t.usable(ctx, "cursor"); err != nil {
		return nil, err
	}
	base, err := t.o.Snapshot.Cursor(ctx)
	if err != nil {
		return nil, err
	}
	return newCursor(t.set.Freeze(), base), nil
}

// Commit implements store.Tx.
func (t *Tx) Commit(ctx context.Context) error {
	if t.done {
		return misuse("commit", "the transaction has ended")
	}
	if err := ctx.Err(); err != nil {
		return joinErrors(err, t.Rollback(ctx))
	}
	t.done = true
	view := t.set.Freeze()
	defer view.Release()
	return t.o.Apply(ctx, &Writes{view: view, size: t.set.Size()})
}

// Rollback implements store.Tx.
func (t *Tx) Rollback(ctx context.Context) error {
	if t.done {
		return misuse("rollback", "the transaction has ended")
	}
	t.done = true
	return t.o.Rollback(ctx)
}
