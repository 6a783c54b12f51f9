// SPDX-License-Identifier: Apache-2.0

package blockfile_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// traced is a file that notes where reads go to, and how long writes are.
type traced struct {
	vfs.File
	places []uintptr
	writes []int
}

func (f *traced) ReadAt(b []byte, off int64) (int, error) {
	f.places = append(f.places, uintptr(unsafe.Pointer(&b[0])))
	return f.File.ReadAt(b, off)
}

func (f *traced) WriteAt(b []byte, off int64) (int, error) {
	f.writes = append(f.writes, len(b))
	return f.File.WriteAt(b, off)
}

// longPages is how many pages longFixture writes, and withRecord the one of them on which a record begins.
const (
	longPages  = 40
	withRecord = 21
)

// longFixture has pages in three blocks that hold bytes of one record, but for one page.
type longFixture struct {
	*fixture
	trace *traced
	space *blockfile.Space
	pages []base.PageNo
	data  [][]byte // of each page
}

func newLongFixture(t testing.TB, seal format.Seal) *longFixture {
	t.Helper()
	x := &longFixture{fixture: newFixture(t, 4096, 1<<20)}
	x.trace = &traced{File: x.f}
	x.file = blockfile.New(x.trace, name, x.geo, nil, 1<<20)
	x.file.SetBlocks(20)
	x.blocks = []base.BlockNo{4, 2, 3}
	a := x.file.NewAppender(x, 0)
	a.SetSeal(seal)
	rng := rand.New(rand.NewPCG(1, 8))
	for i := range longPages {
		p, content, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		if i == withRecord {
			fill(content, p)
		} else {
			data = content[:format.Page(content).EOF()]
			for j := range data {
				data[j] = byte(rng.Uint32())
			}
		}
		x.pages, x.data = append(x.pages, p), append(x.data, bytes.Clone(data))
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	x.space = &blockfile.Space{File: x.file, Sealed: true, Seal: seal}
	return x
}

// flip changes a bit of a page in the file.
func (x *longFixture) flip(p base.PageNo) {
	x.t.Helper()
	var b [1]byte
	at := x.geo.Offset(p) + 1000
	_, err := x.f.ReadAt(b[:], at)
	if b[0] ^= 0x10; err == nil {
		_, err = x.f.WriteAt(b[:], at)
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestFill reads a long record into memory that begins anywhere in a line of the processor's cache: its
// bytes arrive one after the other, in few reads, each to the beginning of such a line.
func TestFill(t *testing.T) {
	for _, seal := range []format.Seal{0, 77} {
		x := newLongFixture(t, seal)
		want := bytes.Join(x.data[:withRecord], nil)
		arena := make([]byte, 200+len(want))
		for skip := range 130 {
			room := arena[skip:][:len(want)]
			clear(arena)
			x.trace.places = x.trace.places[:0]
			tail := x.space.NewTail(x.pages[longPages-1])
			n, p := 0, x.pages[0]
			for reads := 1; ; reads++ {
				k, last, err := tail.Fill(p, room[n:])
				if err != nil {
					t.Fatal(err)
				}
				if k == 0 {
					break
				}
				n += k
				if p, err = tail.NextPage(last); err != nil {
					t.Fatal(err)
				}
				if len(x.trace.places) > reads {
					t.Fatalf("%d reads, after %d of %d bytes", len(x.trace.places), n, len(want))
				}
			}
			// There is no room for all of the last page with its footer: it may be left to Page.
			if n < len(want)-4096 || !bytes.Equal(room[:n], want[:n]) {
				t.Fatalf("seal %d, at %d: %d of %d bytes, or others", seal, skip, n, len(want))
			}
			if len(bytes.Trim(arena[:skip], "\x00")) > 0 || len(bytes.Trim(arena[skip+len(want):], "\x00")) > 0 {
				t.Fatalf("seal %d, at %d: bytes around have changed", seal, skip)
			}
			for _, at := range x.trace.places {
				if at%64 != 0 {
					t.Fatalf("at %d: pages are read to %#x", skip, at)
				}
			}
			page, err := tail.Page(p, len(want)-n, room[n:])
			if p == x.pages[withRecord] {
				x.expect(page, err, p)
			} else if err != nil || !bytes.Equal(page[:page.EOF()], x.data[withRecord-1]) {
				t.Fatalf("page %d: %v, or other bytes", p, err)
			}
			tail.Close()
		}
	}
}

// TestFillStops wants only what is good to be moved. The damaged page is reported by Page, which reads it again
// if it was moved while its sum was made: if it has been mended meanwhile, it is right.
func TestFillStops(t *testing.T) {
	for _, seal := range []format.Seal{0, 77} {
		for _, bad := range []int{0, 1, 9, 15} { // the last is that of its block
			x := newLongFixture(t, seal)
			for _, mend := range []bool{false, true} {
				x.flip(x.pages[bad])
				room := make([]byte, longPages*4096)
				tail := x.space.NewTail(x.pages[longPages-1])
				n, last, err := tail.Fill(x.pages[0], room)
				want := bytes.Join(x.data[:bad], nil)
				if err != nil || !bytes.Equal(room[:n], want) || bad > 0 && last != x.pages[bad-1] {
					t.Fatalf("seal %d, page %d is bad: %d bytes up to page %d, %v", seal, bad, n, last, err)
				}
				if mend {
					x.flip(x.pages[bad])
				}
				page, err := tail.Page(x.pages[bad], len(room)-n, room[n:])
				switch {
				case !mend:
					x.expectCorrupt(err, x.pages[bad], "page sum")
					x.flip(x.pages[bad])
				case seal != 0 && bad%15 != 0 && (err != nil || !bytes.Equal(page[:page.EOF()], x.data[bad])):
					t.Fatalf("page %d was mended: %v, or other bytes", bad, err)
				}
				tail.Close()
			}
		}
	}
}

// TestFillLeavesCachedPages reads no page from the file that is in memory.
func TestFillLeavesCachedPages(t *testing.T) {
	x := newLongFixture(t, 77)
	fr, err := x.space.Hold(x.pages[3])
	if err != nil {
		t.Fatal(err)
	}
	fr.Release()
	tail := x.space.NewTail(x.pages[longPages-1])
	defer tail.Close()
	room := make([]byte, 20*4096)
	if n, _, err := tail.Fill(x.pages[3], room); n != 0 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if page, err := tail.Page(x.pages[3], len(room), room); err != nil || !bytes.Equal(page[:page.EOF()], x.data[3]) {
		t.Errorf("%v, or other bytes", err)
	}
}

// TestLongRuns: pages within a long record are written 256 KiB at a time, others 128.
func TestLongRuns(t *testing.T) {
	geo, err := format.NewGeometry(4096, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []bool{false, true} {
		x := newFixture(t, 4096, 1<<20)
		trace := &traced{File: x.f}
		x.file = blockfile.New(trace, name, geo, nil, 1<<20)
		x.file.SetBlocks(20)
		x.blocks = []base.BlockNo{2, 3, 4}
		a := x.file.NewAppender(x, 0)
		for range 600 {
			p, content, err := a.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !long {
				fill(content, p)
			}
		}
		if err := a.Finish(); err != nil {
			t.Fatal(err)
		}
		want := 128 << 10
		if long {
			want = 256 << 10
		}
		whole := 0
		for _, n := range trace.writes {
			if n > want {
				t.Errorf("long: %v: a write of %d bytes", long, n)
			}
			if n == want {
				whole++
			}
		}
		if least := 600*4096/want - 1; whole < least {
			t.Errorf("long: %v: %d writes of %d bytes, want %d: %d", long, whole, want, least, trace.writes)
		}
	}
}
