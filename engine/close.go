package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Close ends the use of the database. What is only in memory is flushed and made durable
// by a checkpoint; then the log is removed and the file cut behind the last block in
// use. C lsm1 leaves a database in the same state.
//
// While transactions, snapshots, cursors or read-only handles of this process are open that
// share the database, it fails with ErrBusy and changes
// nothing. If anything else fails, the error is returned and the files are released as
// they are: the log still holds what the database file does not.
func (db *DB) Close() error {
	if !db.handles.CompareAndSwap(0, closedHandles) {
		n := db.handles.Load()
		if n < 0 {
			return nil // closed already
		}
		return &Error{Code: CodeBusy, Op: "close", Path: db.path,
			Detail: fmt.Sprintf("%d transactions, snapshots, cursors or read-only handles are still open", max(n, 1))}
	}
	if db.view != nil {
		db.view.leave()
		return nil
	}
	db.unshare()
	start := time.Now()
	db.stopBackground()
	// Whoever still waits for a turn finds the database closed when it comes.
	ctx := context.Background()
	if err := db.writer.take(ctx); err != nil {
		return err
	}
	defer db.writer.release()
	if err := db.worker.take(ctx); err != nil {
		return err
	}
	defer db.worker.release()
	var err error
	if !db.opts.ReadOnly && db.Poisoned() == nil {
		err = db.shutDown(ctx)
		if db.moved() != nil {
			err = db.salvage(ctx)
		}
	} else if p := db.Poisoned(); p != nil {
		err = p
	}
	db.releaseFiles()
	if f := db.obs.Closed; f != nil {
		f(CloseEvent{DB: db, Duration: time.Since(start), Err: err})
	}
	return err
}

// shutDown brings everything into the database file. The log is removed only after the
// checkpoint that makes it superfluous is synced.
func (db *DB) shutDown(ctx context.Context) error {
	if err := db.checkNames(); err != nil {
		return err
	}
	if err := db.bringIn(ctx, byClose); err != nil {
		return err
	}
	foreign, err := db.foreignReader()
	if err != nil || foreign {
		return err // a read-only process still needs log and blocks as they are
	}
	if err := db.checkNames(); err != nil {
		return err
	}
	if err := db.cutFile(); err != nil {
		return err
	}
	if err := db.removeLog(); err != nil {
		return &Error{Code: CodeIO, Op: "close", Path: db.logPath(), Err: err}
	}
	if db.opts.now().Safety == SafetyOff || !db.namesSynced.Load() {
		return nil // a log whose name was never made durable has nothing in it
	}
	if err := db.fs.SyncDir(db.logPath()); err != nil {
		return &Error{Code: CodeIO, Op: "close", Path: db.path, Err: err}
	}
	return nil
}

// salvage ends the use of a database whose files have lost their names. Everything that was
// committed goes into the database file, which is still open and locked, wherever it is;
// nothing is done by name, and nothing is cut. It returns the error that says so.
func (db *DB) salvage(ctx context.Context) error {
	db.names.salvaging.Store(true)
	e := &Error{Code: CodeMoved, Op: "close", Path: db.path}
	if p := db.names.moved.Load(); p != nil {
		e.Detail = p.what
	}
	name, known := vfs.Location(db.file)
	err := db.bringIn(ctx, byClose)
	switch {
	case known && name == "":
		e.Detail += fmt.Sprintf("; what it held is gone with this handle, but for the transactions since the last checkpoint, if the log %s is still there", db.logPath())
		e.Err = err
	case err != nil:
		e.Detail += fmt.Sprintf("; not everything that was committed could be written to the database file%s: keep it together with the log %s", in(name), db.logPath())
		e.Err = err
	default:
		e.Detail += fmt.Sprintf("; everything that was committed is in the database file%s, and nothing was removed; the log %s is not needed for it", in(name), db.logPath())
	}
	return e
}

// in names a place, if it is known.
func in(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}

// cutFile cuts the file behind the last block in use. A file without any checkpoint but
// the empty one keeps no pages, which would look like those of a checkpoint that is gone.
func (db *DB) cutFile() error {
	if db.reg.Newest().Disk.ID > base.EmptySnapshotID {
		return db.bf.Truncate(db.free.UsedEnd())
	}
	size, err := db.file.Size()
	if err == nil && size > 2*format.MetaPageSize {
		err = db.file.Truncate(2 * format.MetaPageSize)
	}
	if err == nil && db.opts.now().Safety != SafetyOff {
		err = db.file.Sync()
	}
	if err != nil {
		return &Error{Code: CodeIO, Op: "close", Path: db.path, Err: err}
	}
	return nil
}
