// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// packedFixture is a fixture with a compressed file.
func packedFixture(t *testing.T, codec compress.Codec, pageSize int, cacheBytes int64) *fixture {
	t.Helper()
	geo, err := format.NewCompressedGeometry(pageSize, 64<<10, codec.Bound(pageSize))
	if err != nil {
		t.Fatal(err)
	}
	x := &fixture{t: t, fs: memfs.New(), geo: geo}
	if x.f, err = x.fs.Open(name, vfs.ReadWrite|vfs.Create, 0); err != nil {
		t.Fatal(err)
	}
	x.file = blockfile.New(x.f, name, geo, codec, cacheBytes)
	x.file.SetBlocks(20)
	return x
}

// pack appends pages that name themselves and hold some noise besides, so that their
// records are of all lengths.
func (x *fixture) pack(rng *rand.Rand, n int, start base.PageNo, blocks ...base.BlockNo) ([]base.PageNo, *blockfile.Appender) {
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
		noise := content[40 : 40+rng.IntN(x.geo.PageSize-80)]
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		pages = append(pages, p)
	}
	if err := a.Finish(); err != nil {
		x.t.Fatal(err)
	}
	return pages, a
}

// all reads the pages in every way there is and compares.
func (x *fixture) all(s *blockfile.Space, pages []base.PageNo, end base.PageNo) {
	x.t.Helper()
	last := pages[len(pages)-1]
	if p, err := s.LastPage(end); err != nil || p != last {
		x.t.Fatalf("the last page before %d: %d, %v; want %d", end, p, err, last)
	}
	if p, err := blockfile.NewFresh(s, end).Layout(pages[0], end); err != nil || p != last {
		x.t.Fatalf("layout ends with page %d: %v; want %d", p, err, last)
	}
	seq, fresh := blockfile.NewSequential(s, end), blockfile.NewFresh(s, end)
	for i, p := range pages {
		page, err := seq.Page(p)
		x.expect(page, err, s.Original(p))
		page, err = fresh.Page(p)
		x.expect(page, err, s.Original(p))
		if i+1 == len(pages) {
			break
		}
		for how, next := range map[string]func(base.PageNo) (base.PageNo, error){"stream": seq.NextPage, "file": s.NextPage} {
			if n, err := next(p); err != nil || n != pages[i+1] {
				x.t.Fatalf("%s: next of %d: %d, %v; want %d", how, p, n, err, pages[i+1])
			}
		}
	}
	for i := len(pages) - 1; i > 0; i-- {
		if p, err := s.PrevPage(pages[i]); err != nil || p != pages[i-1] {
			x.t.Fatalf("previous of %d: %d, %v; want %d", pages[i], p, err, pages[i-1])
		}
	}
	for round := range 2 {
		for i, p := range pages {
			page, err := pageAhead(s, p, end)
			x.expect(page, err, s.Original(p))
			page, err = s.Page(p)
			x.expect(page, err, s.Original(p))
			if i > 0 && round == 1 { // neighbours are known from the cache
				if prev, err := s.PrevPage(p); err != nil || prev != pages[i-1] {
					x.t.Fatalf("previous of %d: %d, %v", p, prev, err)
				}
				if next, err := s.NextPage(pages[i-1]); err != nil || next != p {
					x.t.Fatalf("next of %d: %d, %v", pages[i-1], next, err)
				}
			}
		}
	}
}

// rawCodec stores pages as they are, with as many bytes in front of the first as it is
// told.
type rawCodec struct{}

var rawFront int

func (rawCodec) reset(front int) { rawFront = front }

func (rawCodec) ID() uint32 { return 20000 }

func (rawCodec) Name() string { return "raw" }

func (rawCodec) Bound(n int) int { return n + 300 }

func (rawCodec) Compress(dst, src []byte) ([]byte, error) {
	dst = append(dst, make([]byte, rawFront)...)
	rawFront = 0
	return append(dst, src...), nil
}

func (rawCodec) Decompress(dst, src []byte) error {
	if len(src) < len(dst) {
		return errors.New("too short")
	}
	copy(dst, src[len(src)-len(dst):])
	return nil
}
