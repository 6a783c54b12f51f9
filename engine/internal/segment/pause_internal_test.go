// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

type pauseFile struct {
	*blockfile.File
	n base.BlockNo
}

func (f *pauseFile) Allocate() (base.BlockNo, error) {
	f.n++
	f.SetBlocks(uint32(f.n))
	return f.n, nil
}

// TestPageWithRoomBehindALongRecord writes what C lsm1 leaves where it pauses a merge: a page
// on which a record ends, with room for others, and on which none starts. It is read; when
// such a page has lost the records that did start on it, that is noticed.
func TestPageWithRoomBehindALongRecord(t *testing.T) {
	raw, err := memfs.New().Open("/test.db", vfs.ReadWrite|vfs.Create, 0)
	if err != nil {
		t.Fatal(err)
	}
	geo, err := format.NewGeometry(1024, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	f := &pauseFile{File: blockfile.New(raw, "/test.db", geo, nil, 1<<20)}
	w := NewWriter(f.File, f, 0)
	var paused, ended []base.PageNo
	keys := 0
	add := func(size int) {
		t.Helper()
		if err := w.Add(base.Insert, fmt.Appendf(nil, "%04d", keys), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		keys++
	}
	for i := range 20 {
		for range 30 {
			add(40)
		}
		add(3000 + 10*i)
		if i%2 == 0 && w.leaf.NumCells() == 0 {
			paused = append(paused, w.no)
			if err := w.nextLeaf(); err != nil {
				t.Fatal(err)
			}
		} else {
			ended = append(ended, w.no)
		}
	}
	add(10)
	s, _, err := w.Finish()
	if err != nil || len(paused) < 5 || len(ended) < 5 {
		t.Fatal(err, paused, ended)
	}
	each := func(do func(p base.PageNo, page format.Page)) {
		for p := s.First; p <= s.Last; p++ {
			b := make([]byte, geo.PageSize)
			if _, err := raw.ReadAt(b, geo.Offset(p)); err != nil {
				t.Fatal(err)
			}
			do(p, geo.Content(p, b))
			if _, err := raw.WriteAt(b, geo.Offset(p)); err != nil {
				t.Fatal(err)
			}
		}
	}
	each(func(_ base.PageNo, page format.Page) { // as C writes it
		page[len(page)-4], page[len(page)-3] = 0, page[len(page)-3]&7
	})
	walk := func() (forward, backward int, err error) {
		fresh := blockfile.New(raw, "/test.db", geo, nil, 1<<20)
		fresh.SetBlocks(f.Blocks())
		seg, err := Open(&blockfile.Space{File: fresh}, s, What{})
		if err != nil {
			t.Fatal(err)
		}
		var it Iter
		it.Init(seg)
		for ok := it.First(); ok; ok = it.Next() {
			forward++
		}
		if it.Err() != nil {
			return forward, 0, it.Err()
		}
		for ok := it.Last(); ok; ok = it.Prev() {
			backward++
		}
		return forward, backward, it.Err()
	}
	if a, b, err := walk(); err != nil || a != keys || b != keys {
		t.Fatalf("%d records forward, %d backward, want %d: %v", a, b, keys, err)
	}
	for _, lost := range ended {
		var old format.Page
		each(func(p base.PageNo, page format.Page) {
			if p == lost {
				old = append(old, page...)
				clear(page)
			}
		})
		if a, _, err := walk(); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("page %d lost: %d records, %v", lost, a, err)
		}
		each(func(p base.PageNo, page format.Page) {
			if p == lost {
				copy(page, old)
			}
		})
	}
}
