// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// Close ends the use of the database. What is only in memory is flushed and made durable
// by a checkpoint; then the log is removed and the file cut after the last block in use.
// C lsm1 leaves a database in the same state.
//
// While transactions, snapshots, cursors or read-only handles of this process are open that share
// the database, it fails with ErrBusy and changes nothing. A function of the Observer that reads at
// that moment is waited for, up to a second. If anything else fails, the error is returned and the
// files are released as they are: the log still holds what the database file does not.
func (db *DB) Close() error {
	if first, err := db.shutSoon(); !first {
		return err
	}
	db.slots.Drop()
	if db.view != nil {
		db.view.leave()
		return nil
	}
	unshare(db)
	start := time.Now()
	if db.attached != nil {
		db.attached.stopRenewing()
	}
	db.index.Stop()
	db.worker.Stop()
	db.files.EndSyncNames()
	// A caller that still waits for a turn finds the database closed when it comes.
	ctx := context.Background()
	if err := db.writer.Turn.Take(ctx); err != nil {
		return err
	}
	defer db.writer.Turn.Release()
	if err := db.worker.Turn.Take(ctx); err != nil {
		return err
	}
	defer db.worker.Turn.Release()
	var err error
	if !db.opts.ReadOnly && db.Poisoned() == nil {
		err = shutDown(ctx, db)
		if db.files.Lost() != nil {
			err = db.files.Salvage(func() error { return db.writer.BringIn(ctx, worker.ByClose) })
		}
	} else if p := db.Poisoned(); p != nil {
		err = p
	}
	db.streams.Abort()
	_ = db.writer.Log().Close()
	if db.attached != nil {
		db.attached.close()
	}
	db.files.Release()
	if invariant.Expensive {
		invariant.Check(db.bf.Held() == 0, "pages are still held when the database is closed")
	}
	db.bf.Close()
	db.secret.Wipe()
	if f := db.obs.Closed; f != nil {
		f(CloseEvent{DB: db, Duration: time.Since(start), Err: err})
	}
	return err
}

// closePatience is how long Close waits for a function of the observer that may be what uses the handle.
const closePatience = time.Second

// shutSoon is shutHandle, tried again while a function of the observer runs in which the handle may be in use.
func (db *DB) shutSoon() (first bool, err error) {
	for end := time.Now().Add(closePatience); ; time.Sleep(time.Millisecond) {
		sched.Point("close")
		ended := db.telling.ended.Load()
		first, err = db.shutHandle()
		if err == nil || db.telling.begun.Load() == ended || time.Now().After(end) {
			return first, err
		}
	}
}

// shutHandle makes every further call through the handle fail, and reports whether this call did
// that. It does not if the handle is closed already, or fails while it is in use.
func (db *DB) shutHandle() (first bool, err error) {
	db.closing.Lock()
	defer db.closing.Unlock()
	if !db.handles.CompareAndSwap(0, closedHandles) {
		n := db.handles.Load()
		if n < 0 {
			return false, nil
		}
		return false, db.inUse(n + int64(db.slots.InUse()))
	}
	// A reader enters a slot and then looks at shut, so it is found, or finds that.
	db.shut.Store(true)
	if n := db.slots.InUse(); n > 0 {
		db.shut.Store(false)
		db.handles.Add(-closedHandles)
		return false, db.inUse(int64(n))
	}
	return true, nil
}

// inUse is the error of a Close while that many users are left.
func (db *DB) inUse(n int64) error {
	mark.Hit(mark.CloseRefused)
	return &Error{Code: CodeBusy, Op: "close", Path: db.path,
		Detail: fmt.Sprintf("%d transactions, snapshots, cursors or read-only handles are still open", max(n, 1))}
}

// shutDown brings everything into the database file. The log is removed only after the checkpoint
// that replaces it is synced.
func shutDown(ctx context.Context, db *DB) error {
	if err := db.files.Look(); err != nil {
		return err
	}
	if err := db.writer.BringIn(ctx, worker.ByClose); err != nil {
		return err
	}
	db.streams.Finish(changesGrace)
	db.streams.Abort()
	none, err := endReaders(db)
	if err != nil {
		return err
	}
	foreign, err := db.files.ForeignReader()
	if err != nil || foreign {
		return err // a read-only process still needs log and blocks as they are
	}
	if err := db.files.Look(); err != nil {
		return err
	}
	if none {
		if err := cutFile(db); err != nil {
			return err
		}
	}
	return db.files.EndLog()
}

// cutFile cuts the file after the last block in use. A file without any checkpoint but
// the empty one keeps no pages, which would look like those of a checkpoint that is gone.
func cutFile(db *DB) error {
	if db.ledger.Newest().Disk.ID > base.EmptySnapshotID {
		return db.bf.Truncate(db.ledger.UsedEnd())
	}
	data := db.files.Data()
	size, err := data.Size()
	if err == nil && size > 2*format.MetaPageSize {
		err = data.Truncate(2 * format.MetaPageSize)
	}
	if err == nil && db.opts.now().Safety != SafetyOff {
		err = data.Sync()
	}
	if err != nil {
		return ioerr.New("close", db.path, "", err)
	}
	return nil
}
