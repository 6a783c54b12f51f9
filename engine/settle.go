// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/internal/worker"
)

// newLogMark makes the mark of a new log.
var newLogMark = func(m *format.LogMark) error {
	_, err := rand.Read(m[:])
	return err
}

// isFull reports whether a disk is full.
func isFull(err error) bool { return errors.Is(err, ErrFull) }

// prepareFiles makes durable what the database file says, as far as that can be done by a
// sync: what a process wrote that was killed since may be in the kernel's memory only, and
// so may the names of the files. Nothing may be trusted, reused or acknowledged before.
//
// A database that was closed has been synced, unless it is a copy, or its note says that the session synced nothing.
// It is synced again when a session writes something that rests on it: see files.SyncNames.
//
// A sync does nothing for what an earlier sync failed to write, because that counts as
// clean. So nothing rests on the log and on the meta pages as they are read: see settle.
func (o *opener) prepareFiles() error {
	db := o.db
	if o.fresh() {
		if err := o.storeEmpty(); err != nil {
			return err
		}
	}
	if db.opts.now().Safety == SafetyOff {
		return nil
	}
	if o.settled() && o.DataSynced() {
		db.files.SyncDataLater()
		return nil
	}
	if err := syncPages(db); err != nil {
		return err
	}
	// Also if there is no log: a session without syncs that was closed has made durable neither the name of the
	// database nor that its log is gone, and a log without its database is refused.
	return db.files.SyncDir()
}

// fresh reports whether nothing was ever stored in the file: only the empty checkpoint, or
// a part of it. That is written again also if it is whole and ours: the sync of a session before may have failed, and
// where it should have noted that on the other page there was nothing yet. Meta page 1 is not written before page 2 is
// durable.
func (o *opener) fresh() bool {
	if o.Checkpoint == nil || o.halfMade() {
		return true
	}
	return o.OnlyEmpty() && o.Log.Size == 0 && o.Bytes <= 2*format.MetaPageSize
}

// storeEmpty writes the checkpoint of an empty database, the one that is there if there is
// one, to meta page 2.
func (o *opener) storeEmpty() error {
	db, c := o.db, o.Checkpoint
	if c == nil {
		c = checkpoint.EmptyCheckpoint(db.bf.Geometry())
		c.Log = o.disk.Log
	}
	blob, err := db.notes.Encode(c)
	if err != nil {
		return err
	}
	s := checkpoint.Storing{Notes: &db.notes, Checkpoint: c, Blob: blob, All: true}
	if db.secret != nil {
		return o.storeEmptyTwice(&s)
	}
	if err := s.StoreFirst(); err != nil {
		return err
	}
	db.ledger.StoredFirst(2, c.ID, format.RefOf(blob))
	return db.notes.CopyLater(c)
}

// storeEmptyTwice writes the checkpoint of an empty database that is encrypted to both meta pages, before its log
// exists: without a page that holds the data key nothing of the log could be read.
func (o *opener) storeEmptyTwice(s *checkpoint.Storing) error {
	db := o.db
	s.Durable, s.Sync = 1, db.opts.now().Safety != SafetyOff
	if _, err := s.Store(); err != nil {
		var unsynced *checkpoint.SyncError
		if errors.As(err, &unsynced) {
			return db.poison(unsynced.Err)
		}
		return err
	}
	db.ledger.StoredFirst(2, s.Checkpoint.ID, format.RefOf(s.Blob))
	return nil
}

// settled reports whether the files are as a session leaves them that has ended properly.
func (o *opener) settled() bool {
	if o.HasLog || o.SyncFailed() {
		return false
	}
	return o.Checkpoint == nil || o.Pair() || o.OnlyEmpty()
}

// settle brings everything that was replayed into the file, makes it durable by a
// checkpoint on both meta pages, and begins a new log. So nothing of this session rests on
// what an earlier one has left in the cache. (Rules SETTLE_BEFORE_WRITING and LOG_REPLACED_AFTER_CHECKPOINT.)
//
// A disk that is full is no reason to refuse to read: the log is kept then, and the first
// transaction that wants to write tries again.
func (o *opener) settle(ctx context.Context) error {
	db := o.db
	suspect := db.notes.Suspect()
	if o.byOthers() {
		db.writer.BreakLog()
	}
	err := db.writer.BringIn(ctx, worker.ByOpen)
	if suspect && !db.notes.Suspect() {
		o.found(RecoverRepaired, "a sync of the file had failed: all pages were written again")
	}
	if isFull(err) {
		db.notes.Unsettled.Store(true)
		db.worker.Report("open", err)
		if db.files.Log() == nil {
			return o.startLog()
		}
		db.writer.SetLogHead()
		return nil
	}
	if err != nil {
		return err
	}
	db.notes.Unsettled.Store(false)
	db.writer.MendLog()
	foreign, err := db.files.ForeignReader()
	if err != nil {
		return err
	}
	// It is read by another process, or streams of changes may go on where they were. If a sync has failed before,
	// what is read of it may be in the cache only.
	if db.files.Log() != nil && (foreign || o.keepsChanges() && !suspect) {
		db.writer.SetLogHead()
		return nil
	}
	return o.startLog()
}

// byOthers reports whether the newest checkpoint is one that lsmlite has not stored: C lsm1 may have made changes that
// no log holds, so that no position from before may lead past it. C lsm1 writes no encrypted file.
func (o *opener) byOthers() bool {
	return o.Checkpoint != nil && !o.Ours() && !o.OnlyEmpty() && o.db.secret == nil
}

// keepsChanges reports whether the log that was found goes on, for the transactions in it.
func (o *opener) keepsChanges() bool {
	return o.db.opts.now().Changes > 0 && !o.byOthers() && (o.db.recovered.Commits > 0 || o.earlier != nil)
}

// lookForEarlier looks for transactions in the log from before the checkpoint, if changes are kept.
func (o *opener) lookForEarlier() error {
	log := o.db.files.Log()
	if o.db.opts.now().Changes == 0 || o.db.opts.ReadOnly || log == nil || o.disk.Log.Off == 0 {
		return nil
	}
	from, ok, err := wal.Earlier(log, o.disk.Log)
	if ok {
		o.earlier = &from
	}
	return err
}

// startLog begins a new log, in place of the one there is. The newest checkpoint, which both
// meta pages hold, needs none.
func (o *opener) startLog() error {
	if err := o.db.files.ReplaceLog(); err != nil {
		return err
	}
	if o.OnlyEmpty() && o.Ours() && o.Log.Size > 0 && !o.Log.Commits {
		// As in prepareFiles, but once that log is gone: next to it a page that is half written is refused.
		if err := o.storeEmpty(); err != nil {
			return err
		}
		if o.db.opts.now().Safety != SafetyOff {
			if err := syncPages(o.db); err != nil {
				return err
			}
		}
	}
	var mark format.LogMark
	if err := newLogMark(&mark); err != nil {
		return err
	}
	return o.db.writer.StartLog(mark)
}

// replay reads the log into the tree, and publishes the state that it leads to.
func (o *opener) replay(ctx context.Context) (err error) {
	o.db.recovered, err = o.db.writer.Replay(ctx, o.disk.Log, o.earlier, o.db.opts.ReadOnly)
	return err
}

// firstState publishes the state of the checkpoint, without the log.
func (o *opener) firstState() error {
	db := o.db
	if (!o.Log.Commits || o.Log.AtStart) && o.disk.Log.Off != 0 && o.earlier == nil {
		// The checkpoint's position means nothing in this log, which starts at 0: nothing
		// is reclaimed by it.
		o.disk.Log.Off = 0
		db.ledger.ForgetLog()
	}
	if err := db.notes.Begin(db.bf, o.Loaded, checkpoint.FoundLog{
		Exists: o.HasLog, Head: o.Log.Head, Commits: o.Log.Commits, Name: db.files.LogName,
	}); err != nil {
		return err
	}
	db.index.Opened(o.disk)
	return db.writer.First(o.disk)
}
