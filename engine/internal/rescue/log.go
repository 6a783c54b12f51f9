// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

// logReader replays a log into trees. What does not fit into the memory that the log may take is written to a file
// for the time being, as a segment.
type logReader struct {
	o      *Options
	file   wal.File
	in     *input
	report *LogReport
	tree   *memtree.Tree
	spills []*source // newest first
	limit  int
}

// stretchOfLog is transactions that follow each other.
type stretchOfLog struct {
	end     format.LogPos
	commits int
	toFront bool // it goes on at the front of the file
	torn    bool // something follows that is no transaction
}

// replay applies the transactions from a position on.
func (l *logReader) replay(from format.LogPos) (stretchOfLog, error) {
	_, got, err := wal.RecoverSteps(l.file, from, l.o.Secret.Keys(), l.apply, func(format.LogPos) error {
		l.report.Transactions++
		return nil
	})
	if err == nil {
		err = l.in.err
	}
	return found(got), err
}

// look reads the transactions from a position on without applying them.
func (l *logReader) look(from format.LogPos) (stretchOfLog, error) {
	_, got, err := wal.Recover(l.file, from, l.o.Secret.Keys(), func(format.LogRecord) error { return l.in.err })
	if err == nil {
		err = l.in.err
	}
	return found(got), err
}

func found(r wal.Recovered) stretchOfLog {
	s := stretchOfLog{end: r.End, commits: r.Commits, torn: r.Torn}
	for i, region := range r.Regions {
		s.toFront = s.toFront || i > 0 && region.End > 0 && region.Start == 0 && r.Regions[0].End > 0
	}
	return s
}

func (l *logReader) apply(r format.LogRecord) error {
	l.report.Records++
	if err := wal.Apply(r, l.tree); err != nil {
		return err
	}
	if l.in.err != nil {
		return l.in.err
	}
	return l.spill() // its commit has been seen
}

// resync finds the first place from an offset on after which transactions follow whose checksums are right: a commit
// says what the state of the checksum is after it. It reports false if there is none.
func (l *logReader) resync(from int64) (format.LogPos, bool) {
	w := logWindow{in: l.in}
	for at := from; at+format.LogCommitLen < l.in.size && l.in.err == nil; at++ {
		b := w.at(at, format.LogCommitLen)
		if len(b) < format.LogCommitLen {
			return format.LogPos{}, false
		}
		if h, n := format.DecodeLogHeader(b); n != 1 || h.Kind != format.LogCommit {
			continue
		}
		pos := format.LogPos{Off: at + format.LogCommitLen, Sum: format.LogChecksum(b[1:])}
		if w.verifies(pos) {
			return pos, true
		}
	}
	return format.LogPos{}, false
}

// logWindow is a part of a log in memory.
type logWindow struct {
	in   *input
	data []byte
	off  int64
}

// logWindowBytes is how much of the log is in memory while it is searched. A checksum comes at least that often in a
// log, except after long records.
const logWindowBytes = 256 << 10

// at returns up to n bytes from an offset on.
func (w *logWindow) at(off int64, n int) []byte {
	if off < w.off || off+int64(n) > w.off+int64(len(w.data)) {
		if w.data == nil {
			w.data = make([]byte, logWindowBytes)
		}
		w.data = w.data[:cap(w.data)]
		w.data, w.off = w.data[:w.in.readAt(w.data, off)], off
	}
	rest := w.data[min(int64(len(w.data)), off-w.off):]
	return rest[:min(n, len(rest))]
}

// verifies reports whether the first checksum after a position is right.
func (w *logWindow) verifies(pos format.LogPos) bool {
	sum := format.StartLogSum(pos.Sum)
	at := pos.Off
	for at-pos.Off < logWindowBytes/2 {
		b := w.at(at, min(logWindowBytes/2, format.LogMaxHeaderLen))
		h, n := format.DecodeLogHeader(b)
		if n == 0 || h.Kind == format.LogEnd || h.Kind == format.LogJump {
			return false
		}
		sum.Add(b[:n])
		at += int64(n)
		if h.Kind == format.LogCommit || h.Summed {
			stored := w.at(at, format.LogChecksumLen)
			return len(stored) == format.LogChecksumLen && sum.End() == format.LogChecksum(stored)
		}
		data := h.N1
		if h.Kind == format.LogOperation {
			data += h.N2
		}
		if data > logWindowBytes/2 {
			return false
		}
		b = w.at(at, int(data))
		if len(b) < int(data) {
			return false
		}
		sum.Add(b)
		at += int64(data)
	}
	return false
}
