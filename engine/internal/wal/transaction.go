// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

const (
	// maxBuffer is how much of a transaction is kept back before it is written out
	// ahead of its commit.
	maxBuffer = 1 << 20
	// directBytes is from which length on a value is written from where the caller has it.
	directBytes = 256 << 10
	// keepBuffer is the largest buffer that is kept for the next transaction.
	keepBuffer = 4 << 20
)

// transaction is what rolling back restores: the stream of bytes that the transaction
// in progress appends to the log, and where they go.
type transaction struct {
	stream int64 // bytes appended so far, pads and jumps included; 0: nothing yet
	// The stream goes to at most three extents of the file.
	extents    [3]extent
	numExtents int
	regions    [3]Region // with the jumps of this transaction; the End of region 2 is not kept up
	limit      int64     // file offset that the stream keeps below

	sum      format.LogSum
	summed   int64 // up to where in the stream the checksum has run
	interval int64 // where in the stream the checksum interval begins
	// special says that the next record is not merely appended: it is the first one and
	// the log wraps or moves to the next sector before it, or it comes after a jump and
	// needs a checksum.
	special bool
	mark    bool // a mark has still to be written

	// Of a log that is encrypted.
	chained            // up to the last frame
	box     *crypt.Box // that the next frame is under; nil: a key frame has to come first
	decoy   bool       // the decoy is written
	err     error      // a mark could not be made: only what comes before it can be rolled back to
}

// extent says that the stream from position stream on goes to the file from off on.
type extent struct{ stream, off int64 }

// off returns the file offset of the next byte.
func (t *transaction) off() int64 {
	e := &t.extents[t.numExtents-1]
	return e.off + t.stream - e.stream
}

// fits reports whether n more bytes leave room for a jump below the limit.
func (t *transaction) fits(n int64) bool { return n <= t.limit-t.off()-format.LogJumpRoom }

// startExtent makes the stream continue at file offset off, as region 2.
func (t *transaction) startExtent(off int64) {
	t.extents[t.numExtents] = extent{t.stream, off}
	t.numExtents++
	t.regions[2] = Region{off, off}
	t.special = true
}

// Begin starts a transaction; one that is in progress is rolled back.
func (l *Log) Begin() { l.Rollback() }

// BeginAfter is Begin for a log that gives up first what the checkpoint at log position synced
// does not need: the newest one that was synced. It must not be called while a reader of the
// file may still need more than that.
//
// The position of the checkpoint that the log was opened with may be passed as well, also
// after a rebase: it has no effect.
func (l *Log) BeginAfter(synced format.LogPos) {
	// The end of the transaction before has made everything ready for this one.
	if l.reclaim(synced) || l.Uncommitted() > 0 {
		l.Rollback()
	}
}

// Rollback undoes everything since Begin. What was written to the file of it stays there, after
// the last commit, until another transaction is written over it.
func (l *Log) Rollback() {
	l.txID++
	end := l.regions[2].End + l.padded
	l.tx = transaction{
		extents:    [3]extent{{0, end}},
		numExtents: 1,
		regions:    l.regions,
		limit:      l.limitAt(&l.regions, end),
		sum:        format.StartLogSum(l.sum),
		special:    l.align || l.mark || l.canWrap() || l.head != nil && end == 0,
		mark:       l.mark,
		chained:    l.chained,
		box:        l.box,
	}
	if l.padded > 0 {
		l.tx.interval = -l.padded
		l.tx.sum.Add(format.AppendLogPad(nil, int(l.padded)))
	}
	l.base = 0
	l.clear = l.clear[:0]
	l.buf = l.buf[:0]
	if cap(l.buf) > keepBuffer {
		l.buf = nil
	}
}

// Mark is a savepoint: a moment of the transaction in progress.
type Mark struct {
	tx   transaction
	txID uint64
}

// Mark returns the present moment, for RollbackTo. In an encrypted log that makes a frame of what was appended;
// if there is no room for it, Append and Commit say so until the transaction has gone back to before the mark.
func (l *Log) Mark() Mark {
	if len(l.clear) > 0 && l.tx.err == nil {
		l.tx.err = l.frameRest()
	}
	l.sumUp()
	return Mark{l.tx, l.txID}
}

// RollbackTo undoes everything since the mark, a wrap or jump of the log included. The
// mark must have been made in this transaction, before everything that was rolled back
// since. It can be used again. If the mark's transaction has ended since, by a Commit that
// failed or otherwise, and nothing was appended after that, nothing is left to undo and
// RollbackTo does nothing.
func (l *Log) RollbackTo(m Mark) {
	if m.txID != l.txID && l.Uncommitted() == 0 {
		return
	}
	invariant.Check(m.txID == l.txID && m.tx.stream <= l.tx.stream, "mark of another transaction")
	l.restore(m.tx)
	l.clear = l.clear[:0]
}

// restore takes back what was appended to the stream since the transaction was like that.
func (l *Log) restore(tx transaction) {
	if tx.numExtents < l.tx.numExtents {
		mark.Hit(mark.LogWrapUndone)
	}
	l.tx = tx
	if tx.stream >= l.base {
		l.buf = l.buf[:tx.stream-l.base]
		return
	}
	// The bytes after that are in the file already. They are written over.
	l.buf = l.buf[:0]
	l.base = tx.stream
}

// Commit ends the transaction with a commit record and writes what is not written yet,
// with one WriteAt for each place of the file it goes to, which is one place unless the
// log wraps or jumps; before that, what is pending. With padToSector the commit record ends at the
// end of a sector, so that the next transaction touches none of this one's (rule FULL_ENDS_SECTOR). Commit
// does not sync.
// A transaction without records writes nothing.
//
// After an error the transaction is rolled back, all of it, and the next one is written
// over its bytes.
func (l *Log) Commit(padToSector bool) error {
	n := l.Uncommitted()
	small := 0 < n && n < zerosFor
	err := l.commit(padToSector, (*Log).writeCommit)
	if err == nil && small && !padToSector {
		l.writeZeros()
	}
	return err
}

// commit ends the transaction and passes it on to write.
func (l *Log) commit(padToSector bool, write func(*Log) error) error {
	err := l.failure()
	if err == nil {
		err = l.Lost()
	}
	if err == nil {
		err = l.tx.err // also if nothing is left: what came before the mark is not in the log
	}
	if l.Uncommitted() == 0 && l.tx.err == nil {
		return err
	}
	if err == nil && l.keys != nil {
		err = l.lastFrame()
	}
	if err == nil {
		err = l.seal(padToSector)
	}
	if err == nil {
		if err = write(l); err != nil && padToSector {
			l.syncVoid()
		}
	}
	if err != nil {
		l.Rollback()
		return err
	}
	l.regions = l.tx.regions
	l.regions[2].End = l.tx.off()
	if mark.Enabled {
		l.markRegions()
	}
	l.sum = l.tx.sum.End()
	l.stream += l.padded + l.tx.stream
	l.padded = 0
	l.seq++
	l.align, l.mark = false, false
	if l.keys != nil {
		l.chained, l.box = l.tx.chained, l.tx.box
		l.commits++
	}
	l.history.committed(l)
	l.Rollback()
	return nil
}

// markRegions marks which regions a commit leaves in use.
func (l *Log) markRegions() {
	if l.regions[1].inUse() {
		mark.Hit(mark.LogRegion1)
		if l.regions[0].inUse() {
			mark.Hit(mark.LogThreeRegions)
		}
	}
}

// seal appends the commit record.
func (l *Log) seal(padToSector bool) error {
	invariant.Check(!l.broken, "a commit that no checkpoint leads to")
	need := int64(format.LogCommitLen)
	if padToSector || l.history.bytes > 0 { // so that Align has room after it
		need += l.sector
	}
	if !l.tx.fits(need) {
		if err := l.jumpOver(); err != nil {
			return err
		}
	}
	if padToSector {
		end := l.tx.off() + format.LogCommitLen
		l.buf = format.AppendLogPad(l.buf, int(l.sectorAfter(end-1)-end))
	}
	l.buf = format.AppendLogCommit(l.buf)
	l.moved()
	l.appendSum()
	if padToSector {
		l.lengthen()
	}
	return nil
}

// writeCommit writes a transaction that is sealed.
func (l *Log) writeCommit() error {
	if err := l.WritePending(); err != nil {
		return err
	}
	if err := l.writeOut(); err != nil {
		t := &l.tx
		first := t.stream
		if t.numExtents > 1 {
			first = t.extents[1].stream
		}
		l.void(t.extents[0].off, first)
		// Rule MARK_AFTER_FAILURE: the rest of it may all be in the file. The next transaction may begin with the same
		// bytes, as with a jump to the same place. So a mark comes first.
		l.mark = true
		return err
	}
	return nil
}

// voidBytes is how much of a transaction is voided: more than a mark takes.
const voidBytes = 64

// void makes what was to be written at off, n bytes side by side, no transaction. The commit record may have
// reached the file despite an error, and a crash would bring the transaction back. Without its first bytes it is
// none, also if the next one writes the very first of them again and no more. If they cannot be written
// either, the next transaction does the same.
//
// Rule VOID_FAILED_COMMIT: a commit that could not be written is not in the log, even if all of it is in the file.
func (l *Log) void(off, n int64) { _, _ = l.f.WriteAt(zeros[:min(n, voidBytes)], off) }

// syncVoid makes that durable, where commits are synced.
//
// Rule VOID_SYNCED: a sync that was for commits before may have made the transaction durable, after its bytes were in
// the file and before they were voided. A loss of power must not bring it back after its writer was told that it
// has failed. If that cannot be synced, nothing is written any more.
func (l *Log) syncVoid() { _ = l.Sync() }

// writeOut writes the buffer to the file and empties it. After an error the buffer is
// as it was.
func (l *Log) writeOut() error {
	l.sumUp()
	t := &l.tx
	for i := range t.numExtents {
		e, end := t.extents[i], t.stream
		if i+1 < t.numExtents {
			end = t.extents[i+1].stream
		}
		start := max(e.stream, l.base)
		if start >= end {
			continue
		}
		if err := l.writeAt(l.buf[start-l.base:end-l.base], e.off+start-e.stream); err != nil {
			return err
		}
	}
	l.base = t.stream
	l.buf = l.buf[:0]
	return nil
}

func (l *Log) writeAt(b []byte, off int64) error {
	n, err := l.f.WriteAt(b, off)
	l.written.Add(int64(n))
	l.reaches(off + int64(n))
	if err != nil {
		return ioerr.Write("write log", "", "", err)
	}
	return nil
}

// reaches notes that the file is at least that long. What is pending may be written meanwhile.
func (l *Log) reaches(end int64) {
	for {
		was := l.fileEnd.Load()
		if end <= was || l.fileEnd.CompareAndSwap(was, end) {
			return
		}
	}
}
