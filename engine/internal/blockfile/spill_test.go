// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// written notes how much is written at a time, and can fail.
type written struct {
	vfs.File
	sizes []int
	fail  error
}

func (w *written) WriteAt(p []byte, off int64) (int, error) {
	if w.fail != nil {
		return 0, w.fail
	}
	w.sizes = append(w.sizes, len(p))
	return w.File.WriteAt(p, off)
}

// runs is a file with blocks of 1 MiB, in which an Appender's runs are not cut short.
func runs(t *testing.T) (*fixture, *written) {
	t.Helper()
	geo, err := format.NewGeometry(4096, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, fs: memfs.New(), geo: geo}
	if x.f, err = x.fs.Open(name, vfs.ReadWrite|vfs.Create, 0); err != nil {
		t.Fatal(err)
	}
	w := &written{File: x.f}
	x.file = blockfile.New(w, name, geo, nil, 0)
	x.file.SetBlocks(20)
	x.blocks = []base.BlockNo{2, 4, 3}
	return x, w
}

const spilled = 600 // pages: over two ends of blocks

// TestSpillWritesTheSame: when the pages are written changes nothing about them, and with a call of Spill
// before each page Next writes at the ends of blocks only.
func TestSpillWritesTheSame(t *testing.T) {
	var files [2][]byte
	for i := range files {
		spills := i == 1
		x, w := runs(t)
		a := x.file.NewAppender(x, 0)
		own, others := 0, 0 // writes
		for range spilled {
			n := len(w.sizes)
			if spills {
				did, err := a.Spill()
				if err != nil || did != (len(w.sizes) > n) {
					t.Fatalf("Spill says %t, with %d writes: %v", did, len(w.sizes)-n, err)
				}
				again, err := a.Spill()
				if again || err != nil {
					t.Fatal("there is something left to spill", err)
				}
			}
			own += len(w.sizes) - n
			n = len(w.sizes)
			p, content, err := a.Next()
			if err != nil {
				t.Fatal(err)
			}
			fill(content, p)
			others += len(w.sizes) - n
		}
		if err := a.Finish(); err != nil {
			t.Fatal(err)
		}
		if spills && (own < 10 || others != 2) {
			t.Errorf("Spill has written %d times, Next %d times; there are 2 ends of blocks", own, others)
		}
		if x.file.Stats().PagesWritten != spilled || x.file.Written() != spilled {
			t.Errorf("%d pages are counted", x.file.Stats().PagesWritten)
		}
		size, err := x.f.Size()
		if err != nil {
			t.Fatal(err)
		}
		files[i] = make([]byte, size)
		if _, err := x.f.ReadAt(files[i], 0); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the files differ")
	}
}

// TestSpillThatFails says so, and what it could not write is written later.
func TestSpillThatFails(t *testing.T) {
	x, w := runs(t)
	a := x.file.NewAppender(x, 0)
	failures := 0
	var pages []base.PageNo
	for range spilled {
		w.fail = errors.New("failed on purpose")
		if did, err := a.Spill(); did != (err != nil) {
			t.Fatal(did, err)
		} else if did {
			failures++
		}
		w.fail = nil
		p, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		fill(content, p)
		pages = append(pages, p)
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	if failures < 10 {
		t.Errorf("%d failures", failures)
	}
	s := sealed(x)
	for _, p := range pages {
		page, err := s.Page(p)
		x.expect(page, err, p)
	}
}

// TestPauseAfterSpill: what is published in part is in the file.
func TestPauseAfterSpill(t *testing.T) {
	x, _ := runs(t)
	a := x.file.NewAppender(x, 0)
	var pages []base.PageNo
	spills := 0
	for i := range spilled {
		if did, err := a.Spill(); err != nil {
			t.Fatal(err)
		} else if did {
			spills++
		}
		if i%16 == 0 && (i/16+spills)%2 == 0 {
			ok, err := a.Pause()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				if page, err := sealed(x).Page(p); ok {
					x.expect(page, err, p)
				}
			}
		}
		p, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		fill(content, p)
		pages = append(pages, p)
	}
	if spills < 3 {
		t.Errorf("%d spills", spills)
	}
}
