// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
	"github.com/lsmlite/lsmlite-go/engine/internal/mutant"
	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// Append adds a record to the transaction. It copies what it needs. An error leaves the
// transaction as it was before the call; it can go on or be rolled back.
func (l *Log) Append(r format.LogRecord) error {
	if err := l.failure(); err != nil {
		return err
	}
	if l.f == nil {
		return errNoFile("append to log")
	}
	if l.keys != nil {
		return l.appendEncrypted(&r)
	}
	if len(l.buf) >= maxBuffer {
		mark.Hit(mark.LogSpilled)
		if err := l.writeOut(); err != nil {
			return err
		}
	}
	n := int64(format.LogRecordLen(&r)) + format.LogChecksumLen
	if t := &l.tx; n < directBytes && !t.special && t.fits(n) {
		l.appendFront(&r, n)
		l.appendData(&r)
		return nil
	}
	if err := checkSizes(len(r.Key), len(r.Value)); err != nil {
		return err
	}
	before := l.Mark()
	if err := l.appendSpecial(&r, n); err != nil {
		l.RollbackTo(before)
		return err
	}
	return nil
}

// checkSizes refuses what a record cannot hold.
func checkSizes(key, value int) error {
	if key > format.MaxKeyLen || value > format.MaxValueLen {
		return &errs.Error{Code: errs.CodeTooBig, Op: "append to log"}
	}
	return nil
}

// appendSpecial adds a record where that may take more than to append it.
func (l *Log) appendSpecial(r *format.LogRecord, n int64) error {
	if l.tx.stream == 0 {
		if err := l.prelude(n); err != nil {
			return err
		}
	}
	if !l.tx.fits(n) {
		if err := l.jumpOver(); err != nil {
			return err
		}
	}
	if err := l.appendMark(); err != nil {
		return err
	}
	l.appendFront(r, n)
	if len(r.Value) < directBytes {
		l.appendData(r)
		return nil
	}
	// A large value goes to the file without a copy.
	mark.Hit(mark.LogSpilled)
	l.buf = append(l.buf, r.Key...)
	l.moved()
	if err := l.writeOut(); err != nil {
		return err
	}
	if err := l.writeAt(r.Value, l.tx.off()); err != nil {
		return err
	}
	l.tx.sum.Add(r.Value)
	l.tx.stream += int64(len(r.Value))
	l.tx.summed, l.base = l.tx.stream, l.tx.stream
	return nil
}

// prelude writes what comes before the first record of a transaction.
//
// The first transaction after a recovery starts in a sector of its own, so that a torn write of
// it cannot damage the transactions before it. And if the log can wrap, it does, unless the
// record, of n bytes, would not fit there.
//
// A loss of power may have taken some sectors of the log and left others, with commits
// that were lost because of a gap before them. Should this transaction write the same
// bytes into the gap as were there, a jump to offset 0 for instance, they would be back.
// So it begins with a mark that was never there. In a log that is encrypted that is a key frame.
//
// Rule MARK_BEFORE_JUMP: the mark comes before a jump of the transaction, too. Else, should the process be killed when
// it has written the jump, and the bytes to which it leads be those of a transaction that was lost, or could not be
// written, and jumped to the same place, that one would be back.
func (l *Log) prelude(n int64) error {
	t := &l.tx
	first := l.markLen()
	t.special = false
	l.appendHead()
	if pad := l.sectorAfter(t.off()-1) - t.off(); l.align && t.fits(pad+first+format.LogCommitLen) {
		l.buf = format.AppendLogPad(l.buf, int(pad))
		l.moved()
	}
	if oldest := t.regions[0]; t.mark && oldest.inUse() && oldest.Start >= t.off() && oldest.Start < t.off()+first+format.LogJumpRoom {
		return errNoRoom() // another program has written up to here
	}
	if err := l.appendMark(); err != nil {
		return err
	}
	if l.canWrap() && n <= l.before(t.regions[2].Start)-first-format.LogJumpRoom-l.headLen() {
		l.buf = format.AppendLogPad(l.buf, int(-(t.stream-t.interval)&7))
		l.buf = format.AppendLogWrap(l.buf)
		l.moved()
		t.regions[0] = Region{t.regions[2].Start, t.off()}
		t.startExtent(0)
		mark.Hit(mark.LogWrapped)
		t.limit = l.limitAt(&t.regions, 0)
		l.appendHead()
	}
	return nil
}

// headLen returns the length of the head.
func (l *Log) headLen() int64 {
	if l.head == nil {
		return 0
	}
	return format.LogHeadLen
}

// appendHead writes the head, if this is the place for it.
func (l *Log) appendHead() {
	if t := &l.tx; l.head != nil && t.off() == 0 && t.fits(format.LogHeadLen+format.LogCommitLen) {
		l.buf = format.AppendLogHead(l.buf, l.head())
		l.moved()
	}
}

// appendMark writes the mark, if it is not written yet.
func (l *Log) appendMark() error {
	t := &l.tx
	if !t.mark || l.keys == nil && mutant.Is(mutant.MarkLeftOut) {
		return nil
	}
	t.mark = false
	if l.keys != nil {
		return l.appendKeyFrame()
	}
	l.buf = format.AppendLogMark(l.buf, sched.Uint64())
	l.moved()
	return nil
}

// appendFront appends what comes before the data of r, with a checksum if one is due. n
// is the length of r with a checksum.
func (l *Log) appendFront(r *format.LogRecord, n int64) {
	t := &l.tx
	summed := t.special || t.stream-t.interval+n > format.LogMaxUnsummed
	l.buf = format.AppendLogHeader(l.buf, r, summed)
	if summed {
		l.moved()
		l.appendSum()
		t.special = false
	}
}

// appendData appends the data of r.
func (l *Log) appendData(r *format.LogRecord) {
	l.buf = append(l.buf, r.Key...)
	if r.Op != format.LogDelete {
		l.buf = append(l.buf, r.Value...)
	}
	l.moved()
}

// moved makes the stream end where the buffer ends.
func (l *Log) moved() { l.tx.stream = l.base + int64(len(l.buf)) }

// appendSum ends the checksum interval with a stored checksum.
func (l *Log) appendSum() {
	l.sumUp()
	t := &l.tx
	l.buf = format.AppendLogChecksum(l.buf, t.sum.End())
	l.moved()
	t.summed, t.interval = t.stream, t.stream
}

// sumUp runs the checksum up to the end of the stream.
func (l *Log) sumUp() {
	t := &l.tx
	if t.summed < t.stream {
		t.sum.Add(l.buf[t.summed-l.base:])
		t.summed = t.stream
	}
}
