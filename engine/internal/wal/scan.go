package wal

import (
	"io"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
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
	sum          format.LogSum
	at           place // where the stream is; the End of its last extent is not kept up

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
}

// off returns the file offset of the place.
func (p *place) off() int64 { return p.extents[p.numExtents-1].End }

// startPlace is the place at which the reading of a log begins.
func startPlace(off int64, sum format.Checksum) place {
	return place{sum: sum, extents: [3]Region{{off, off}}, numExtents: 1}
}

// moveTo makes the scanner continue at p.
func (s *scanner) moveTo(p place) {
	if s.buf == nil {
		s.buf = make([]byte, min(scanBuffer, max(s.size, 1<<10)))
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
		room := s.buf[s.w:min(int64(len(s.buf)), int64(s.w)+s.limit-s.off)]
		k, err := s.f.ReadAt(room, s.off)
		s.w += k
		s.off += int64(k)
		if k < len(room) {
			if err != io.EOF {
				return 0, ioerr.New("read log", "", "", err)
			}
			s.size = s.off // the file was cut since its size was asked for
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

// transaction reads up to and including the next commit. It reports false if the log
// ends before that.
func (s *scanner) transaction() (bool, error) {
	s.data, s.pending = s.data[:0], s.pending[:0]
	s.spilled = false
	s.records = 0
	for {
		if _, err := s.have(format.LogMaxHeaderLen); err != nil {
			return false, err
		}
		h, n := format.DecodeLogHeader(s.buf[s.r:s.w])
		if n == 0 {
			return false, nil
		}
		s.r += n
		ok := false
		var err error
		switch h.Kind {
		case format.LogPad:
			if h.N1 <= s.left() {
				ok, err = s.take(h.N1, nil)
			}
		case format.LogJump:
			ok = s.jump(h.N1)
		case format.LogCommit:
			if ok, err = s.verify(); ok {
				s.at.extents[s.at.numExtents-1].End = s.pos()
				s.at.sum = s.sum.End()
				return true, nil
			}
		case format.LogOperation:
			ok, err = s.operation(h)
		case format.LogEnd:
		}
		if !ok || err != nil {
			return false, err
		}
	}
}

// jump continues at the target, provided that it is in the file, in no extent that was
// read already, and the third place at most.
func (s *scanner) jump(target uint64) bool {
	n := s.at.numExtents
	if target > uint64(s.size) || n == len(s.at.extents) {
		return false
	}
	s.at.extents[n-1].End = s.pos()
	to := int64(target)
	for _, e := range s.at.extents[:n] {
		if e.Start <= to && to < e.End {
			return false
		}
	}
	s.sumUp()
	s.summed, s.r, s.w = 0, 0, 0
	s.off = to
	s.at.extents[n] = Region{to, to}
	s.at.numExtents++
	s.findLimit()
	return true
}

// operation consumes what follows the header of a write or delete.
func (s *scanner) operation(h format.LogHeader) (bool, error) {
	if h.Summed {
		if ok, err := s.verify(); !ok {
			return false, err
		}
	}
	left := s.left()
	if h.N1 > left || h.N2 > left-h.N1 || h.N1 > format.MaxStoredLen || h.N2 > format.MaxStoredLen {
		return false, nil
	}
	s.records++
	n := h.N1 + h.N2
	if s.direct != nil {
		if err := format.TooLong(h.N1, h.N2); err != nil {
			return false, err
		}
		if h.Op == format.LogWrite && h.N2 >= longValue {
			return s.longRecord(h)
		}
		s.data = slices.Grow(s.data[:0], int(n)) // known to be committed
		if ok, err := s.take(n, &s.data); !ok {
			return false, err
		}
		return true, s.direct(record(h.Op, s.data, int(h.N1)))
	}
	if !s.spilled && (n > uint64(s.keep-len(s.data)) || len(s.pending) == keepRecords) {
		s.spilled = true
		s.data, s.pending = s.data[:0], s.pending[:0]
	}
	if s.spilled {
		return s.take(n, nil)
	}
	s.pending = append(s.pending, pendingRecord{h.Op, len(s.data), int(h.N1), int(n)})
	return s.take(n, &s.data)
}

// longRecord hands a record with a long value over, which is read as it is asked for.
func (s *scanner) longRecord(h format.LogHeader) (bool, error) {
	s.data = slices.Grow(s.data[:0], int(h.N1))
	if ok, err := s.take(h.N1, &s.data); !ok {
		return false, err
	}
	loaded := false
	r := record(h.Op, s.data, int(h.N1))
	r.Value, r.ValueLen = nil, int(h.N2)
	r.Load = func(value []byte) error {
		loaded = true
		value = value[:0]
		ok, err := s.take(h.N2, &value)
		if err == nil && !ok {
			err = errLogChanged()
		}
		return err
	}
	if err := s.direct(r); err != nil || loaded {
		return true, err
	}
	return s.take(h.N2, nil)
}

func errLogChanged() error { return errs.Corruptf("the log changed while it was read") }

// record makes a record of its data, the first n1 bytes of which are the key.
func record(op format.LogOp, data []byte, n1 int) format.LogRecord {
	r := format.LogRecord{Op: op, Key: data[:n1:n1]}
	if op != format.LogDelete {
		r.Value = data[n1:len(data):len(data)]
	}
	return r
}

// applyTo hands the records of the transaction just read to apply. from is the place
// at which the transaction begins.
func (s *scanner) applyTo(apply applyFunc, from place) error {
	if s.spilled {
		return s.applyAgain(apply, from)
	}
	for _, p := range s.pending {
		data := s.data[p.at : p.at+p.n : p.at+p.n]
		if err := apply(record(p.op, data, p.n1)); err != nil {
			return err
		}
	}
	invariant.Mangle(s.data)
	return nil
}

// applyAgain reads the transaction that begins at from a second time.
func (s *scanner) applyAgain(apply applyFunc, from place) error {
	again := scanner{f: s.f, size: s.size, direct: apply}
	again.moveTo(from)
	ok, err := again.transaction()
	if err == nil && (!ok || again.at != s.at) {
		err = errLogChanged()
	}
	return err
}
