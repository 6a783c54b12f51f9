// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// transaction reads up to and including the next commit. It reports false if the log
// ends before that.
func (s *scanner) transaction() (bool, error) {
	s.data, s.pending = s.data[:0], s.pending[:0]
	s.spilled = false
	s.records = 0
	if s.keys != nil {
		return s.encryptedTransaction()
	}
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
	return s.record(h)
}

// record consumes the data of a write or delete.
func (s *scanner) record(h format.LogHeader) (bool, error) {
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
		if ok, err := s.body(n, &s.data); !ok {
			return false, err
		}
		return true, s.direct(record(h.Op, s.data, int(h.N1)))
	}
	if !s.spilled && (n > uint64(s.keep-len(s.data)) || len(s.pending) == keepRecords) {
		s.spilled = true
		s.data, s.pending = s.data[:0], s.pending[:0]
	}
	if s.spilled {
		return s.body(n, nil)
	}
	s.pending = append(s.pending, pendingRecord{h.Op, len(s.data), int(h.N1), int(n)})
	return s.body(n, &s.data)
}

// body is like take, the data of a record, which may be in frames.
func (s *scanner) body(n uint64, dst *[]byte) (bool, error) {
	if s.keys != nil {
		return s.takePlain(n, dst)
	}
	return s.take(n, dst)
}

// longRecord hands a record with a long value over, which is read as the caller needs it.
func (s *scanner) longRecord(h format.LogHeader) (bool, error) {
	s.data = slices.Grow(s.data[:0], int(h.N1))
	if ok, err := s.body(h.N1, &s.data); !ok {
		return false, err
	}
	loaded := false
	r := record(h.Op, s.data, int(h.N1))
	r.Value, r.ValueLen = nil, int(h.N2)
	r.Load = func(value []byte) error {
		loaded = true
		value = value[:0]
		ok, err := s.body(h.N2, &value)
		if err == nil && !ok {
			err = errLogChanged()
		}
		return err
	}
	if err := s.direct(r); err != nil || loaded {
		return true, err
	}
	return s.body(h.N2, nil)
}

var errChanged = errors.New("the log changed while it was read")

func errLogChanged() error { return fmt.Errorf("%w: %w", errs.Corruptf("read log"), errChanged) }

// record makes a record of its data, the first n1 bytes of which are the key.
func record(op format.LogOp, data []byte, n1 int) format.LogRecord {
	r := format.LogRecord{Op: op, Key: data[:n1:n1]}
	if op != format.LogDelete {
		r.Value = data[n1:len(data):len(data)]
	}
	return r
}
