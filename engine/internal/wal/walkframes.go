// SPDX-License-Identifier: Apache-2.0

package wal

import "github.com/lsmlite/lsmlite-go/engine/internal/format"

// framesWalk is what a walk knows of the frames of an encrypted log.
type framesWalk struct {
	chainKnown bool  // the chain is that of the frame before
	saltKnown  bool  // so is the salt of its key
	inTx       bool  // the transaction has frames
	opened     bool  // all of them were opened
	off        int64 // of the last one

	// The operation that is being read from the frames.
	begun bool
	op    Entry
	rest  [2]uint64 // bytes of key and value that are not read yet
	kept  [2]int    // how many of them are in data
	data  []byte
}

// pad reads what comes after the header of a pad, and opens it if it is a frame and can be opened.
func (w *walker) pad(n uint64) (bool, error) {
	s, fr := &w.s, &w.frames
	if n > s.left() {
		return w.torn("a pad reaches beyond the end of the file, or of the space that is free")
	}
	frame, ok, err := s.frame(n)
	if err != nil {
		return false, err
	}
	if !ok {
		return w.torn("the file ends within a record")
	}
	w.e.Len = s.pos() - w.e.Off
	if frame == nil || !w.Encrypted {
		return true, nil
	}
	f := format.DecodeLogFrame(frame)
	w.e.Frame = &f
	fr.off = w.e.Off
	if !fr.inTx {
		fr.inTx, fr.opened = true, true
	}
	fr.saltKnown = fr.saltKnown || f.Key
	if s.keys != nil && fr.chainKnown && fr.saltKnown {
		if err := s.open(&s.at.chained, frame); err != nil {
			return false, err
		}
		if s.wrong != "" {
			return w.torn(s.wrong + ": it was changed, or is rolled back, or left from an earlier use of the space")
		}
		return true, nil
	}
	fr.opened = fr.opened && f.Key
	fr.chainKnown = true
	if s.at.chain = f.Tag(); f.Key {
		s.at.salt = f.Salt
	}
	return true, nil
}

// fromFrame reads an operation from the frames that were opened into w.e. It reports false if there is none,
// or if it goes on in the next frame; or it says in w.end why that cannot be.
func (w *walker) fromFrame() bool {
	s, fr := &w.s, &w.frames
	if !fr.begun {
		h, n := format.DecodeLogHeader(s.plain[s.used:])
		if n > 0 && (h.Kind != format.LogOperation || h.Summed || h.N1 > format.MaxStoredLen || h.N2 > format.MaxStoredLen) {
			_, _ = w.torn("a frame holds what is no record")
			return false
		}
		if n == 0 {
			return w.goesOn()
		}
		s.used += n
		fr.begun, fr.rest, fr.kept, fr.data = true, [2]uint64{h.N1, h.N2}, [2]int{}, fr.data[:0]
		fr.op = Entry{Header: h, Off: fr.off, Len: int64(n) + int64(h.N1+h.N2), InFrame: true}
	}
	for i := range fr.rest {
		n := min(fr.rest[i], uint64(len(s.plain)-s.used))
		keep := min(int(n), max(w.Part, 0)-fr.kept[i])
		fr.data = append(fr.data, s.plain[s.used:s.used+keep]...)
		fr.kept[i] += keep
		s.used += int(n)
		if fr.rest[i] -= n; fr.rest[i] > 0 {
			return w.goesOn()
		}
	}
	fr.begun = false
	w.e = fr.op
	w.e.Key, w.e.Value = fr.data[:fr.kept[0]:fr.kept[0]], fr.data[fr.kept[0]:]
	w.end.Uncommitted++
	return true
}

// goesOn reports that a record goes on in the next frame, which the last one has not.
func (w *walker) goesOn() bool {
	if w.s.last && (w.frames.begun || len(w.s.plain) > w.s.used) {
		_, _ = w.torn("a record goes on after the last frame")
	}
	return false
}

// committedFrames notes a commit, and reports false if frames are missing before it.
func (w *walker) committedFrames() bool {
	s, fr := &w.s, &w.frames
	if !fr.inTx {
		return true
	}
	if s.keys != nil && fr.opened && !s.last {
		_, _ = w.torn("the last frame of the transaction is missing")
		return false
	}
	s.at.commits++
	s.newTransaction()
	fr.inTx, fr.begun = false, false
	return true
}
