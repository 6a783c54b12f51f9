// SPDX-License-Identifier: Apache-2.0

package blockfile

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// packedSegment is one segment of a compressed or encrypted file, with what its pages were given.
type packedSegment struct {
	f        vfs.File
	geo      format.Geometry
	codec    compress.Codec
	keys     *crypt.Keys
	pages    []base.PageNo
	contents map[base.PageNo][]byte
	end      base.PageNo
	salt     crypt.Salt
}

// allocator gives the blocks of a list.
type allocator []base.BlockNo

func (a *allocator) Allocate() (base.BlockNo, error) {
	b := (*a)[0]
	*a = (*a)[1:]
	return b, nil
}

// someKeys returns keys, or nil.
func someKeys(t *testing.T, encrypted bool) *crypt.Keys {
	t.Helper()
	if !encrypted {
		return nil
	}
	keys, err := crypt.NewKeys(crypt.AESGCM, bytes.Repeat([]byte{5}, crypt.KeySize), crypt.NewFileID())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// newPackedSegment writes n pages over some blocks of 64 KiB.
func newPackedSegment(t *testing.T, rng *rand.Rand, codec compress.Codec, keys *crypt.Keys, pageSize, n int) *packedSegment {
	t.Helper()
	bound := Bound(pageSize, codec)
	if keys == nil {
		bound = codec.Bound(pageSize)
	}
	geo, err := format.NewCompressedGeometry(pageSize, 64<<10, bound)
	if err != nil {
		t.Fatal(err)
	}
	g := &packedSegment{geo: geo, codec: codec, keys: keys, contents: map[base.PageNo][]byte{}}
	if g.f, err = memfs.New().Open("/x", vfs.ReadWrite|vfs.Create, 0); err != nil {
		t.Fatal(err)
	}
	file := newFile(g.f, "/x", geo, codec, keys, 1)
	file.SetBlocks(12)
	a := file.NewAppender(&allocator{4, 2, 7, 3, 1, 9, 5, 8, 6, 10, 11, 12}, 0)
	a.SetSeal(format.MakeSeal(1, 2))
	for range n {
		p, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		var b format.LeafBuilder
		b.Reset(content)
		b.StartCell(base.Insert, 8, 0)
		b.Body(fmt.Appendf(nil, "%08d", p))
		noise := content[40 : 40+rng.IntN(len(content)-80)]
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		g.pages = append(g.pages, p)
		g.contents[p] = bytes.Clone(content)
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	g.end, g.salt = a.End(), a.Salt()
	return g
}

// open returns the segment in a file of which reads may fail.
func (g *packedSegment) open(t *testing.T, f vfs.File, cacheBytes int64) *Space {
	t.Helper()
	file := newFile(f, "/x", g.geo, g.codec, g.keys, cacheBytes)
	file.SetBlocks(12)
	s, err := file.Space(g.salt)
	if err != nil {
		t.Fatal(err)
	}
	return s.SealedAs(true, format.MakeSeal(1, 2))
}

// holds reports whether a page has what it was given. Flags and sum are not compared.
func (g *packedSegment) holds(page format.Page, p base.PageNo) bool {
	want := g.contents[p]
	return len(page) == len(want) && bytes.Equal(page[:len(page)-12], want[:len(want)-12])
}

// failing is a file of which one read fails: the one that brings left to 0.
type failing struct {
	vfs.File
	left int
}

var errRead = errors.New("the disk does not answer")

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.left--; f.left == 0 {
		return 0, errRead
	}
	return f.File.ReadAt(p, off)
}

// TestRunTriesAgain: what could not be read once is read when it is wanted again.
func TestRunTriesAgain(t *testing.T) {
	g := newPackedSegment(t, rand.New(rand.NewPCG(1, 1)), nil, someKeys(t, true), 4096, 40)
	failed := 0
	for n := range 10 {
		f := &failing{File: g.f}
		q := g.open(t, f, 1).layout.sequential(g.open(t, f, 1), g.end, false).(*packedRun)
		q.stream.ahead = 100 // so that each page takes a read
		for i, p := range g.pages[:20] {
			if _, err := q.Stand(p); err != nil {
				t.Fatal(err)
			}
			if i == 7 {
				f.left = n
			}
			for range 2 {
				next, err := q.NextPage(p)
				if err == nil {
					_, err = q.Page(next)
				}
				if err == nil {
					break
				}
				if failed++; !errors.Is(err, errRead) {
					t.Fatal(err)
				}
			}
			f.left = 0
			if page, err := q.Page(g.pages[i+1]); err != nil || !g.holds(page, g.pages[i+1]) {
				t.Fatalf("read %d failed, and page %d after it, later: %v", n, g.pages[i+1], err)
			}
		}
	}
	if failed == 0 {
		t.Error("no read failed")
	}
}

// TestRunLeavesNoPageOut turns a page into padding, so that the one after it seems to come next, and has each of the
// reads fail that look for it: it is not taken for the next one then, either.
func TestRunLeavesNoPageOut(t *testing.T) {
	g := newPackedSegment(t, rand.New(rand.NewPCG(1, 1)), nil, someKeys(t, true), 4096, 13)
	from, gone, wrong := g.pages[5], g.pages[6], g.pages[7]
	if _, err := g.f.WriteAt(format.AppendPad(nil, int(wrong-gone)), int64(gone)); err != nil {
		t.Fatal(err)
	}
	for n := range 8 {
		f := &failing{File: g.f}
		s := g.open(t, f, 1)
		q := s.layout.sequential(s, g.end, false).(*packedRun)
		q.stream.ahead = 100
		if _, err := q.Stand(from); err != nil {
			t.Fatal(err)
		}
		f.left = n
		for try := range 3 {
			next, err := q.NextPage(from)
			if err == nil {
				if _, err = q.Page(next); err == nil {
					t.Fatalf("read %d failed, try %d: page %d is taken for the one after %d", n, try, next, from)
				}
				_, err = q.Page(next)
			}
			if err == nil || !errors.Is(err, errs.ErrTampered) && !errors.Is(err, errRead) {
				t.Fatalf("read %d failed, try %d: %v", n, try, err)
			}
		}
	}
}

// TestRunKeepsItsPages reads pages of runs in every order, with errors and a cache, and looks after each step at
// whether the page on which the reader stands and the newest one still are what they were.
func TestRunKeepsItsPages(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 150 {
		var codec compress.Codec
		encrypted := round%3 > 0
		if round%3 < 2 {
			codec = compress.LZ4()
		}
		g := newPackedSegment(t, rng, codec, someKeys(t, encrypted), []int{256, 1024, 4096}[rng.IntN(3)], 5+rng.IntN(80))
		f := &failing{File: g.f}
		s := g.open(t, f, []int64{1, 1 << 20}[rng.IntN(2)])
		for range rng.IntN(30) {
			if fr, err := s.Hold(g.pages[rng.IntN(len(g.pages))]); err == nil {
				fr.Release()
			}
		}
		q := s.layout.sequential(s, g.end, rng.IntN(3) == 0).(*packedRun)
		q.stream.ahead = []int{1, 100, 1000, 64 << 10}[rng.IntN(4)]
		var stand, newest format.Page
		var standNo, newestNo base.PageNo
		at := 0
		for range 200 {
			i := min(at+rng.IntN(3), len(g.pages)-1)
			f.left = rng.IntN(40)
			switch rng.IntN(4) {
			case 0:
				at = i
				page, err := q.Stand(g.pages[i])
				stand, standNo, newest = page, g.pages[i], nil
				if err != nil {
					stand = nil
				}
			case 1:
				page, err := q.Page(g.pages[i])
				if newest, newestNo = page, g.pages[i]; err != nil {
					newest = nil
				}
			case 2:
				if i+1 == len(g.pages) {
					at = rng.IntN(len(g.pages))
					continue
				}
				if next, err := q.NextPage(g.pages[i]); err == nil && next != g.pages[i+1] {
					t.Fatalf("round %d: page %d comes after %d; want %d", round, next, g.pages[i], g.pages[i+1])
				}
				if g.pages[i] != newestNo {
					newest = nil // another page was looked for
				}
			default:
				newest = nil
			}
			if stand != nil && !g.holds(stand, standNo) {
				t.Fatalf("round %d: page %d, on which the reader stands, was changed", round, standNo)
			}
			if newest != nil && !g.holds(newest, newestNo) {
				t.Fatalf("round %d: page %d was changed", round, newestNo)
			}
		}
	}
}

// TestStreamKeepsWhatItHas compares a stream that goes on from what it has in memory with one that has nothing, in a
// file that is whole, cut off, or damaged.
func TestStreamKeepsWhatItHas(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	kept := 0
	for round := range 60 {
		g := newPackedSegment(t, rng, compress.LZ4(), nil, []int{256, 1024, 4096}[rng.IntN(3)], 60)
		size, err := g.f.Size()
		if err != nil {
			t.Fatal(err)
		}
		if round%3 == 1 {
			if err := g.f.Truncate(size - int64(rng.IntN(40<<10))); err != nil {
				t.Fatal(err)
			}
		}
		for range round % 3 / 2 * 5 {
			if _, err := g.f.WriteAt([]byte{byte(rng.Uint32())}, rng.Int64N(size)); err != nil {
				t.Fatal(err)
			}
		}
		s := g.open(t, g.f, 1)
		l := s.layout.(*packed)
		long := &stream{s: s, layout: l, ahead: []int{1, 7, 100, 3000, 64 << 10}[rng.IntN(5)]}
		if rng.IntN(2) == 0 {
			long.last = g.pages[rng.IntN(len(g.pages))]
		}
		p := g.pages[0]
		for range 300 {
			switch rng.IntN(6) {
			case 0:
				p = g.pages[rng.IntN(len(g.pages))]
			case 1:
				b := g.geo.Block(g.pages[rng.IntN(len(g.pages))])
				p = g.geo.LastPage(b) - base.PageNo(rng.IntN(12))
			case 2:
				p = long.at + base.PageNo(rng.IntN(len(long.data)+2))
			}
			n := 1 + rng.IntN(6000)
			op := rng.IntN(5)
			if i := int64(p - long.at); i > 0 && i < int64(len(long.data)) {
				kept++
			}
			do := func(x *stream) (string, base.PageNo) {
				var b []byte
				var to base.PageNo
				var err error
				switch op {
				case 0:
					b, to, err = x.bytes(p, n)
				case 1:
					b, to, err = x.page(p)
				case 2:
					to, err = x.nextPage(p)
				case 3:
					to, err = x.prevPage(p)
				default:
					var h format.RecordHead
					h, err = x.head(p)
					to = base.PageNo(h.Len)
				}
				if err != nil {
					return err.Error(), 0
				}
				return fmt.Sprintf("%d %x", to, b), to
			}
			fresh := &stream{s: s, layout: l, ahead: long.ahead, last: long.last}
			got, to := do(long)
			if want, _ := do(fresh); got != want {
				t.Fatalf("round %d, operation %d at %d, %d bytes:\n%.200s, with nothing in memory\n%.200s", round, op, p, n, got, want)
			}
			if op == 2 && to != 0 {
				p = to
			}
		}
	}
	if kept < 1000 {
		t.Errorf("only %d operations began in what was in memory", kept)
	}
}

// TestPageNumbersInLinks reads at the numbers around the ends of a block, where no page can be.
func TestPageNumbersInLinks(t *testing.T) {
	g := newPackedSegment(t, rand.New(rand.NewPCG(1, 1)), compress.LZ4(), nil, 1024, 300)
	b := g.geo.Block(g.pages[0])
	for k := base.PageNo(-3); k < 12; k++ {
		s := g.open(t, g.f, 1)
		q := s.layout.sequential(s, g.end, false).(*packedRun)
		if _, err := q.Page(g.pages[0]); err != nil { // the whole block
			t.Fatal(err)
		}
		p := g.geo.LastPage(b) + k
		_, err := q.Page(p)
		if inLink := k > 0 && p < g.geo.FirstPage(b+1); err == nil || inLink && !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("%d bytes after the last one of a block: %v", k, err)
		}
		if k > 0 && p < g.geo.FirstPage(b+1) {
			if _, err := q.stream.prevPage(p); err != nil && !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("the page before %d bytes after the last one of a block: %v", k, err)
			}
		}
	}
}

// wrongCodec makes something else of a page than went in, as one with another dictionary does.
type wrongCodec struct{ compress.Codec }

func (c wrongCodec) Decompress(dst, src []byte) error {
	err := c.Codec.Decompress(dst, src)
	dst[8] ^= 1
	return err
}

// TestWhatACodecMakesIsChecked: the tag of an encrypted page says nothing of what its codec makes of it.
func TestWhatACodecMakesIsChecked(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		g := newPackedSegment(t, rand.New(rand.NewPCG(1, 1)), compress.LZ4(), someKeys(t, encrypted), 1024, 20)
		g.codec = wrongCodec{g.codec}
		s := g.open(t, g.f, 1)
		if _, err := s.Page(g.pages[3]); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("encrypted %v: a page: %v", encrypted, err)
		}
		if _, err := NewSequential(s, g.end).Page(g.pages[3]); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("encrypted %v: a run: %v", encrypted, err)
		}
	}
}
