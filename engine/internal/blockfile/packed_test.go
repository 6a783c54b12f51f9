package blockfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
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
			page, err := s.PageAhead(p, end)
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

func TestPackedPages(t *testing.T) {
	for i, codec := range compress.Builtin() {
		for _, pageSize := range []int{256, 1024, 4096, 32768} {
			for _, cacheBytes := range []int64{1, 1 << 30} {
				t.Run(fmt.Sprintf("%s/%d/%d", codec.Name(), pageSize, cacheBytes), func(t *testing.T) {
					x := packedFixture(t, codec, pageSize, cacheBytes)
					rng := rand.New(rand.NewPCG(uint64(i), uint64(pageSize)))
					n := 160 << 10 / pageSize
					pages, a := x.pack(rng, n, 0, 1, 7, 3, 12, 4, 9, 2)
					if pages[0] != 8196 || a.LastPage() != pages[n-1] || a.Pages() != int64(n) || x.file.Written() != uint32(n) {
						t.Fatalf("%d pages from %d to %d, %d counted", a.Pages(), pages[0], a.LastPage(), x.file.Written())
					}
					end := a.End()
					if (end+1)%512 != 0 && !x.geo.IsLast(end) {
						t.Errorf("the segment ends at %d, within a sector", end)
					}
					if size := a.Size(); size < int64(n) || size > 7*64<<10 {
						t.Errorf("%d bytes", size)
					}
					s := &blockfile.Space{File: x.file, Sealed: true}
					x.all(s, pages, end)
					if st := x.file.Stats(); st.CacheBytes > max(cacheBytes, int64(pageSize)) {
						t.Errorf("the cache has %d bytes", st.CacheBytes)
					}
					// Behind the end other segments begin, in the same block.
					for start := a.AppendPoint(); start != 0 && len(x.blocks) < 3; {
						more, b := x.pack(rng, 1+rng.IntN(3), start, x.blocks...)
						if more[0] != start || b.Blocks()[0] != x.geo.Block(start) {
							t.Fatalf("pages %v in blocks %v", more, b.Blocks())
						}
						x.all(s, more, b.End())
						start = b.AppendPoint()
						if len(b.Blocks()) > 1 {
							break
						}
					}
					x.all(s, pages, end)
				})
			}
		}
	}
}

// TestPackedBlockBorders ends records in every place around the end of a block, by packing
// the same pages behind a first one that grows byte by byte.
func TestPackedBlockBorders(t *testing.T) {
	codec := rawCodec{}
	x := packedFixture(t, codec, 256, 1<<20)
	s := &blockfile.Space{File: x.file, Sealed: true}
	full := 0
	for front := range 60 {
		// The codec takes one byte more for a page that has a 1 in a certain place.
		codec.reset(front)
		pages, a := x.pack(rand.New(rand.NewPCG(1, 1)), 250, 0, 2, 5)
		x.all(s, pages, a.End())
		if x.geo.IsLast(a.End()) {
			full++
			if a.AppendPoint() != 0 {
				t.Fatal("a block without a byte left offers an append point")
			}
		}
		x.file = blockfile.New(x.f, name, x.geo, codec, 1<<20)
		x.file.SetBlocks(20)
		s.File = x.file
	}
	if full == 0 {
		t.Error("no segment has ended with its block")
	}
}

// rawCodec stores pages as they are, with as many bytes in front of the first as it is
// told.
type rawCodec struct{}

var rawFront int

func (rawCodec) reset(front int) { rawFront = front }
func (rawCodec) ID() uint32      { return 20000 }
func (rawCodec) Name() string    { return "raw" }
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

// TestPackedRedirects moves a block of a segment, as C lsm1 does.
func TestPackedRedirects(t *testing.T) {
	x := packedFixture(t, compress.LZ4(), 1024, 1<<20)
	pages, a := x.pack(rand.New(rand.NewPCG(3, 3)), 400, 0, 5, 9, 6, 8, 10)
	buf := make([]byte, 64<<10)
	if _, err := x.f.ReadAt(buf, 8*64<<10); err != nil {
		t.Fatal(err)
	}
	if _, err := x.f.WriteAt(buf, 1*64<<10); err != nil {
		t.Fatal(err)
	}
	clear(buf)
	if _, err := x.f.WriteAt(buf, 8*64<<10); err != nil {
		t.Fatal(err)
	}
	s := &blockfile.Space{File: x.file, Redirects: []format.Redirect{{From: 9, To: 2}}, Sealed: true}
	moved := 0
	for i, p := range pages {
		if r := s.Map(p); r != p {
			if s.Original(r) != p || s.Map(r) != r || r != p-7*64<<10 {
				t.Fatalf("page %d maps to %d, whose original is %d", p, r, s.Original(r))
			}
			pages[i] = r
			moved++
		}
	}
	if moved < 10 {
		t.Fatalf("%d pages have moved", moved)
	}
	x.all(s, pages, s.Map(a.End()))
	x.file = blockfile.New(x.f, name, x.geo, compress.LZ4(), 1<<20)
	x.file.SetBlocks(20)
	_, err := (&blockfile.Space{File: x.file, Sealed: true}).Page(pages[len(pages)/2])
	for i := range pages {
		if pages[i] != s.Original(pages[i]) {
			_, err = (&blockfile.Space{File: x.file, Sealed: true}).Page(pages[i])
			break
		}
	}
	if !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("a moved page read without redirects: %v", err)
	}
}

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
			"ahead": func() error { _, err := s.PageAhead(p, a.End()); return err },
			"row":   func() error { _, err := blockfile.NewFresh(s, a.End()).Page(p); return err },
			"raw":   func() error { _, err := s.RawPage(p); return err },
		} {
			var ce *errs.CorruptionError
			if err := read(); !errors.As(err, &ce) || ce.Page != int64(p) || ce.Offset != int64(p) || ce.File != name || !strings.Contains(ce.Detail, test.text) {
				t.Errorf("%s, %s: %v", test.what, how, err)
			}
		}
		if _, err := s.PageAhead(pages[6], a.End()); err != nil {
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
	if _, err := s.Page(pages[150]); !errors.Is(err, errs.ErrCorrupt) || !strings.Contains(err.Error(), "behind the end of the file") {
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

// TestPackedCache: pages in use stay while others pass by, blocks that are written anew
// are forgotten, and a hit costs no allocation.
func TestPackedCache(t *testing.T) {
	const budget = 40 << 10
	x := packedFixture(t, compress.LZ4(), 1024, budget)
	pages, _ := x.pack(rand.New(rand.NewPCG(1, 1)), 300, 0, 2, 3, 4, 5, 6)
	s := &blockfile.Space{File: x.file, Sealed: true}
	hot := pages[:10]
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		p := pages[rng.IntN(len(pages))]
		page, err := s.Page(p)
		x.expect(page, err, p)
		if n := x.file.Stats().CacheBytes; n > budget {
			t.Fatalf("the cache has %d bytes", n)
		}
	}
	for range 5 {
		for _, p := range hot {
			if _, err := s.Page(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := x.file.Stats().CacheMisses
	for i := range 200 {
		for _, p := range hot {
			if _, err := s.Page(p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Page(pages[10+i]); err != nil {
			t.Fatal(err)
		}
	}
	if n := x.file.Stats().CacheMisses - before; n > 215 {
		t.Errorf("%d misses for 200 new pages: the pages in use do not stay", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := s.Page(hot[3]); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	old, err := s.Page(pages[0])
	x.expect(old, err, pages[0])
	x.blocks = []base.BlockNo{2}
	a := x.file.NewAppender(x, 0)
	p, content, err := a.Next()
	if err != nil || p != pages[0] {
		t.Fatal(p, err)
	}
	fill(content, 4711)
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	page, err := s.Page(p)
	x.expect(page, err, 4711)
	x.expect(old, nil, pages[0])
}

// TestPackedReadsAreFew: reading a segment from end to end reads its bytes about once, in
// whatever way.
func TestPackedReadsAreFew(t *testing.T) {
	x := packedFixture(t, compress.LZ4(), 1024, 1<<30)
	pages, a := x.pack(rand.New(rand.NewPCG(1, 1)), 600, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	bytes := a.Size()
	for how, read := range map[string]func(s *blockfile.Space){
		"in a row": func(s *blockfile.Space) {
			q := blockfile.NewSequential(s, a.End())
			for p := pages[0]; ; {
				if _, err := q.Page(p); err != nil {
					t.Fatal(err)
				}
				if p == a.LastPage() {
					return
				}
				var err error
				if p, err = q.NextPage(p); err != nil {
					t.Fatal(err)
				}
			}
		},
		"ahead": func(s *blockfile.Space) {
			for p := pages[0]; ; {
				if _, err := s.PageAhead(p, a.End()); err != nil {
					t.Fatal(err)
				}
				if p == a.LastPage() {
					return
				}
				var err error
				if p, err = s.NextPage(p); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		x.file = blockfile.New(x.f, name, x.geo, compress.LZ4(), 1<<30)
		x.file.SetBlocks(20)
		read(&blockfile.Space{File: x.file, Sealed: true})
		if st := x.file.Stats(); st.BytesRead > 2*bytes || st.BytesRead < bytes/2 {
			t.Errorf("%s: %d bytes are read of %d", how, st.BytesRead, bytes)
		}
	}
}
