// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// opener opens the frames of a log for a scanner.
type opener struct {
	keys *crypt.Keys // nil: the log is not encrypted, or is read without its frames
	box  *crypt.Box  // of salt; nil before the first frame
	salt [16]byte

	// The transaction in progress: plain[used:] of its records are not consumed yet.
	plain []byte
	used  int
	last  bool   // its last frame was opened
	wrong string // why it can be none that was written with the key
	ended ending // why no frame follows
}

// ending says what ended the frames of a transaction.
type ending uint8

const (
	notEnded    ending = iota
	logEnded           // the log ends, or is torn: there is no transaction
	commitEnded        // a commit whose checksum agrees
)

// newTransaction forgets the frames of the transaction before.
func (o *opener) newTransaction() {
	o.plain, o.used = o.plain[:0], 0
	o.last, o.wrong, o.ended = false, "", notEnded
}

// fail notes why a transaction is wrong. That counts only if its commit agrees: else it is torn, rolled
// back, or left over.
func (o *opener) fail(why string) {
	if o.wrong == "" {
		o.wrong = why
	}
}

// open opens a frame that follows c, and moves c after it. What a data frame holds comes after what is not
// consumed yet.
func (o *opener) open(c *chained, pad []byte) error {
	f := format.DecodeLogFrame(pad)
	if f.Key {
		c.salt = f.Salt
	}
	if o.box == nil || o.salt != c.salt {
		box, err := o.keys.Log(c.salt)
		if err != nil {
			return err
		}
		o.box, o.salt = box, c.salt
	}
	switch {
	case o.last:
		o.fail("a frame comes after the last one")
	case f.Key:
		if chain, err := o.box.OpenKeyFrame(f.Box, c.chain, c.salt); err != nil {
			o.fail("a key frame does not open")
		} else {
			c.chain = chain
		}
	default:
		n := copy(o.plain, o.plain[o.used:])
		o.used = 0
		if plain, chain, err := o.box.OpenDataFrame(o.plain[:n], f.Box, c.chain, f.Flags); err != nil {
			o.plain = o.plain[:n]
			o.fail("a frame does not open")
		} else {
			o.plain, c.chain, o.last = plain, chain, f.Last()
		}
	}
	return nil
}

// encryptedTransaction is transaction for a log that is encrypted. Where the checksum of the commit agrees and
// anything else does not, the log was changed by what has no key: that is an error.
func (s *scanner) encryptedTransaction() (bool, error) {
	s.newTransaction()
	for s.ended == notEnded && s.wrong == "" {
		n, err := s.havePlain(format.LogMaxHeaderLen)
		if err != nil {
			return false, err
		}
		if n == 0 && s.last || s.ended != notEnded || s.wrong != "" {
			break
		}
		h, n := format.DecodeLogHeader(s.plain[s.used:])
		if n == 0 || h.Kind != format.LogOperation || h.Summed || h.N1 > format.MaxStoredLen || h.N2 > format.MaxStoredLen ||
			h.N1+h.N2 > uint64(s.size) {
			s.fail("a frame holds what is no record")
			break
		}
		s.used += n
		if ok, err := s.record(h); err != nil {
			return false, err
		} else if !ok {
			s.fail("a record goes on after the last frame")
		}
	}
	for s.ended == notEnded {
		if err := s.nextFrame(); err != nil {
			return false, err
		}
	}
	if s.ended == logEnded {
		return false, nil
	}
	if !s.last {
		s.fail("the last frame is missing")
	}
	if s.wrong != "" {
		return false, errs.Tamperedf("the transaction of the log that ends at byte %d: %s", s.pos(), s.wrong)
	}
	s.at.commits++
	return true, nil
}

// havePlain tries to have n bytes of records that are not consumed, and returns how many there are.
func (s *scanner) havePlain(n int) (int, error) {
	for len(s.plain)-s.used < n && !s.last && s.wrong == "" && s.ended == notEnded {
		if err := s.nextFrame(); err != nil {
			return 0, err
		}
	}
	return len(s.plain) - s.used, nil
}

// takePlain is like take, the bytes of records.
func (s *scanner) takePlain(n uint64, dst *[]byte) (bool, error) {
	for n > 0 {
		k, err := s.havePlain(1)
		if err != nil || k == 0 {
			return false, err
		}
		k = int(min(uint64(k), n))
		if dst != nil {
			*dst = append(*dst, s.plain[s.used:s.used+k]...)
		}
		s.used += k
		n -= uint64(k)
	}
	return true, nil
}

// nextFrame reads on until it has opened a data frame, or says in ended why there is none. Once the
// transaction is known to be wrong it only looks for the commit.
func (s *scanner) nextFrame() error {
	for s.ended == notEnded {
		if _, err := s.have(format.LogMaxHeaderLen); err != nil {
			return err
		}
		h, n := format.DecodeLogHeader(s.buf[s.r:s.w])
		if n == 0 {
			s.ended = logEnded
			return nil
		}
		s.r += n
		ok := false
		var err error
		switch h.Kind {
		case format.LogPad:
			var data bool
			if data, err = s.pad(h.N1); data || err != nil {
				return err
			}
			ok = s.ended == notEnded
		case format.LogJump:
			ok = s.jump(h.N1)
		case format.LogCommit:
			if ok, err = s.verify(); ok {
				s.at.extents[s.at.numExtents-1].End = s.pos()
				s.at.sum = s.sum.End()
				s.ended = commitEnded
			}
		case format.LogOperation:
			ok, err = s.notInFrame(h)
		case format.LogEnd:
		}
		if err != nil {
			return err
		}
		if !ok {
			s.ended = logEnded
		}
	}
	return nil
}

// pad consumes a pad, or ends the log if it reaches too far, and opens it if it is a frame. It reports
// whether that was a data frame.
func (s *scanner) pad(n uint64) (data bool, err error) {
	frame, ok, err := s.frame(n)
	if err != nil || len(frame) == 0 {
		if !ok {
			s.ended = logEnded
		}
		return false, err
	}
	if s.wrong == "" {
		err = s.open(&s.at.chained, frame)
	}
	return frame[0] == format.LogDataFrame, err
}

// frame consumes a pad of n bytes, and returns them if they are a frame: they are valid until more is
// read. It reports false if the log ends within the pad.
func (s *scanner) frame(n uint64) (frame []byte, ok bool, err error) {
	if n > s.left() {
		return nil, false, nil
	}
	if have, err := s.have(1); err != nil || have == 0 {
		return nil, n == 0, err
	}
	if !format.IsLogFrame(s.buf[s.r], n) {
		ok, err = s.take(n, nil)
		return nil, ok, err
	}
	if have, err := s.have(int(n)); err != nil || have < int(n) {
		return nil, false, err
	}
	frame = s.buf[s.r : s.r+int(n)]
	s.r += int(n)
	return frame, true, nil
}

// notInFrame consumes an operation that is in no frame, and has to be the decoy.
func (s *scanner) notInFrame(h format.LogHeader) (bool, error) {
	if h.Summed {
		if ok, err := s.verify(); !ok {
			return false, err
		}
	}
	left := s.left()
	if h.N1 > left || h.N2 > left-h.N1 {
		return false, nil
	}
	if h.Op != format.LogDelete || h.N1 != uint64(len(format.LogDecoyKey)) {
		s.fail(fmt.Sprintf("a %v is not encrypted", h.Op))
		return s.take(h.N1+h.N2, nil)
	}
	if have, err := s.have(1); err != nil || have == 0 {
		return false, err
	}
	if s.buf[s.r] != format.LogDecoyKey[0] {
		s.fail("a delete is not encrypted")
	}
	s.r++
	return true, nil
}
