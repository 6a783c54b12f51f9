// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

const name = "/test.db"

// fixture is a database file in memory and an allocator that hands out given blocks.
type fixture struct {
	t      testing.TB
	fs     *memfs.FS
	f      vfs.File
	file   *blockfile.File
	geo    format.Geometry
	blocks []base.BlockNo
}

func newFixture(t testing.TB, pageSize int, cacheBytes int64) *fixture {
	t.Helper()
	geo, err := format.NewGeometry(pageSize, 64<<10)
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, fs: memfs.New(), geo: geo}
	if x.f, err = x.fs.Open(name, vfs.ReadWrite|vfs.Create, 0); err != nil {
		t.Fatal(err)
	}
	x.file = blockfile.New(x.f, name, geo, nil, cacheBytes)
	x.file.SetBlocks(20)
	return x
}

func (x *fixture) Allocate() (base.BlockNo, error) {
	if len(x.blocks) == 0 {
		return 0, errors.New("no block left")
	}
	b := x.blocks[0]
	x.blocks = x.blocks[1:]
	return b, nil
}

// write appends n pages at start, or in the given blocks, each holding one record that
// names the page, and returns their numbers.
func (x *fixture) write(n int, start base.PageNo, blocks ...base.BlockNo) ([]base.PageNo, *blockfile.Appender) {
	x.t.Helper()
	x.blocks = blocks
	a := x.file.NewAppender(x, start)
	var pages []base.PageNo
	for range n {
		p, content, err := a.Next()
		if err != nil {
			x.t.Fatal(err)
		}
		for _, c := range content {
			if c != 0 {
				x.t.Fatal("a new page is not zero")
			}
		}
		fill(content, p)
		pages = append(pages, p)
	}
	if err := a.Finish(); err != nil {
		x.t.Fatal(err)
	}
	return pages, a
}

func fill(content []byte, p base.PageNo) {
	var b format.LeafBuilder
	b.Reset(content)
	b.StartCell(base.Insert, 8, 0)
	b.Body(binary.BigEndian.AppendUint64(nil, uint64(p)))
}

func (x *fixture) expect(page format.Page, err error, p base.PageNo) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
	c := page.LeafCell(0)
	if got := binary.BigEndian.Uint64(page[c.Body:]); got != uint64(p) {
		x.t.Fatalf("read page %d, got page %d", p, got)
	}
}

// expectCorrupt fails unless err is a CorruptionError of the page with the text.
func (x *fixture) expectCorrupt(err error, p base.PageNo, text string) {
	x.t.Helper()
	var ce *errs.CorruptionError
	if !errors.As(err, &ce) || ce.Page != int64(p) || ce.File != name || !strings.Contains(ce.Detail, text) || !errors.Is(err, errs.ErrCorrupt) {
		x.t.Errorf("want corruption of page %d (%s), got %v", p, text, err)
	}
}

// pageAhead returns page p as a walk does that goes on to page last.
func pageAhead(s *blockfile.Space, p, last base.PageNo) (format.Page, error) {
	fr, err := s.HoldAhead(p, last)
	if err != nil {
		return nil, err
	}
	defer fr.Release()
	return bytes.Clone(fr.Page()), nil
}
