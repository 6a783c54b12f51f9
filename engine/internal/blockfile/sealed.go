// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// Encrypted files. The body of a page's record is a box under the key of its segment, bound to the
// page's number: the image that the codec makes of the page, or the page as it is, the number of the
// segment's previous page, and whether it is the last one. Sizes, padding and block links stay in clear,
// so they are hints only:
//
//   - A page comes out of a record only if it was put there, in that place, for that segment.
//   - Going forward, the page that the hints lead to must name the page where the reader comes from.
//     A frame's next is set after that; until then it holds the hint, negative.
//   - Going backward, the page itself says which one is before it; a frame's prev is what it says.
//   - The page that the hints show to be a segment's last one must say that it is.
//
// So whatever is done to the hints gives an error, and never another row. All of a segment's pages are
// written by one Appender, which draws the salt of their key: no place is written twice under one key.

// Space returns the file as the segment with that salt sees it. Of a file that is not encrypted
// the salt has no meaning.
func (f *File) Space(salt crypt.Salt) (*Space, error) {
	if f.keys == nil {
		return &Space{File: f}, nil
	}
	box, err := f.keys.Segment(salt)
	if err != nil {
		return nil, err
	}
	return &Space{File: f, Box: box}, nil
}

// Encrypted reports whether the file is encrypted.
func (f *File) Encrypted() bool { return f.keys != nil }

// sealedNext is nextPage for an encrypted file: it reads the next page, and those after it up to page last,
// unless that is 0, into the cache.
func (l *packed) sealedNext(s *Space, p, last base.PageNo) (base.PageNo, error) {
	from := s.cache.hold(p)
	defer from.Release()
	next, err := l.hint(s, from, p)
	if err != nil {
		return 0, err
	}
	if next < 0 {
		return -next, nil
	}
	fr := s.cache.hold(next)
	switch {
	case fr != nil:
	case last != 0 && s.inRange(next):
		fr, err = s.layout.missAhead(s, next, last)
	default:
		fr, err = s.layout.miss(s, next)
	}
	if err != nil {
		return 0, err
	}
	defer fr.Release()
	if base.PageNo(fr.prev.Load()) != p {
		return 0, s.notNext(p, next)
	}
	if from != nil {
		from.next.Store(int64(next))
	}
	return next, nil
}

// hint returns where the page after p seems to be, negative if it is certain. from is its frame, or nil.
func (l *packed) hint(s *Space, from *Frame, p base.PageNo) (base.PageNo, error) {
	if from != nil {
		if n := from.next.Load(); n != 0 {
			return base.PageNo(-n), nil
		}
	}
	t := l.borrow(s, format.RecordSizeLen)
	defer t.giveBack()
	return t.nextPage(p)
}

// sealedPrev is prevPage for an encrypted file.
func (l *packed) sealedPrev(s *Space, p base.PageNo) (base.PageNo, error) {
	fr := s.cache.hold(p)
	if fr == nil {
		var err error
		if fr, err = s.layout.miss(s, p); err != nil {
			return 0, err
		}
	}
	defer fr.Release()
	prev := base.PageNo(fr.prev.Load())
	if prev == 0 {
		return 0, s.tampered(p, "the page is the first one of its segment, but another is to come before it")
	}
	return prev, nil
}

// sealedLast checks that page p, which the hints show to be the last one of its segment, says so.
func (l *packed) sealedLast(s *Space, t *stream, p base.PageNo) (base.PageNo, error) {
	fr, _, err := t.frame(p)
	if err != nil {
		return 0, err
	}
	fr.Release()
	if !t.isLast {
		return 0, s.tampered(p, "the page is not the last one of its segment, but none is after it")
	}
	return p, nil
}
