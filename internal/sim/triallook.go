// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Look opens a database of the trial, and wants it to be sound and to be what transactions 1 to n lead to, where n is
// from low to high. It returns n. A database that does not exist holds nothing.
func (t *Trial) Look(ctx context.Context, fsys vfs.FS, path string, readOnly bool, low, high uint64) (n uint64, err error) {
	o := t.Options(fsys)
	if readOnly {
		if _, err := fsys.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if low > 0 {
				return 0, fmt.Errorf("the file is gone, with %d transactions", low)
			}
			return 0, nil
		}
		o.ReadOnly, o.Readers = true, false
	}
	db, err := engine.Open(ctx, path, o)
	if err != nil {
		return 0, fmt.Errorf("open (read-only: %v) after transaction %d: %w", readOnly, low, err)
	}
	n, err = t.Compare(ctx, db, low, high)
	if closed := db.Close(); err == nil && closed != nil {
		err = fmt.Errorf("close: %w", closed)
	}
	return n, err
}

// Compare is Look at a database that is open.
func (t *Trial) Compare(ctx context.Context, db *engine.DB, low, high uint64) (n uint64, err error) {
	if n, err = Last(db); err != nil {
		return n, err
	}
	if n < low || n > high {
		return n, fmt.Errorf("the last transaction found is %d, not one from %d to %d", n, low, high)
	}
	store := enginetest.Engine(db)
	snap, err := store.Snapshot(ctx)
	if err != nil {
		return n, err
	}
	_, err = enginetest.Find(snap, []enginetest.Map{t.State(n)})
	if err = errors.Join(err, snap.Close()); err != nil {
		return n, fmt.Errorf("after transaction %d: %w", n, err)
	}
	return n, enginetest.Sound(ctx, store)
}

// GoOn works on in a database after transaction n, closes it, and looks at it again.
func (t *Trial) GoOn(ctx context.Context, fsys vfs.FS, path string, n uint64) error {
	a := &Actor{Trial: t, FS: fsys, Path: path, Last: n}
	err := a.Open(ctx)
	if err != nil {
		return err
	}
	if err = a.Commit(ctx, 3); err == nil && n%2 == 0 {
		err = a.DB.Flush(ctx)
	}
	if err == nil && n%3 == 0 {
		_, err = a.DB.Work(ctx, engine.WorkOptions{Merge: 2})
	}
	if err == nil && n%5 == 0 {
		err = a.DB.Optimize(ctx)
	}
	if err = errors.Join(err, a.DB.Close()); err != nil {
		return fmt.Errorf("going on after transaction %d: %w", n, err)
	}
	_, err = t.Look(ctx, fsys, path, true, a.Last, a.Last)
	return err
}

// LookAtCopy wants a copy to be missing, if that is allowed, or whole: what transactions 1 to n lead to, for one of
// the numbers given.
func (t *Trial) LookAtCopy(ctx context.Context, fsys vfs.FS, path string, mayMiss bool, numbers ...uint64) error {
	if _, err := fsys.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if mayMiss {
			return nil
		}
		return errors.New("there is no copy")
	} else if err != nil {
		return err
	}
	db, err := engine.Open(ctx, path, engine.Options{FS: fsys, ReadOnly: true, Key: t.opts.Key})
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	n, err := Last(db)
	for _, want := range numbers {
		if err == nil && n == want {
			_, err = t.Compare(ctx, db, n, n)
			return errors.Join(err, db.Close())
		}
	}
	return errors.Join(err, db.Close(), fmt.Errorf("the copy holds transaction %d, not one of %v", n, numbers))
}
