// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
)

// Sum is what a stored checksum says of what comes before it.
type Sum uint8

const (
	SumNone    Sum = iota // there is none
	SumGood               // it fits
	SumBad                // it does not
	SumUnknown            // there is nothing to compare it with: it is the first one of a walk without a beginning
)

// Entry is a record of the log, for a person to look at. Its bytes are valid until the next one.
type Entry struct {
	Header format.LogHeader
	Off    int64 // of its first byte
	Len    int64 // from there to the next record; for the end of the log 0
	Sum    Sum
	// Key and Value are the first bytes of the two parts of an operation.
	Key, Value []byte
	Head       *format.LogHead // of a pad that is the head of a log
	// Frame is that of a pad which is a frame of an encrypted log. InFrame says that an operation was in a
	// frame: then Off is where the frame begins, and Len the length of the record in it.
	Frame   *format.LogFrame
	InFrame bool
	After   format.LogPos // of a commit: the position after it
	End     *End          // of the last entry
}

// End is what ends a log.
type End struct {
	Why string
	// Torn says that something comes after the last commit that is neither zeros nor nothing.
	Torn        bool
	Commits     int64
	Uncommitted int64         // operations after the last commit
	After       format.LogPos // the position after the last commit
	Regions     [3]Region     // of the live log up to there
}

// WalkOptions says how a log is walked through.
type WalkOptions struct {
	// NoBeginning takes the first stored checksum as it is: what comes before it cannot be verified.
	NoBeginning bool
	// Keys open the frames of an encrypted log; nil passes over what they hold.
	Keys *crypt.Keys
	// Encrypted says that the log is that of an encrypted file: frames are followed, with or without keys, and
	// the decoy is a pad. Keys, or a position with a chain, say so, too.
	Encrypted bool
	// Part is how many bytes of a key, and of a value, an entry has at most.
	Part int
}

// Walk reads a log record by record from a position on, follows its jumps, and calls yield for each
// entry until that returns false. The last entry is the end of the log. Records after the last
// commit are those of a transaction that is torn, rolled back, or still being written. Memory in
// use is bounded. A file that is written meanwhile may seem to end early.
func Walk(f File, from format.LogPos, o WalkOptions, yield func(*Entry) bool) error {
	w := walker{WalkOptions: o}
	w.s.f, w.s.keys = f, o.Keys
	w.Encrypted = o.Encrypted || o.Keys != nil || from.Chain != [16]byte{}
	w.frames.chainKnown = !o.NoBeginning
	w.frames.saltKnown = !o.NoBeginning && from.Salt != [16]byte{}
	var err error
	if w.s.size, err = f.Size(); err != nil {
		return ioerr.New("size of log", "", "", err)
	}
	start := from
	start.Off = max(from.Off, 0)
	w.last = startPlace(start)
	w.anchored = !o.NoBeginning
	if from.Off < 0 || from.Off > w.s.size {
		w.e.Off = w.last.off()
		w.end.Why = fmt.Sprintf("the log is to go on at offset %d, and the file has %d bytes", from.Off, w.s.size)
		yield(w.ending())
		return nil
	}
	w.s.moveTo(w.last)
	for {
		w.e = Entry{Off: w.s.pos()}
		ok, err := w.record()
		if err != nil {
			return err
		}
		if !ok {
			yield(w.ending())
			return nil
		}
		if !yield(&w.e) {
			return nil
		}
	}
}

// walker is a walk in progress.
type walker struct {
	WalkOptions
	s        scanner
	e        Entry
	end      End
	last     place // after the last commit
	anchored bool  // the checksum is known
	frames   framesWalk
}

// record reads the next record into w.e, or says in w.end why there is none.
func (w *walker) record() (ok bool, err error) {
	s := &w.s
	if s.used < len(s.plain) {
		if ok = w.fromFrame(); ok || w.end.Torn {
			return ok, nil
		}
	}
	have, err := s.have(max(format.LogMaxHeaderLen, format.LogHeadLen))
	if err != nil {
		return false, err
	}
	h, n := format.DecodeLogHeader(s.buf[s.r:s.w])
	if n == 0 {
		if w.end.Why = "the file ends"; have > 0 {
			return w.torn("the file ends within a record")
		}
		return false, nil
	}
	first := s.buf[s.r]
	if w.e.Off == 0 {
		if head, ok := format.DecodeLogHead(s.buf[s.r:s.w]); ok {
			w.e.Head = &head
		}
	}
	w.e.Header = h
	s.r += n
	switch h.Kind {
	case format.LogPad:
		return w.pad(h.N1)
	case format.LogJump:
		return w.jump(h.N1)
	case format.LogCommit:
		if ok, err = w.verify(); ok {
			ok = w.commit()
		}
	case format.LogOperation:
		ok, err = w.operation(h)
	case format.LogEnd:
		if first != 0 {
			return w.torn(fmt.Sprintf("byte %#02x begins no record", first))
		}
		w.end.Why = "a zero ends it"
		return false, nil
	}
	if err == nil && !ok && w.end.Why == "" {
		return w.torn("the file ends within a record")
	}
	w.e.Len = s.pos() - w.e.Off
	return ok, err
}

// torn ends the log with something that is no record.
func (w *walker) torn(why string) (ok bool, err error) {
	w.end.Why, w.end.Torn = why, true
	return false, nil
}

func (w *walker) jump(target uint64) (ok bool, err error) {
	w.e.Len = w.s.pos() - w.e.Off
	if !w.s.jump(target) {
		return w.torn(fmt.Sprintf("a jump to offset %d, where the log cannot go on", target))
	}
	return true, nil
}

// commit notes a commit that has just been verified, or reports false if it cannot be one.
func (w *walker) commit() bool {
	s := &w.s
	if !w.committedFrames() {
		return false
	}
	s.at.extents[s.at.numExtents-1].End = s.pos()
	s.at.sum = s.sum.End()
	w.last = s.at
	w.end.Commits++
	w.end.Uncommitted = 0
	w.e.After = s.at.pos()
	return true
}

// verify is that of the scanner, and says what it has found.
func (w *walker) verify() (bool, error) {
	s := &w.s
	if !w.anchored {
		n, err := s.have(format.LogChecksumLen)
		if err != nil || n < format.LogChecksumLen {
			return false, err
		}
		s.sum = format.StartLogSum(format.LogChecksum(s.buf[s.r:]))
		s.r += format.LogChecksumLen
		s.summed = s.r
		w.anchored, w.e.Sum = true, SumUnknown
		return true, nil
	}
	if n, err := s.have(format.LogChecksumLen); err != nil || n < format.LogChecksumLen {
		return false, err
	}
	ok, err := s.verify()
	if w.e.Sum = SumGood; !ok && err == nil {
		w.e.Sum = SumBad
		_, err = w.torn("a checksum does not fit: the record is torn, rolled back, still being written, or left from an earlier use of the space")
	}
	return ok, err
}

func (w *walker) operation(h format.LogHeader) (bool, error) {
	s := &w.s
	if h.Summed {
		if ok, err := w.verify(); !ok {
			return false, err
		}
	}
	left := s.left()
	if h.N1 > left || h.N2 > left-h.N1 || h.N1 > format.MaxStoredLen || h.N2 > format.MaxStoredLen {
		return w.torn("a record reaches beyond the end of the file, or of the space that is free")
	}
	s.data = s.data[:0]
	key, ok, err := w.part(h.N1)
	if !ok {
		return false, err
	}
	value, ok, err := w.part(h.N2)
	if !ok {
		return false, err
	}
	if w.Encrypted {
		if h.Op != format.LogDelete || h.N1 != uint64(len(format.LogDecoyKey)) {
			return w.torn("a record of an encrypted log is not encrypted")
		}
		w.e.Header = format.LogHeader{Kind: format.LogPad}
		return true, nil
	}
	w.e.Key, w.e.Value = s.data[:key:key], s.data[key:key+value]
	w.end.Uncommitted++
	return true, nil
}

// part reads n bytes, keeps the first ones, and returns how many of them.
func (w *walker) part(n uint64) (kept int, ok bool, err error) {
	kept = int(min(n, uint64(max(w.Part, 0))))
	w.s.data = slices.Grow(w.s.data, kept)
	if ok, err := w.s.take(uint64(kept), &w.s.data); !ok {
		return 0, false, err
	}
	ok, err = w.s.take(n-uint64(kept), nil)
	return kept, ok, err
}

// ending makes the entry of the end.
func (w *walker) ending() *Entry {
	w.end.After = w.last.pos()
	w.end.Regions = regionsOf(w.last.extents[:w.last.numExtents])
	off := w.e.Off
	w.end.Torn = w.end.Torn || off != w.last.off()
	w.e = Entry{Header: format.LogHeader{Kind: format.LogEnd}, Off: off, End: &w.end, Sum: w.e.Sum}
	return &w.e
}
