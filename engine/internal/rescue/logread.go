// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// logSources are what the log has become: newest has what is newer than all segments, and oldest what may be older than
// they are.
type logSources struct{ newest, oldest []*source }

// beyond returns what a log has that does not continue the checkpoint at a position. What is before the position is in
// the checkpoint. After it there may be what the log held before it went on at its front: it counts only if the log
// shows damage, and as older than everything else.
func (l *logReader) beyond(at int64, start format.LogPos) ([]*source, error) {
	if start.Off <= at || !l.damagedBetween(at, start.Off) {
		return nil, nil
	}
	l.report.DamagedAt, l.report.LostBytes = at, start.Off-at
	_, err := l.replay(start)
	return l.afterDamage(), err
}

// long reports whether the log may have gone on at its front.
func (l *logReader) long() bool { return l.in.size > format.LogMinWrap }

// rest reads on after damage, where transactions follow in the file that were not read before, and returns the sources
// that are newer than the segments. began is where the newest stretch begins.
func (l *logReader) rest(began int64, part stretchOfLog, s *logSources) (newest []*source, err error) {
	rep := l.report
	for err == nil {
		at := part.end.Off
		if part.commits == 0 { // the first checksum is right, and what follows is not
			at = began
		}
		rep.Torn = part.torn
		next, more := l.resync(at)
		if !more || next.Off <= began {
			break
		}
		began = next.Off
		long := l.long()
		if long && !l.damagedBetween(at, next.Off) {
			break
		}
		if rep.DamagedAt < 0 {
			rep.DamagedAt = at
		}
		if long {
			newest = append(newest, l.sources()...)
		}
		before := rep.Transactions
		part, err = l.replay(next)
		rep.LostBytes += next.Off - at
		rep.After += rep.Transactions - before
		if long {
			s.oldest = append(l.afterDamage(), s.oldest...)
		}
	}
	return append(newest, l.sources()...), err
}

// afterDamage returns the sources of transactions that may be of long ago, newest first.
func (l *logReader) afterDamage() []*source {
	list := l.sources()
	for _, o := range list {
		o.found.Name, o.found.Guessed, o.dead = "log after the damage", true, true
	}
	return list
}

// start returns the first of some positions after which there are transactions.
func (l *logReader) start(from []format.LogPos) (format.LogPos, bool, error) {
	for _, pos := range from {
		got, err := l.look(pos)
		if err != nil || got.commits > 0 {
			return pos, true, err
		}
	}
	return format.LogPos{}, false, l.in.err
}

// first returns the place from which on the log can be read where that is known of none. If the log has gone on at its
// front, that comes after what is read before the jump.
func (l *logReader) first(from []format.LogPos) (format.LogPos, bool) {
	for _, pos := range from {
		if pos.Off > 0 {
			if at, ok := l.resync(pos.Off); ok {
				return at, true
			}
		}
	}
	at, ok := l.resync(0)
	if !ok || !l.long() {
		return at, ok
	}
	part, err := l.look(at)
	if err != nil || part.toFront {
		return at, ok
	}
	if next, more := l.resync(max(part.end.Off, at.Off+1)); more {
		if later, err := l.look(next); err == nil && later.toFront {
			return next, true
		}
	}
	return at, ok
}

// passes reports whether the transactions of the log lead to a position, with its checksum.
func (l *logReader) passes(pos format.LogPos) bool {
	from, ok := l.resync(0)
	if !ok || pos.Off == 0 {
		return false
	}
	passed := from == format.LogPos{Off: pos.Off, Sum: pos.Sum}
	_, _, err := wal.RecoverSteps(l.file, from, nil, func(format.LogRecord) error { return l.in.err }, func(at format.LogPos) error {
		passed = passed || at.Off == pos.Off && at.Sum == pos.Sum
		return nil
	})
	return passed && err == nil
}

// head returns the head of the log, nil if it has none.
func (l *logReader) head() *format.LogHead {
	b := make([]byte, format.LogHeadLen)
	l.in.readAt(b, 0)
	if h, ok := format.DecodeLogHead(b); ok {
		return &h
	}
	return nil
}

// damagedBetween reports whether the log shows damage between the end of its transactions and others that follow: a
// part that cannot be read, one transaction with a wrong checksum, or a sector of zeros.
func (l *logReader) damagedBetween(at, next int64) bool {
	if l.in.unreadable > 0 {
		return true
	}
	w := logWindow{in: l.in}
	zeros := 0
	for off := at; off < next && next-at <= logWindowBytes/2; off++ {
		b := w.at(off, 1)
		if len(b) == 0 {
			return false
		}
		if b[0] != 0 {
			zeros = 0
		} else if zeros++; zeros == minLogSector {
			return true
		}
	}
	for at < next {
		b := w.at(at, format.LogMaxHeaderLen)
		h, n := format.DecodeLogHeader(b)
		at += int64(n)
		switch {
		case n == 0 || h.Kind == format.LogEnd || h.Kind == format.LogJump || h.N1 > uint64(l.in.size) || h.N2 > uint64(l.in.size):
			return false
		case h.Kind == format.LogCommit:
			if at += format.LogChecksumLen; at == next {
				return true
			}
			continue
		case h.Summed:
			at += format.LogChecksumLen
		}
		at += int64(h.N1)
		if h.Kind == format.LogOperation {
			at += int64(h.N2)
		}
	}
	return false
}

// minLogSector is the least that a disk damages at once.
const minLogSector = 512
