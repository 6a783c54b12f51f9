// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"io"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
)

// Peeked says what a log file looks like before it is replayed.
type Peeked struct {
	Size int64
	// Commits says that at least one transaction follows the checkpoint, and AtStart that
	// it does so at the beginning of the file and not at the position of the checkpoint.
	Commits, AtStart bool
	// Head is the head at the beginning, nil if there is none.
	Head *format.LogHead
	// Other says that the file begins with transactions, that they do not follow the
	// checkpoint, and that no head says where they belong.
	Other bool
	// Sealed says that the first transaction of the file seems to be that of an encrypted database.
	Sealed bool
}

// Peek looks at a log without replaying it. from is the position of the checkpoint. A nil
// file is one that does not exist.
func Peek(f File, from format.LogPos) (p Peeked, err error) {
	if f == nil {
		return p, nil
	}
	s := scanner{f: f, keep: keepBytes}
	if s.size, err = f.Size(); err != nil {
		return p, ioerr.New("size of log", "", "", err)
	}
	p.Size = s.size
	head := make([]byte, min(peekBytes, s.size))
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return p, ioerr.New("read log", "", "", err)
	}
	head = head[:n]
	if h, ok := format.DecodeLogHead(head); ok {
		p.Head = &h
	}
	p.Sealed = hasKeyFrame(head)
	for i, off := range []int64{from.Off, 0} {
		if off < 0 || off >= s.size {
			continue
		}
		s.moveTo(startPlace(format.LogPos{Off: off, Sum: from.Sum}))
		if p.Commits, err = s.transaction(); p.Commits || err != nil {
			p.AtStart = i == 1
			return p, err
		}
	}
	if p.Head == nil {
		p.Other, err = s.anyTransaction(head)
	}
	return p, err
}

// peekBytes is how much of a log is searched for its first checksum.
const peekBytes = 64 << 10

// hasKeyFrame reports whether there is a key frame in the first transaction of a file, whose first bytes are given.
func hasKeyFrame(front []byte) bool {
	for at := 0; ; {
		h, n := format.DecodeLogHeader(front[at:])
		if n == 0 || h.Kind == format.LogEnd || h.Kind == format.LogJump || h.Kind == format.LogCommit {
			return false
		}
		if at += n; h.Summed {
			at = min(at+format.LogChecksumLen, len(front))
		}
		left := uint64(len(front) - at)
		if h.N1 > left || h.N2 > left-h.N1 {
			return false
		}
		if h.Kind == format.LogPad && h.N1 > 0 && front[at] == format.LogKeyFrame && format.IsLogFrame(front[at], h.N1) {
			return true
		}
		at += int(h.N1 + h.N2)
	}
}

// anyTransaction reports whether there are transactions at the beginning of the file, whose
// first bytes are given, without knowing what they follow: two checksums have to fit each
// other.
func (s *scanner) anyTransaction(front []byte) (bool, error) {
	at := 0
	for {
		h, n := format.DecodeLogHeader(front[at:])
		if n == 0 || h.Kind == format.LogEnd || h.Kind == format.LogJump {
			return false, nil
		}
		at += n
		if h.Kind == format.LogCommit || h.Summed {
			if len(front)-at < format.LogChecksumLen {
				return false, nil
			}
			sum := format.LogChecksum(front[at:])
			at += format.LogChecksumLen
			if left := uint64(len(front) - at); h.N1 > left || h.N2 > left-h.N1 {
				return false, nil
			}
			s.moveTo(startPlace(format.LogPos{Off: int64(at), Sum: sum}))
			if h.Kind != format.LogCommit {
				// The data of the record belongs to the interval that begins here.
				if ok, err := s.take(h.N1+h.N2, nil); !ok || err != nil {
					return false, err
				}
			}
			return s.transaction()
		}
		if left := uint64(len(front) - at); h.N1 > left || h.N2 > left-h.N1 {
			return false, nil
		}
		at += int(h.N1 + h.N2)
	}
}
