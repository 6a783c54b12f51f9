package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// Tx is a write transaction, the only one of its database. It has nested levels, like
// lsm1: level 1 is the transaction itself, Begin opens the next one. One goroutine at a
// time may use it. It ends with Commit or Rollback, one of which must be called.
type Tx struct {
	db       *DB
	state    *snapshot.State // pinned: what the transaction began from
	level    int
	marks    []savepoint // marks[l-1] is the state when level l was opened
	marksBuf [4]savepoint
	written  int   // bytes of keys and values written, for the work they owe
	records  int64 // operations
	bytes    int64 // of their keys and values
	waits    beginWaits
	// spans is what cursors have found out about the transaction's own states since the
	// last rollback. It is nil before the first cursor.
	spans   *span.List
	err     error // a write failed: only a rollback is possible
	done    bool
	reading bool // PutReader is at work
}

// savepoint is what a level is rolled back to.
type savepoint struct {
	tree memtree.Mark
	log  wal.Mark
}

func (tx *Tx) usable(op string) error {
	if tx.done {
		return &Error{Code: CodeMisuse, Op: op, Path: tx.db.path, Detail: "the transaction has ended"}
	}
	if tx.reading {
		return &Error{Code: CodeMisuse, Op: op, Path: tx.db.path, Detail: "PutReader is not done yet: its reader must not use the transaction"}
	}
	return nil
}

// mayWrite reports whether a record of the given lengths may be written.
func (tx *Tx) mayWrite(key int, value int64) error {
	if err := tx.usable("write"); err != nil {
		return err
	}
	switch {
	case tx.err != nil:
		return tx.err
	case value < 0:
		return &Error{Code: CodeMisuse, Op: "write", Path: tx.db.path, Detail: fmt.Sprintf("a value of %d bytes", value)}
	case key > MaxKeySize || value > MaxValueSize:
		return &Error{Code: CodeTooBig, Op: "write", Path: tx.db.path,
			Detail: fmt.Sprintf("a key of %d and a value of %d bytes; the limits are %d and %d", key, value, MaxKeySize, MaxValueSize)}
	case max(int64(tx.db.tree.Size()), tx.db.log.Uncommitted()) > tx.db.maxTx:
		return &Error{Code: CodeTooBig, Op: "write", Path: tx.db.path,
			Detail: fmt.Sprintf("the transaction has grown beyond %d bytes", tx.db.maxTx)}
	}
	return nil
}

// write logs a record and reports whether it may be applied to the tree.
func (tx *Tx) write(op format.LogOp, key, value []byte) error {
	if err := tx.mayWrite(len(key), int64(len(value))); err != nil {
		return err
	}
	return tx.log(op, key, value)
}

// log logs a record that may be written, and counts it.
func (tx *Tx) log(op format.LogOp, key, value []byte) error {
	if !tx.db.opts.now().NoLog {
		if err := tx.db.log.Append(format.LogRecord{Op: op, Key: key, Value: value}); err != nil {
			tx.err = ioerr.Write("write", tx.db.files.LogPath(), "", err)
			return tx.err
		}
	}
	tx.written += len(key) + len(value) + 16
	tx.records++
	tx.bytes += int64(len(key) + len(value))
	return nil
}

// maxTreeSize bounds what one transaction may hold in memory, and in the log, which has more
// of it if one key is deleted again and again: 3 GiB, or 768 MiB where addresses have 32 bits.
const maxTreeSize = 3 << (28 + 2*base.Wide)

// Put sets the value of a key. Both are copied.
func (tx *Tx) Put(key, value []byte) error {
	if err := tx.write(format.LogWrite, key, value); err != nil {
		return err
	}
	tx.db.tree.Put(key, value)
	return nil
}

// PutReader sets the value of a key to the size bytes that r has. They are read into the
// memory of the transaction, without another copy. If r fails, or ends before or after that
// many bytes, nothing is written. r may read from a cursor or a snapshot of this database,
// but must not use the transaction.
func (tx *Tx) PutReader(key []byte, r io.Reader, size int64) error {
	if err := tx.mayWrite(len(key), size); err != nil {
		return err
	}
	tx.reading = true
	defer func() { tx.reading = false }()
	return tx.db.tree.PutFunc(key, int(size), func(value []byte) error {
		if err := readAll(r, value); err != nil {
			return &Error{Code: CodeIO, Op: "write", Path: tx.db.path, Detail: "the value could not be read", Err: err}
		}
		return tx.log(format.LogWrite, key, value)
	})
}

// readAll fills b with all that r has.
func readAll(r io.Reader, b []byte) error {
	if n, err := io.ReadFull(r, b); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return fmt.Errorf("it ends after %d of %d bytes: %w", n, len(b), io.ErrUnexpectedEOF)
		}
		return err
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return fmt.Errorf("it goes on after %d bytes", len(b))
	case err != io.EOF:
		return err
	}
	return nil
}

// Delete removes a key. Removing a key that is not there is no error.
func (tx *Tx) Delete(key []byte) error {
	if err := tx.write(format.LogDelete, key, nil); err != nil {
		return err
	}
	tx.db.tree.Delete(key)
	return nil
}

// DeleteRange removes all keys strictly between two others, however many there are, by
// a single record. Both keys themselves are kept. Where nothing can lie between them,
// because after is not less than before, it does and writes nothing.
func (tx *Tx) DeleteRange(after, before []byte) error {
	if len(before) > MaxKeySize {
		return &Error{Code: CodeTooBig, Op: "write", Path: tx.db.path,
			Detail: fmt.Sprintf("a key of %d bytes; the limit is %d", len(before), MaxKeySize)}
	}
	// C lsm1 would take such a record for the deletion of other keys.
	if bytes.Compare(after, before) >= 0 && len(after) <= MaxKeySize {
		if err := tx.usable("write"); err != nil {
			return err
		}
		return tx.err
	}
	if err := tx.write(format.LogDeleteRange, after, before); err != nil {
		return err
	}
	tx.db.tree.DeleteRange(after, before)
	return nil
}

// Level returns the number of open levels.
func (tx *Tx) Level() int { return tx.level }

// Begin opens another level and returns its number.
func (tx *Tx) Begin() (int, error) {
	if err := tx.usable("begin"); err != nil {
		return 0, err
	}
	if tx.err != nil {
		return 0, tx.err
	}
	tx.marks = append(tx.marks, savepoint{tx.db.tree.Mark(), tx.db.log.Mark()})
	tx.level++
	return tx.level, nil
}

// CommitTo makes the changes of all levels above the given one part of it. The level
// itself stays open; level 1 ends with Commit only.
func (tx *Tx) CommitTo(level int) error {
	if err := tx.checkLevel("commit", level); err != nil {
		return err
	}
	if tx.err != nil {
		return tx.err
	}
	if level < tx.level {
		tx.db.tree.Release(tx.marks[level].tree)
	}
	tx.level, tx.marks = level, tx.marks[:level]
	return nil
}

// RollbackTo undoes everything since the given level was opened, and keeps it open.
func (tx *Tx) RollbackTo(level int) error {
	if err := tx.checkLevel("rollback", level); err != nil {
		return err
	}
	tx.rollbackTo(level)
	return nil
}

func (tx *Tx) rollbackTo(level int) {
	m := tx.marks[level-1]
	tx.db.tree.RollbackTo(m.tree)
	tx.db.log.RollbackTo(m.log)
	// Cursors that are still open go on with the list that they have.
	tx.spans = nil
	tx.level, tx.marks, tx.err = level, tx.marks[:level], nil
}

func (tx *Tx) checkLevel(op string, level int) error {
	if err := tx.usable(op); err != nil {
		return err
	}
	if level < 1 || level > tx.level {
		return &Error{Code: CodeMisuse, Op: op, Path: tx.db.path, Detail: fmt.Sprintf("level %d is not open; %d are", level, tx.level)}
	}
	return nil
}

// Commit ends the transaction and makes its changes visible and, according to the
// safety level, durable. If it fails, nothing of the transaction took place, except that
// after a failed sync it is unknown whether a crash would bring it back. ctx is looked
// at before anything is written; a commit that has begun is finished.
func (tx *Tx) Commit(ctx context.Context) error {
	if err := tx.usable("commit"); err != nil {
		return err
	}
	watch := tx.watchCommit()
	full, err := tx.commitToLog(ctx)
	if err != nil || tx.done {
		watch.end(tx, err)
		tx.db.writer.Release()
		return err
	}
	return tx.publish(full, &watch)
}

// commitToLog is the part of Commit after which the transaction is in the log, or has been
// rolled back, because it failed or there was nothing in it. It reports whether the log is
// to be synced.
func (tx *Tx) commitToLog(ctx context.Context) (full bool, err error) {
	if err = tx.err; err == nil {
		err = ctx.Err()
	}
	db := tx.db
	full = !db.opts.now().NoLog && db.opts.now().Safety == SafetyFull
	if err == nil {
		err = db.Poisoned()
	}
	if err == nil && tx.written > 0 {
		if err = db.lookForCommit(full); err == nil {
			err = db.files.SyncNames()
		}
	}
	if err != nil || tx.written == 0 {
		tx.rollback()
		return false, err
	}
	if !db.opts.now().NoLog {
		db.notes.Claim(db.seq + 1)
		if err := db.log.Commit(full); err != nil {
			db.notes.Unclaim(db.seq)
			tx.rollback()
			return false, ioerr.Write("commit", db.files.LogPath(), "", err)
		}
	}
	db.tree.Release(tx.marks[0].tree)
	return full, nil
}

// publish ends a transaction that is committed to the log. With sync its writer waits until
// the log is synced, as a rule after the turn has been given back.
func (tx *Tx) publish(sync bool, watch *commitWatch) (err error) {
	db := tx.db
	defer db.leave()
	tx.foldSpans()
	h := head{seq: db.seq + 1, view: db.tree.Freeze(), regions: db.log.Regions(), at: db.writer.TakenAt()}
	db.seq = h.seq
	if sync {
		db.group.add(h)
	} else {
		// Nobody may see a commit that is still to be synced through this one.
		if err = db.settle(); err == nil {
			db.publishHead(h)
			db.group.published(h)
		}
	}
	tx.release() // first, so that the work can reuse what only this transaction saw
	if err == nil {
		watch.start()
		if err = db.rotateIfFull(); err == nil {
			db.workAfterCommit(tx.written)
		}
		watch.stop(&watch.work)
	}
	if sync {
		db.writer.Release()
		if err == nil {
			watch.start()
			err = db.waitSynced(h.seq)
			watch.stop(&watch.sync)
		}
	}
	if err == nil {
		db.stats.commits.Add(1)
		db.stats.records.Add(tx.records)
		db.stats.bytesCommitted.Add(tx.bytes)
	} else {
		err = &Error{Code: CodeIO, Op: "commit", Path: db.path,
			Detail: "the log could not be synced; whether the transaction is durable is unknown, and nothing more is written", Err: err}
	}
	watch.end(tx, err)
	if !sync {
		db.writer.Release()
	}
	return err
}

// foldSpans makes what cursors have found out about the transaction everybody's, and has the
// tree fold long runs of deleted keys.
func (tx *Tx) foldSpans() {
	spans := tx.db.ledger.Newest().Spans
	if tx.spans != nil {
		spans.AddAll(tx.spans)
	}
	spans.Fold(tx.db.tree, span.FoldRecords)
}

// rotateIfFull makes the live tree the old one if it has reached its limit and no old tree
// waits to be flushed. The caller has the writer's turn.
func (db *DB) rotateIfFull() error {
	st := db.ledger.Newest()
	if st.HasOld || db.fill(st) < 1 {
		return nil
	}
	return db.rotateNow()
}

// Rollback ends the transaction and undoes all of it.
func (tx *Tx) Rollback() error {
	if err := tx.usable("rollback"); err != nil {
		return err
	}
	tx.rollback()
	tx.db.writer.Release()
	return nil
}

// rollback is Rollback without giving back the writer's turn.
func (tx *Tx) rollback() {
	tx.rollbackTo(1)
	tx.db.tree.Release(tx.marks[0].tree)
	tx.db.log.Rollback()
	tx.release()
	tx.db.leave()
}

// release gives up what the transaction holds, but for the writer's turn and its handle.
func (tx *Tx) release() {
	tx.done = true
	tx.marks = nil
	tx.db.ledger.Release(tx.state)
}

// Get appends the value of key to dst, seeing the transaction's own writes.
func (tx *Tx) Get(dst, key []byte) (value []byte, found bool, err error) {
	if err := tx.usable("get"); err != nil {
		return dst, false, err
	}
	if v, r := tx.db.tree.Get(key); r != memtree.Unknown {
		return append(dst, v...), r == memtree.Found, nil
	}
	return cursor.GetBelow(dst, key, tx.state)
}

// ValueLen returns the length of the value of key, which it does not load, and whether
// there is one, seeing the transaction's own writes.
func (tx *Tx) ValueLen(key []byte) (n int, found bool, err error) {
	if err := tx.usable("get"); err != nil {
		return 0, false, err
	}
	if v, r := tx.db.tree.Get(key); r != memtree.Unknown {
		return len(v), r == memtree.Found, nil
	}
	return cursor.ValueLenBelow(key, tx.state)
}

// Cursor opens a cursor on the state of this moment, the transaction's own writes
// included. It goes on showing that state whatever is written, committed or rolled back
// later.
func (tx *Tx) Cursor() (*Cursor, error) {
	if err := tx.usable("cursor"); err != nil {
		return nil, err
	}
	if tx.spans == nil {
		tx.spans = new(span.List)
	}
	return tx.db.newCursor(tx.db.tree.Freeze(), tx.state, tx.spans)
}
