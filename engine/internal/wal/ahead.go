// SPDX-License-Identifier: Apache-2.0

package wal

// What is appended to a file costs more than what is written where the file has bytes already. Two
// things are done ahead for many commits at once: lengthen spares syncs the change of the length,
// and fill spares writes the making of new pages in the kernel's memory. Both leave zeros after the
// end of the log, which every reader reads as the end.

const (
	// lengthenStep is how much longer than needed the file is made at once, and lengthenPart the
	// part of what is to be kept that this is at most.
	lengthenStep = 1 << 20
	lengthenPart = 8
)

// lengthen makes the file longer than a commit needs that is about to be written and synced, by a
// hole: a sync of what changes the length of a file has to write that, too, in another place of
// the disk. A reader reads the zeros as the end of the log. An error is of no consequence, and
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
	l.fileEnd.Store(longer)
}

// fillStep is how much of the file is filled at once, and from which length on. More than that at
// once makes each later write dearer, because the kernel then keeps the file in larger pieces.
const fillStep = 64 << 10

var zeros [2 * fillStep]byte

// fill writes zeros up to the next multiple of fillStep, if a commit is about to be written that goes
// beyond what the file holds. Nothing that was ever written lies there. A short log is not filled,
// nor is it for a transaction as long as that, nor where Trim would cut it off. An error is of no
// consequence: the commit finds it out for itself.
func (l *Log) fill() {
	end := l.tx.off()
	if end <= l.filled || end < fillStep || l.tx.stream >= fillStep {
		return
	}
	from := max(l.filled, end/fillStep*fillStep)
	to := min((end/fillStep+1)*fillStep, l.keep)
	if longer := l.fileEnd.Load(); longer >= end {
		to = min(to, longer) // what lengthen has added is enough
	}
	if to <= end || from >= to {
		return
	}
	n, _ := l.f.WriteAt(zeros[:to-from], from)
	l.reached(from + int64(n))
}

// reached notes that the file holds bytes that were written up to an offset, and is as long.
func (l *Log) reached(end int64) {
	l.filled = max(l.filled, end)
	if end > l.fileEnd.Load() {
		l.fileEnd.Store(end)
	}
}
