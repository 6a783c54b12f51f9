// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"math"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

const (
	// minSector is the sector that commits are padded to and jumps keep clear of, unless
	// the disk's is larger. C lsm1 always uses it.
	minSector = 512
	// maxSector is the largest sector that is believed.
	maxSector = 64 << 10
	// noLimit is the limit of a region 2 that nothing follows.
	noLimit = math.MaxInt64
)

// reclaim gives up what a synced checkpoint at pos does not need: the regions before
// the one in which pos lies, and that region up to pos. It reports whether it has looked.
//
// What the history still needs is kept.
func (l *Log) reclaim(pos format.LogPos) bool {
	looked := pos != l.seen
	l.seen, l.useful = pos, l.useful || looked
	if kept, changed := l.history.dropped(l.stream); l.useful && (looked || changed) {
		if kept.Stream < l.stream-BytesAfter(l.regions, pos.Off) {
			pos = kept.LogPos
		}
		giveUp(&l.regions, pos.Off)
		giveUp(&l.pending.before.regions, pos.Off) // which a checkpoint lies in as well, or nothing is pending
		return true
	}
	return looked
}

// giveUp gives up what comes before off.
func giveUp(regions *[3]Region, off int64) {
	for i := range regions {
		if regions[i].contains(off) {
			clear(regions[:i])
			regions[i].Start = off
			return
		}
	}
}

// canWrap reports whether the next transaction may continue the log at offset 0, with free space
// up to at least format.LogMinWrap. It may not where a later jump over region 2 would lead to
// where C lsm1 cannot follow.
func (l *Log) canWrap() bool {
	r := &l.regions
	return !r[0].inUse() && !r[1].inUse() && r[2].Start >= format.LogMinWrap &&
		l.sectorAfter(r[2].End+l.sector+format.LogJumpRoom) < format.LogMaxJump
}

// sectorAfter returns the first sector border after off.
func (l *Log) sectorAfter(off int64) int64 { return (off/l.sector + 1) * l.sector }

// before returns the last sector border at or before off.
func (l *Log) before(off int64) int64 { return off / l.sector * l.sector }

// limitAt returns the offset that a stream appended to at off keeps below: the sector
// in which the next live region begins, and before that, room for the mark of another transaction, which
// comes before its jump.
//
// Rule LOG_STAYS_BELOW_NEEDED: nothing is written over that a crash would be recovered from.
func (l *Log) limitAt(r *[3]Region, off int64) int64 {
	limit := int64(noLimit)
	for _, other := range r[:2] {
		if other.inUse() && other.Start >= off {
			limit = min(limit, l.before(other.Start)-l.markLen())
		}
	}
	return limit
}

// markLen returns the length of a mark.
func (l *Log) markLen() int64 {
	if l.keys != nil {
		return format.LogKeyFrameLen
	}
	return format.LogMarkLen
}

// jumpOver leads the transaction from where it is to after region 0. It fails if the
// regions do not allow that.
func (l *Log) jumpOver() error {
	t := &l.tx
	at := t.off()
	// The jump has to fit before region 0 itself; the limit is lower by up to a sector.
	target := l.sectorAfter(t.regions[0].End)
	if t.regions[1].inUse() || t.regions[0].Start < at+format.LogJumpRoom || target >= format.LogMaxJump {
		mark.Hit(mark.LogFull)
		return errNoRoom()
	}
	pad := -(t.stream - t.interval + int64(format.LogJumpLen(target))) & 7
	l.buf = format.AppendLogPad(l.buf, int(pad))
	l.buf = format.AppendLogJump(l.buf, target)
	l.moved()
	t.regions[1] = Region{t.regions[2].Start, t.off()}
	t.startExtent(target)
	mark.Hit(mark.LogJumped)
	t.limit = l.limitAt(&t.regions, target)
	return nil
}

func errNoRoom() error {
	return &errs.Error{Code: errs.CodeFull, Op: "append to log", Detail: "the log has no room until a checkpoint is synced"}
}

// BytesAfter returns how many bytes of a log come after the position with offset off that a
// checkpoint has in it; all of them if no region has such a position.
func BytesAfter(regions [3]Region, off int64) int64 {
	all := sizeOf(&regions)
	rest := all
	for _, r := range regions {
		if r.contains(off) {
			return rest - (off - r.Start)
		}
		rest -= r.End - r.Start
	}
	return all
}

// Trim cuts the file down to keep bytes, or to what is in use if that is more. A log that is
// used again from its beginning rarely reaches further than twice what is needed of it; but a
// transaction that was large, or rolled back, or a time without checkpoints may have made the
// file longer. An error is of no consequence, and ends the attempts. It is called after Begin.
// What is to be kept also bounds how far lengthen goes.
func (l *Log) Trim(keep int64) {
	l.keep = keep
	end := keep
	for _, r := range l.regions {
		end = max(end, l.sectorAfter(r.End))
	}
	if end >= l.fileEnd.Load() || l.untrimmed || l.f == nil {
		return
	}
	if err := l.f.Truncate(end); err != nil {
		l.untrimmed = true
		return
	}
	l.fileEnd.Store(end)
	mark.Hit(mark.LogCut)
}

const (
	// lengthenStep is how much longer than needed the file is made at once, and lengthenPart the
	// part of what is to be kept that this is at most.
	lengthenStep = 1 << 20
	lengthenPart = 8
)

const (
	// zerosStep is how many zeros are written after the end of the file at once, and zerosPart the part
	// of the file that this is at most.
	zerosStep = 64 << 10
	zerosPart = 8
	zerosUnit = 16 << 10 // less is not worth a call
	zerosFor  = 4 << 10  // bytes of a transaction: longer ones have no need of it
)

var zeros [zerosStep]byte

// writeZeros makes the file longer by zeros if a commit has just reached its end. To write where nothing
// was costs the operating system four times as much for the first byte of each of its pages, and a fraction of
// that where many are written at once. A reader takes the zeros for the end of the log. An error
// is of no consequence, and ends the attempts.
func (l *Log) writeZeros() {
	end := l.fileEnd.Load()
	n := min(zerosStep, end/zerosPart, l.keep-end) &^ (zerosUnit - 1)
	if l.regions[2].End < end || n <= 0 || l.fixed {
		return
	}
	written, err := l.f.WriteAt(zeros[:n], end)
	l.written.Add(int64(written))
	l.reaches(end + int64(written))
	l.fixed = err != nil
}

// lengthen makes the file longer than a commit needs that is about to be written and synced, by a
// hole: a sync of what changes the length of a file has to write that, too, in another place of
// the disk. A reader takes the zeros for the end of the log. An error is of no consequence, and
// ends the attempts.
func (l *Log) lengthen() {
	end := l.tx.off()
	longer := min(end+min(lengthenStep, l.keep/lengthenPart), l.keep)
	if end <= l.fileEnd.Load() || end >= longer || l.fixed {
		return
	}
	if err := l.f.Truncate(longer); err != nil {
		l.fixed = true
		return
	}
	l.reaches(longer)
}
