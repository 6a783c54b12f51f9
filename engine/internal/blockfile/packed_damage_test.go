// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

func TestPackedDamage(t *testing.T) {
	x := packedFixture(t, compress.Zstd(), 1024, 1)
	pages, a := x.pack(rand.New(rand.NewPCG(5, 5)), 200, 0, 2, 3, 4, 5)
	s := &blockfile.Space{File: x.file, Sealed: true}
	sound := make([]byte, 5*64<<10)
	if _, err := x.f.ReadAt(sound, 0); err != nil && x.t.Failed() {
		t.Fatal(err)
	}
	p := pages[7]
	h, _ := format.DecodeRecordHead(sound[p:])
	for _, test := range []struct {
		what   string
		change func(file []byte)
		text   string
	}{
		{"a bit of the image", func(f []byte) { f[p+20] ^= 4 }, "are not a page compressed with zstd"},
		{"the first size", func(f []byte) { f[p+2] ^= 1 }, "size fields do not match"},
		{"the second size", func(f []byte) { f[int(p)+h.Len-1] ^= 1 }, "size fields do not match"},
		{"a size beyond the codec's", func(f []byte) { f[p], f[p+1] = 0xFF, 0xFF }, "it takes"},
		{"no size field", func(f []byte) { f[p] = 0 }, "no size field"},
		{"a padding's mark", func(f []byte) { f[p+1] &^= 0x80 }, "padding stands in the place of a page"},
		{"zeros", func(f []byte) { clear(f[p : int(p)+h.Len]) }, "no size field"},
	} {
		file := bytes.Clone(sound)
		test.change(file)
		if _, err := x.f.WriteAt(file, 0); err != nil {
			t.Fatal(err)
		}
		for how, read := range map[string]func() error{
			"page":  func() error { _, err := s.Page(p); return err },
			"ahead": func() error { _, err := pageAhead(s, p, a.End()); return err },
			"row":   func() error { _, err := blockfile.NewFresh(s, a.End()).Page(p); return err },
			"raw":   func() error { _, err := s.RawPage(p); return err },
		} {
			var ce *errs.CorruptionError
			if err := read(); !errors.As(err, &ce) || ce.Page != int64(p) || ce.Offset != int64(p) || ce.File != name || !strings.Contains(ce.Detail, test.text) {
				t.Errorf("%s, %s: %v", test.what, how, err)
			}
		}
		if _, err := pageAhead(s, pages[6], a.End()); err != nil {
			t.Errorf("%s: the page before: %v", test.what, err)
		}
	}
	// One bit turns a page into padding, seen from its front or its back.
	for what, at := range map[string]int{"front": int(p) + 1, "back": int(p) + h.Len - 2} {
		file := bytes.Clone(sound)
		file[at] &^= 0x80
		if _, err := x.f.WriteAt(file, 0); err != nil {
			t.Fatal(err)
		}
		cold := blockfile.New(x.f, name, x.geo, compress.Zstd(), 1)
		cold.SetBlocks(20)
		s := &blockfile.Space{File: cold, Sealed: true}
		var err error
		if what == "front" {
			_, err = s.NextPage(pages[6])
		} else {
			_, err = s.PrevPage(pages[8])
		}
		if !errors.Is(err, errs.ErrCorrupt) || !strings.Contains(err.Error(), "two ends of a padding") {
			t.Errorf("a page that became padding, from its %s: %v", what, err)
		}
	}
	if _, err := x.f.WriteAt(sound, 0); err != nil {
		t.Fatal(err)
	}
	for _, p := range []base.PageNo{-5, 0, 1, 8195, 65533, 65537, x.geo.MaxPage(20) + 1, 1 << 50} {
		_, err := s.Page(p)
		_, next := s.NextPage(p)
		_, prev := s.PrevPage(p)
		for _, err := range []error{err, next} {
			if !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("page %d: %v", p, err)
			}
		}
		_ = prev // must not panic
	}
	// A file that was cut.
	if err := x.f.Truncate(int64(pages[150]) + 9); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Page(pages[150]); !errors.Is(err, errs.ErrCorrupt) || !strings.Contains(err.Error(), "after the end of the file") {
		t.Errorf("a page that was cut: %v", err)
	}
	if _, err := s.Page(pages[149]); err != nil {
		t.Errorf("the page before the cut: %v", err)
	}
}

// TestPackedCodecMisbehaves: a codec of a user's may panic or break its word.
func TestPackedCodecMisbehaves(t *testing.T) {
	x := packedFixture(t, panicking{}, 256, 1<<20)
	pages, _ := x.pack(rand.New(rand.NewPCG(1, 1)), 3, 0, 2)
	if _, err := (&blockfile.Space{File: x.file, Sealed: true}).Page(pages[0]); !errors.Is(err, errs.ErrCorrupt) || !strings.Contains(err.Error(), "the codec panics") {
		t.Error(err)
	}
	x = packedFixture(t, boasting{}, 256, 1<<20)
	x.blocks = []base.BlockNo{2}
	a := x.file.NewAppender(x, 0)
	if _, _, err := a.Next(); err != nil {
		t.Fatal(err)
	}
	if err := a.Finish(); err == nil || !strings.Contains(err.Error(), "makes more of a page than it says") {
		t.Error(err)
	}
}

type panicking struct{ rawCodec }

func (panicking) Decompress(_, _ []byte) error { panic("at the disco") }

type boasting struct{ rawCodec }

func (boasting) Bound(n int) int { return n - 1 }
