// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// packedTail is the Tail of a compressed file.
type packedTail struct {
	stream stream
	page   []byte // memory for a page, decompressed
	// Of an encrypted file, from is the page that NextPage was asked about last, and to what it returned:
	// whether that comes after it is seen when it is read.
	from, to base.PageNo
}

// packedTails holds Tails with their buffers.
var packedTails = sync.Pool{New: func() any { return &packedTail{} }}

func newPackedTail(s *Space, l *packed) *packedTail {
	t := packedTails.Get().(*packedTail)
	t.stream.reset(s, l, tailBytes)
	t.from, t.to = 0, 0
	return t
}

func (t *packedTail) Close() {
	t.stream.s, t.stream.layout = nil, nil
	packedTails.Put(t)
}

func (t *packedTail) Page(p base.PageNo, n int, room []byte) (format.Page, error) {
	s := t.stream.s
	t.stream.ahead = t.stream.layout.bytesAhead(n/s.geo.PageSize+1, tailBytes)
	if size := s.geo.PageSize; len(room) >= size {
		room = room[:size:size]
	} else {
		room = t.own()
	}
	if p > 0 {
		if fr := s.cache.hold(p); fr != nil {
			defer fr.Release()
			if !t.comesNext(p, base.PageNo(fr.prev.Load())) {
				return nil, s.notNext(t.from, p)
			}
			return format.Page(room[:copy(room, fr.Page())]), nil
		}
	}
	if _, err := t.stream.imageInto(room, p); err != nil {
		return nil, err
	}
	if !t.comesNext(p, t.stream.prev) {
		return nil, s.notNext(t.from, p)
	}
	s.stats.aheadPages.count(1)
	return s.Verify(p, room)
}

// own makes the Tail's memory.
func (t *packedTail) own() []byte {
	if size := t.stream.s.geo.PageSize; len(t.page) != size {
		t.page = make([]byte, size, size+crypt.PageTail)
	}
	return t.page
}

// comesNext reports whether page p, which names prev as the one before it, may be read.
func (t *packedTail) comesNext(p, prev base.PageNo) bool {
	return t.stream.s.Box == nil || p != t.to || prev == t.from
}

func (t *packedTail) NextPage(p base.PageNo) (base.PageNo, error) {
	next, err := t.nextPage(p)
	t.from, t.to = p, next
	return next, err
}

func (t *packedTail) nextPage(p base.PageNo) (base.PageNo, error) {
	if fr := t.stream.s.cache.get(p); fr != nil {
		if n := fr.next.Load(); n != 0 {
			return base.PageNo(max(n, -n)), nil
		}
	}
	return t.stream.nextPage(p)
}

// Fill leaves all pages to Page: they are decompressed one by one.
func (t *packedTail) Fill(base.PageNo, []byte) (n int, last base.PageNo, err error) { return 0, 0, nil }
