// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// MaxPending is how many bytes of commits wait at most to be written, with CommitLater. A transaction
// that does not fit is written at once, after what waits.
const MaxPending = 1 << 20

// pending is commits that are not written yet: one stretch of the file, up to the end of region 2.
type pending struct {
	buf    []byte    // kept for the next ones; what append makes of MaxPending at most
	off    int64     // where in the file they begin
	before committed // what the log is without them
	size   atomic.Int64
	lost   atomic.Pointer[error] // why they could not be written
}

// CommitLater is Commit, but leaves the write to the next call of WritePending or Commit, so that one
// write serves several commits. Until then the transaction would not survive a crash of the process.
// A transaction that wraps the log, that jumps, or of which a part is in the file, is written at once,
// and what is pending before it.
func (l *Log) CommitLater(padToSector bool) error { return l.commit(padToSector, (*Log).add) }

// add makes a transaction that is sealed pending, or writes it.
func (l *Log) add() error {
	p, t := &l.pending, &l.tx
	if t.numExtents > 1 || l.base > 0 || len(p.buf)+len(l.buf) > MaxPending {
		return l.writeCommit()
	}
	l.sumUp()
	if len(p.buf) == 0 {
		p.off, p.before = t.extents[0].off, l.committed
	}
	p.buf = append(p.buf, l.buf...)
	p.size.Store(int64(len(p.buf)))
	return nil
}

// Pending returns how many bytes of commits wait to be written. Any goroutine may call it.
func (l *Log) Pending() int64 { return l.pending.size.Load() }

// WritePending writes the commits that wait to be written, with one WriteAt. After an error none of
// them is in the log, and every Commit and CommitLater returns that error until Undo.
func (l *Log) WritePending() error {
	if err := l.Lost(); err != nil {
		return err
	}
	p := &l.pending
	if len(p.buf) == 0 {
		return nil
	}
	err := l.failure()
	if err == nil {
		if err = l.writeAt(p.buf, p.off); err != nil {
			l.void(p.off, int64(len(p.buf)))
			l.syncVoid()
		}
	}
	if err != nil {
		lost := err // a copy, so that nothing is allocated where nothing fails
		p.lost.Store(&lost)
		mark.Hit(mark.LogWriteLost)
	}
	p.buf = p.buf[:0]
	p.size.Store(0)
	return err
}

// Lost returns why pending commits could not be written, if nothing has undone them since. Any
// goroutine may call it.
func (l *Log) Lost() error {
	if p := l.pending.lost.Load(); p != nil {
		return *p
	}
	return nil
}

// Undo takes the commits out of the log that could not be written. What was committed after them
// cannot exist. A transaction in progress is rolled back. The bytes of the commits may all be in the
// file except for the first bytes. So the next transaction begins with a mark: should it be the first one
// once more, the others must not continue it.
func (l *Log) Undo() {
	p := &l.pending
	l.committed = p.before
	l.history.undone(l)
	l.mark = true
	mark.Hit(mark.LogUndone)
	p.lost.Store(nil)
	l.Rollback()
}
