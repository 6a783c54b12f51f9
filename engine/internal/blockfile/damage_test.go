// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

func TestDamagedPages(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	pages, a := x.write(100, 0, 2, 3)
	s := &blockfile.Space{File: x.file, Sealed: true}
	plain := &blockfile.Space{File: x.file}
	read := map[string]func(s *blockfile.Space, p base.PageNo) error{
		"one page": func(s *blockfile.Space, p base.PageNo) error { _, err := s.Page(p); return err },
		"pages in a row": func(s *blockfile.Space, p base.PageNo) error {
			_, err := blockfile.NewFresh(s, a.LastPage()).Page(p)
			return err
		},
	}
	put := func(p base.PageNo, raw []byte) {
		if _, err := x.f.WriteAt(raw, x.geo.Offset(p)); err != nil {
			t.Fatal(err)
		}
	}
	for how, read := range read {
		t.Run(how, func(t *testing.T) {
			x.t = t
			p := pages[10]
			old, err := (&blockfile.Space{File: x.file}).RawPage(p)
			if err != nil {
				t.Fatal(err)
			}
			raw := bytes.Clone(old)
			raw[100] ^= 1
			put(p, raw)
			x.expectCorrupt(read(s, p), p, "page sum")
			put(p, make([]byte, 1024))
			x.expectCorrupt(read(s, p), p, "no page sum")
			// Without a check only the structure is looked at.
			clear(raw)
			raw[1022] = 0xFF
			put(p, raw)
			x.expectCorrupt(read(plain, p), p, "more than fit")
			put(p, old)
			x.expectCorrupt(read(plain, p), p, "unlike the others")
			x.expect(format.Page(x.geo.Content(p, old)), read(s, p), p)
			for _, p := range []base.PageNo{-5, 0, 1, 8, x.geo.MaxPage(20) + 1, 1 << 50} {
				x.expectCorrupt(read(s, p), p, "outside")
			}
			if err := x.f.Truncate(x.geo.Offset(pages[99]) + 1023); err != nil {
				t.Fatal(err)
			}
			x.expectCorrupt(read(s, pages[99]), pages[99], "after the end of the file")
			if err := read(s, pages[98]); err != nil {
				t.Errorf("the page before the cut: %v", err)
			}
			if _, err := (&blockfile.Space{File: x.file}).RawPage(pages[99]); err == nil {
				t.Error("a raw page behind the end of the file is read")
			}
			x.write(100, 0, 2, 3)
		})
	}
}

// TestWildPageNumbers: the numbers that a damaged file may name are refused, also where a
// page is in memory whose number has the same low bits.
func TestWildPageNumbers(t *testing.T) {
	x := newFixture(t, 4096, 1<<20)
	pages, a := x.write(40, 0, 1, 2, 3)
	s := &blockfile.Space{File: x.file, Sealed: true}
	for _, p := range pages {
		page, err := s.Page(p)
		x.expect(page, err, p)
		for _, high := range []int64{1 << 32, 1 << 36, 1 << 40, 10 << 36, 1 << 62, -1 << 63, -1 << 36} {
			wild := p + base.PageNo(high)
			_, err := s.Page(wild)
			x.expectCorrupt(err, wild, "outside the file's 20 blocks")
			_, err = pageAhead(s, wild, a.LastPage())
			x.expectCorrupt(err, wild, "outside the file's 20 blocks")
			_, err = s.RawPage(wild)
			x.expectCorrupt(err, wild, "outside the file's 20 blocks")
			_, err = blockfile.NewSequential(s, a.LastPage()).Page(wild)
			x.expectCorrupt(err, wild, "outside the file's 20 blocks")
			_, err = blockfile.NewFresh(s, a.LastPage()).Page(wild)
			x.expectCorrupt(err, wild, "outside the file's 20 blocks")
		}
	}
}

func TestBrokenLinks(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	pages, _ := x.write(100, 0, 2, 3)
	s := &blockfile.Space{File: x.file, Sealed: true}
	last, first := pages[63], pages[64]
	for _, wrong := range []base.BlockNo{0, 21, 1 << 31} {
		for _, p := range []base.PageNo{last, first} {
			raw, err := (&blockfile.Space{File: x.file}).RawPage(p)
			if err != nil {
				t.Fatal(err)
			}
			x.geo.SetLink(p, raw, wrong)
			if _, err := x.f.WriteAt(raw, x.geo.Offset(p)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.NextPage(last)
		x.expectCorrupt(err, last, "links to block")
		_, err = s.PrevPage(first)
		x.expectCorrupt(err, first, "links to block")
	}
}

// failing is a file whose operations fail.
type failing struct {
	vfs.File
	err error
}

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func (f failing) WriteAt([]byte, int64) (int, error) { return 0, f.err }

func (f failing) Sync() error { return f.err }

func (f failing) Truncate(int64) error { return f.err }

func TestErrorsOfTheFile(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	x.write(100, 0, 2, 3)
	for _, test := range []struct{ err, want error }{{errors.New("broken"), errs.ErrIO}, {syscall.ENOSPC, errs.ErrFull}} {
		f := blockfile.New(failing{x.f, test.err}, name, x.geo, nil, 1<<20)
		f.SetBlocks(20)
		s := &blockfile.Space{File: f}
		a := f.NewAppender(x, x.geo.FirstPage(4))
		if _, _, err := a.Next(); err != nil {
			t.Fatal(err)
		}
		for op, err := range map[string]error{
			"append": a.Finish(), "write meta page": f.WriteMeta(1, nil, nil), "truncate": f.Truncate(1),
		} {
			if !errors.Is(err, test.want) || !errors.Is(err, test.err) {
				t.Errorf("%s: %v", op, err)
			}
		}
		_, read := s.Page(x.geo.FirstPage(2))
		_, row := blockfile.NewFresh(s, x.geo.FirstPage(3)).Page(x.geo.FirstPage(2))
		_, meta := f.ReadMeta(1)
		_, next := s.NextPage(x.geo.LastPage(2))
		for op, err := range map[string]error{"page": read, "pages in a row": row, "meta page": meta, "next page": next, "sync": f.Sync()} {
			if !errors.Is(err, errs.ErrIO) || !errors.Is(err, test.err) {
				t.Errorf("%s: %v", op, err)
			}
		}
	}
}

// syncing is a file whose first sync fails, when the test lets it, as the kernel reports an error: once.
type syncing struct {
	vfs.File
	begun chan struct{}
	fail  chan error
	syncs atomic.Int64
}

func (f *syncing) Sync() error {
	if f.syncs.Add(1) > 1 {
		return nil
	}
	close(f.begun)
	return <-f.fail
}

// TestSyncThatFailsIsTheLast: what is synced at the same time or later fails with it, and the file is not
// asked again, because it would succeed.
func TestSyncThatFailsIsTheLast(t *testing.T) {
	x := newFixture(t, 1024, 1<<20)
	broken := errors.New("broken")
	file := &syncing{File: x.f, begun: make(chan struct{}), fail: make(chan error)}
	f := blockfile.New(file, name, x.geo, nil, 1<<20)
	results := make(chan error, 4)
	go func() { results <- f.Sync() }()
	<-file.begun
	for range 3 {
		go func() { results <- f.Sync() }()
	}
	time.Sleep(10 * time.Millisecond) // for the others to come
	if n := file.syncs.Load(); n != 1 || len(results) != 0 {
		t.Errorf("%d syncs during the first, %d have ended", n, len(results))
	}
	file.fail <- broken
	for range 4 {
		if err := <-results; !errors.Is(err, broken) || !errors.Is(err, errs.ErrIO) {
			t.Errorf("at the same time: %v", err)
		}
	}
	if err := f.Sync(); !errors.Is(err, broken) || file.syncs.Load() != 1 {
		t.Errorf("later: %v after %d syncs", err, file.syncs.Load())
	}
}
