// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"io"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
)

const (
	// scanBuffer is the size of the pieces in which the log is read.
	scanBuffer = 256 << 10
	// keepBytes is up to which size the data of a transaction is kept until its commit
	// has been seen. A larger transaction is read again.
	keepBytes = 4 << 20
	// keepRecords bounds the number of its records in the same way.
	keepRecords = keepBytes / 32
	// longValue is the length from which on a value is handed over by Load, so that it is
	// in memory once.
	longValue = 1 << 20
)

type applyFunc func(format.LogRecord) error

// scanner walks a log from commit to commit.
//
// No length read from the file is believed before it was compared with what is left of
// the file, and no memory is reserved for the data of a record before the record is
// known to be committed, except within the bounds of keep.
type scanner struct {
	f    File
	size int64 // of the file; shrinks if reading finds less

	// buf[r:w] was read and not consumed, buf[summed:r] was consumed and not summed.
	// The next bytes come from offset off of the file, and none from limit on.
	buf          []byte
	summed, r, w int
	off, limit   int64
	near         int64 // reading stops here once, as nothing after it may be needed
	sum          format.LogSum
	opener
	at place // where the stream is; the End of its last extent is not kept up

	// The transaction in progress. Its records are collected in pending and their data
	// in data, unless that becomes too much, or unless direct takes them at once.
	keep    int
	data    []byte
	pending []pendingRecord
	spilled bool
	direct  applyFunc
	records int64
}

type pendingRecord struct {
	op    format.LogOp
	at    int // where its data begins in scanner.data
	n1, n int // length of the first part of the data, and of all
}

// place is a position between two transactions, and the way that led there.
type place struct {
	sum        format.Checksum
	extents    [3]Region // in reading order; the last one in use ends at the place
	numExtents int
	chained
}

// pos returns the place as a position.
func (p *place) pos() format.LogPos { return p.at(p.off(), p.sum) }

// off returns the file offset of the place.
func (p *place) off() int64 { return p.extents[p.numExtents-1].End }

// samePlace reports whether two positions are the same place of the same log.
func samePlace(a, b format.LogPos) bool {
	a.Toggle = b.Toggle
	return a == b
}

// startPlace is the place at which the reading of a log begins.
func startPlace(p format.LogPos) place {
	return place{sum: p.Sum, extents: [3]Region{{p.Off, p.Off}}, numExtents: 1, chained: chainedAt(p)}
}

// moveTo makes the scanner continue at p.
func (s *scanner) moveTo(p place) {
	if n := min(scanBuffer, max(s.size, 1<<10)); int64(len(s.buf)) < n {
		s.buf = make([]byte, min(scanBuffer, max(n, 2*int64(len(s.buf))))) // the file may get longer each time
	}
	s.at = p
	s.sum = format.StartLogSum(p.sum)
	s.summed, s.r, s.w = 0, 0, 0
	s.off = p.off()
	s.findLimit()
}

// findLimit sets where the extent being read has to end at the latest: where one that
// was read before begins, or the file ends.
func (s *scanner) findLimit() {
	n := s.at.numExtents
	s.limit = s.size
	for _, e := range s.at.extents[:n-1] {
		if e.Start > s.at.extents[n-1].Start {
			s.limit = min(s.limit, e.Start)
		}
	}
}

// pos returns the file offset of the next byte to consume.
func (s *scanner) pos() int64 { return s.off - int64(s.w-s.r) }

// left returns how many bytes are left to consume in this extent.
func (s *scanner) left() uint64 { return uint64(s.limit - s.pos()) }

// have tries to make n unconsumed bytes available, n being at most the buffer's size,
// and returns how many there are.
func (s *scanner) have(n int) (int, error) {
	if s.w-s.r >= n || s.off >= s.limit {
		return s.w - s.r, nil
	}
	s.sumUp()
	copy(s.buf, s.buf[s.r:s.w])
	s.w -= s.r
	s.summed, s.r = 0, 0
	for s.w < n && s.off < s.limit {
		end := s.limit
		if s.off < s.near {
			end = min(end, s.near)
		}
		room := s.buf[s.w:min(int64(len(s.buf)), int64(s.w)+end-s.off)]
		k, err := s.f.ReadAt(room, s.off)
		s.w += k
		s.off += int64(k)
		if k < len(room) {
			if err != io.EOF {
				return 0, ioerr.New("read log", "", "", err)
			}
			s.size = s.off // the file was cut since its size was read
			s.limit = s.off
		}
	}
	return s.w - s.r, nil
}

// sumUp sums what was consumed.
func (s *scanner) sumUp() {
	s.sum.Add(s.buf[s.summed:s.r])
	s.summed = s.r
}

// take consumes n bytes, no more than left, and appends them to dst, or drops them if
// dst is nil.
func (s *scanner) take(n uint64, dst *[]byte) (bool, error) {
	for n > 0 {
		k, err := s.have(1)
		if err != nil || k == 0 {
			return false, err
		}
		k = int(min(uint64(k), n))
		if dst != nil {
			*dst = append(*dst, s.buf[s.r:s.r+k]...)
		}
		s.r += k
		n -= uint64(k)
	}
	return true, nil
}

// verify ends the checksum interval and consumes a stored checksum, which has to match.
func (s *scanner) verify() (bool, error) {
	if n, err := s.have(format.LogChecksumLen); err != nil || n < format.LogChecksumLen {
		return false, err
	}
	s.sumUp()
	want := format.LogChecksum(s.buf[s.r:])
	s.r += format.LogChecksumLen
	s.summed = s.r
	return s.sum.End() == want, nil
}

// applyTo hands the records of the transaction just read to apply. from is the place
// at which the transaction begins.
func (s *scanner) applyTo(apply applyFunc, from place) error {
	if s.spilled {
		return s.applyAgain(apply, from, s.at)
	}
	err := s.applyPending(apply)
	if err == nil {
		invariant.Mangle(s.data)
	}
	return err
}

// applyPending hands over the records of a transaction that is in memory.
func (s *scanner) applyPending(apply applyFunc) error {
	for _, p := range s.pending {
		data := s.data[p.at : p.at+p.n : p.at+p.n]
		if err := apply(record(p.op, data, p.n1)); err != nil {
			return err
		}
	}
	return nil
}

// applyAgain reads the transaction that begins at from, and ends at to, a second time.
func (s *scanner) applyAgain(apply applyFunc, from, to place) error {
	again := scanner{f: s.f, size: s.size, direct: apply, opener: opener{keys: s.keys}}
	again.moveTo(from)
	ok, err := again.transaction()
	if err == nil && (!ok || !samePlace(again.at.pos(), to.pos())) {
		err = errLogChanged()
	}
	return err
}
