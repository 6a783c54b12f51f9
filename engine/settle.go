package engine

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// newLogMark makes the mark of a new log.
var newLogMark = func(m *format.LogMark) error {
	_, err := rand.Read(m[:])
	return err
}

func isFull(err error) bool { return errors.Is(err, ErrFull) }

// prepareFiles makes durable what the database file says, as far as that can be done by a
// sync: what a process wrote that was killed since may be in the kernel's memory only, and
// so may the names of the files. Nothing may be trusted, reused or acknowledged before.
//
// A sync does nothing for what an earlier sync failed to write, because that counts as
// clean. So nothing rests on the log and on the meta pages as they are read: see settleLog.
func (db *DB) prepareFiles(l *checkpoint.Loaded) error {
	if fresh, err := db.fresh(l); err != nil {
		return err
	} else if fresh {
		if err := db.storeEmpty(l.Checkpoint); err != nil {
			return err
		}
	}
	if db.opts.now().Safety == SafetyOff {
		return nil
	}
	if err := db.bf.Sync(); err != nil {
		db.notes.NothingSynced()
		return err
	}
	if db.files.Log() == nil {
		return nil // a log is still to be created; see startLog
	}
	return db.files.SyncDir()
}

// fresh reports whether nothing was ever stored in the file: only the empty checkpoint, or
// a part of it.
func (db *DB) fresh(l *checkpoint.Loaded) (bool, error) {
	if l.Checkpoint == nil {
		return true, nil
	}
	if !l.OnlyEmpty() || l.Ours() || db.files.Log() != nil {
		return false, nil
	}
	size, err := db.files.Size()
	return err == nil && size <= 2*format.MetaPageSize, err
}

// storeEmpty writes the checkpoint of an empty database, c if that is there already, to meta
// page 2.
func (db *DB) storeEmpty(c *format.Checkpoint) error {
	if c == nil {
		c = checkpoint.EmptyCheckpoint(db.bf.Geometry())
	}
	blob, err := c.Encode()
	if err != nil {
		return err
	}
	s := checkpoint.Storing{Notes: &db.notes, Checkpoint: c, Blob: blob, All: true}
	if err := s.StoreFirst(); err != nil {
		return err
	}
	db.ledger.StoredFirst(2, c.ID, format.RefOf(blob))
	return db.notes.CopyLater(c)
}

// settled reports whether the files are as a session leaves them that has ended properly.
func (db *DB) settled(l *checkpoint.Loaded) bool {
	if db.files.Log() != nil || l.SyncFailed() {
		return false
	}
	return l.Pair() || l.Checkpoint == nil || l.OnlyEmpty()
}

// settleLog brings everything that was replayed into the file, makes it durable by a
// checkpoint on both meta pages, and begins a new log. So nothing of this session rests on
// what an earlier one has left in the cache.
//
// A disk that is full is no reason to refuse to read: the log is kept then, and the first
// transaction that wants to write tries again.
func (db *DB) settleLog(ctx context.Context) error {
	err := db.bringIn(ctx, byOpen)
	if isFull(err) {
		db.notes.Unsettled.Store(true)
		db.failed("open", err)
		if db.files.Log() == nil {
			return db.startLog()
		}
		db.log.SetHead(db.logHead)
		return nil
	}
	if err != nil {
		return err
	}
	db.notes.Unsettled.Store(false)
	foreign, err := db.files.ForeignReader()
	if err != nil {
		return err
	}
	if foreign && db.files.Log() != nil { // it is read by somebody else
		db.log.SetHead(db.logHead)
		return nil
	}
	return db.startLog()
}

// settleLater is settleLog for a database that could be opened only without. The log goes
// on where it is: nothing before its end is needed any more. The caller has the writer's
// turn.
func (db *DB) settleLater(ctx context.Context) error {
	if !db.notes.Unsettled.Load() {
		return nil
	}
	if err := db.takeWorker(ctx, "begin"); err != nil {
		return err
	}
	defer db.worker.Release()
	if err := db.bringIn(ctx, byBegin); err != nil {
		return err
	}
	db.notes.Unsettled.Store(false)
	return nil
}

// bringIn makes everything that was committed part of a checkpoint that both meta pages
// hold. The caller has both turns.
func (db *DB) bringIn(ctx context.Context, by string) error {
	db.dropJobs()
	watch := db.watchWork(by)
	err := db.flushAll(ctx)
	if err == nil {
		err = db.rewriteSuspect(ctx)
	}
	watch.end(err)
	if err != nil {
		return err
	}
	db.dropJobs()
	if err := db.fitFreelist(ctx); err != nil {
		return err
	}
	// The log holds nothing any more that the levels do not, and nobody can commit.
	claimed := db.notes.NothingInLog()
	was := db.notes.Unsettled.Swap(false)
	if claimed {
		db.ledger.Restore()
	}
	if err := db.checkpointer.Take(ctx); err != nil {
		return waitError("checkpoint", db.path, "the checkpointer's turn", err)
	}
	defer db.checkpointer.Release()
	e := db.ledger.Next()
	if e.Checkpoint == nil {
		return db.syncResult(db.notes.UnclaimFirst(e.Durable, db.opts.now().Safety != SafetyOff))
	}
	if _, err := db.storeExported(e, true); err != nil {
		db.notes.Unsettled.Store(was)
		return err
	}
	return nil
}

// rewriteSuspect writes everything anew, to other blocks, if what is read of the file may
// be in the cache only. The caller has the worker's turn.
func (db *DB) rewriteSuspect(ctx context.Context) error {
	if !db.notes.Suspect() || db.opts.now().Safety == SafetyOff {
		return nil
	}
	if len(db.ledger.Newest().Disk.Levels) > 0 {
		if err := db.rewrite(ctx); err != nil {
			return err
		}
	}
	db.notes.Rewritten()
	db.found(RecoverRepaired, "a sync of the file had failed: all pages were written anew")
	return nil
}

// logHead returns what the log begins with. The writer calls it.
func (db *DB) logHead() format.LogHead {
	return format.LogHead{Mark: db.notes.Mark(), Base: db.ledger.Stored().Ref}
}

// startLog begins a new log, in place of the one there is. The newest checkpoint, which both
// meta pages hold, needs none.
func (db *DB) startLog() error {
	if err := db.files.ReplaceLog(); err != nil {
		return err
	}
	pos := db.ledger.Newest().Disk.Log
	pos.Off = 0
	log, _, err := wal.Recover(db.files.Log(), pos, nil)
	if err != nil {
		return err
	}
	db.log = log
	var mark format.LogMark
	if err := newLogMark(&mark); err != nil {
		return err
	}
	db.notes.SetMark(mark)
	log.SetHead(db.logHead)
	db.ledger.NewLog(log.Regions())
	return nil
}
