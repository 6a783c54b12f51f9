// SPDX-License-Identifier: Apache-2.0

package segment_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
)

// Pages that were lost: zeros in their place. Segments with page sums notice it by these;
// here is what else gives it away, in segments as C lsm1 writes them.

// pagesOf returns the pages of a segment in order.
func (x *fixture) pagesOf(seg *segment.Segment) (pages []base.PageNo) {
	x.t.Helper()
	for p := seg.First; ; {
		pages = append(pages, p)
		if p == seg.Last {
			return pages
		}
		var err error
		if p, err = seg.Space.NextPage(p); err != nil {
			x.t.Fatal(err)
		}
	}
}

// unchecked takes the page sums away, as C lsm1 would have written the segment.
func (x *fixture) unchecked(seg *segment.Segment) (*segment.Segment, []base.PageNo) {
	x.t.Helper()
	pages := x.pagesOf(seg)
	for _, p := range pages {
		raw, err := (&blockfile.Space{File: x.file}).RawPage(p)
		if err != nil {
			x.t.Fatal(err)
		}
		content := x.geo.Content(p, raw)
		content[len(content)-4], content[len(content)-3] = 0, content[len(content)-3]&7
		if _, err := x.f.WriteAt(raw, x.geo.Offset(p)); err != nil {
			x.t.Fatal(err)
		}
	}
	x.reopen()
	out, err := segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
	if err != nil || !out.MayLink {
		x.t.Fatal(err)
	}
	return out, pages
}

// readings are all ways to read a segment; each returns how many records it has seen.
func readings(seg *segment.Segment, records []record) map[string]func() (int, error) {
	walk := func(ahead bool) func() (int, error) {
		return func() (n int, err error) {
			var it segment.Iter
			it.Init(seg)
			if ahead {
				it.ReadAhead()
			}
			for ok := it.First(); ok; ok = it.Next() {
				if _, err := it.AppendValue(nil); err != nil {
					return n, err
				}
				n++
			}
			return n, it.Err()
		}
	}
	return map[string]func() (int, error){
		"forward": walk(false), "merge": walk(true),
		"backward": func() (n int, err error) {
			var it segment.Iter
			it.Init(seg)
			for ok := it.Last(); ok; ok = it.Prev() {
				if _, err := it.AppendValue(nil); err != nil {
					return n, err
				}
				n++
			}
			return n, it.Err()
		},
		"lookup": func() (n int, err error) {
			var it segment.Iter
			it.Init(seg)
			for _, r := range records {
				out, err := it.Lookup(r.key)
				if err != nil {
					return n, err
				}
				if out == segment.Found {
					n++
				}
			}
			return n, nil
		},
	}
}

// TestLostPageOfAnUncheckedSegment overwrites each page of a segment without page sums
// with zeros. No way of reading it shows fewer records without an error: only the value of
// a long record may be wrong, whose page has nothing but bytes of it.
func TestLostPageOfAnUncheckedSegment(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 400 {
		size := 30
		if i%25 == 7 {
			size = 700 * (1 + i%9)
		}
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, size)})
	}
	// Keys that do not go into the b-tree themselves.
	records[200].key = fmt.Appendf(nil, "%06d%s", 200, strings.Repeat("k", 600))
	written, _ := x.write(records, 0)
	sound, pages := x.unchecked(written)
	for how, read := range readings(sound, records) {
		if n, err := read(); err != nil || n != len(records) {
			t.Fatalf("%s, before any damage: %d records, %v", how, n, err)
		}
	}
	refused, failed, inside := 0, 0, 0
	for _, p := range pages {
		old, err := (&blockfile.Space{File: x.file}).RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		x.change(p, func(raw []byte) {
			page := x.geo.Content(p, raw)
			clear(page)
		})
		seg, err := segment.Open(&blockfile.Space{File: x.file}, sound.Segment, segment.What{})
		if err != nil {
			if !errors.Is(err, errs.ErrCorrupt) {
				t.Fatal(err)
			}
			refused++
		} else {
			wasInside := x.geo.Content(p, old).NumCells() == 0
			if wasInside {
				inside++
			}
			for how, read := range readings(seg, records) {
				n, err := read()
				switch {
				case err != nil && !errors.Is(err, errs.ErrCorrupt):
					t.Fatal(err)
				case err != nil:
					failed++
				case how == "lookup" && x.geo.Content(p, old).IsBTree() && n == len(records):
					// Not every b-tree page is on the way to a key.
				case !wasInside || n != len(records):
					t.Errorf("%s, page %d lost: %d records without an error, want %d", how, p, n, len(records))
				}
			}
		}
		x.change(p, func(raw []byte) { copy(raw, old) })
	}
	if refused < 2 || failed == 0 || inside == 0 {
		t.Errorf("%d refused, %d errors, %d pages within a record", refused, failed, inside)
	}
	t.Logf("%d pages: %d refused on opening, %d errors on reading, %d within a long record", len(pages), refused, failed, inside)
}

// TestOpenRefusesWhatCannotBeASegment: first page and root are looked at when a segment is
// opened.
func TestOpenRefusesWhatCannotBeASegment(t *testing.T) {
	x := newFixture(t, 1024)
	var records []record
	for i := range 300 {
		records = append(records, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, 40)})
	}
	written, _ := x.write(records, 0)
	seg, pages := x.unchecked(written)
	for _, test := range []struct {
		name   string
		page   base.PageNo
		from   base.PageNo // copied, or 0: zeros
		detail string
	}{
		{"first page lost", seg.First, 0, "no record starts on the first page"},
		{"first page from the b-tree", seg.First, seg.Root, "first page of the segment belongs to its b-tree"},
		{"root lost", seg.Root, 0, "no b-tree page with a key"},
		{"root is a leaf page", seg.Root, pages[1], "no b-tree page with a key"},
	} {
		old, err := (&blockfile.Space{File: x.file}).RawPage(test.page)
		if err != nil {
			t.Fatal(err)
		}
		x.change(test.page, func(raw []byte) {
			page := x.geo.Content(test.page, raw)
			clear(page)
			if test.from != 0 {
				other, err := (&blockfile.Space{File: x.file}).RawPage(test.from)
				if err != nil {
					t.Fatal(err)
				}
				from := x.geo.Content(test.from, other)
				copy(page[len(page)-min(len(page), len(from)):], from[len(from)-min(len(page), len(from)):])
			}
		})
		_, err = segment.Open(&blockfile.Space{File: x.file}, seg.Segment, segment.What{})
		var ce *errs.CorruptionError
		if !errors.As(err, &ce) || !strings.Contains(err.Error(), test.detail) || ce.Page != int64(test.page) || ce.File == "" || ce.Offset != x.geo.Offset(test.page) {
			t.Errorf("%s: %v", test.name, err)
		}
		x.change(test.page, func(raw []byte) { copy(raw, old) })
	}
	// A checkpoint that C lsm1 wrote names no root for a segment that a newer one links to:
	// then the last page is it. When that is lost, only the first page is found by key.
	x.change(seg.Root, func(raw []byte) { clear(x.geo.Content(seg.Root, raw)) })
	rootless := seg.Segment
	rootless.Root = 0
	lost, err := segment.Open(&blockfile.Space{File: x.file}, rootless, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	for how, read := range readings(lost, records) {
		if n, err := read(); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("without its root, %s: %d records, %v", how, n, err)
		}
	}
}

// TestOneLongRecordWithoutBTree: a segment without a b-tree may have many pages.
func TestOneLongRecordWithoutBTree(t *testing.T) {
	x := newFixture(t, 1024)
	records := []record{{base.Insert, []byte("a"), []byte("1")}, {base.Insert, []byte("b"), make([]byte, 9000)}}
	written, _ := x.write(records, 0)
	seg, pages := x.unchecked(written)
	if seg.Root != 0 || len(pages) < 9 {
		t.Fatal(seg.Root, pages)
	}
	for how, read := range readings(seg, records) {
		if n, err := read(); err != nil || n != 2 {
			t.Errorf("%s: %d records, %v", how, n, err)
		}
	}
}

// sealed writes a segment with a seal.
func (x *fixture) sealed(records []record, seal format.Seal) format.Segment {
	x.t.Helper()
	w := segment.NewWriter(x.file, x, 0)
	w.SetSeal(seal)
	for _, r := range records {
		if err := w.Add(r.kind, r.key, r.value); err != nil {
			x.t.Fatal(err)
		}
	}
	s, ok, err := w.Finish()
	if err != nil || !ok {
		x.t.Fatal(ok, err)
	}
	return s
}

// TestSeals opens segments with and without the seal that a level has for them, and as the
// inputs of a merge, whose levels and seals are gone.
func TestSeals(t *testing.T) {
	x := newFixture(t, 1024)
	many := make([]record, 0, 300)
	for i := range 300 {
		many = append(many, record{base.Insert, fmt.Appendf(nil, "%06d", i), make([]byte, 40)})
	}
	few := many[:3]
	open := func(s format.Segment, what segment.What) (*segment.Segment, error) {
		x.reopen() // nothing is verified that is in the cache
		return segment.Open(&blockfile.Space{File: x.file}, s, what)
	}
	expect := func(name string, s format.Segment, what segment.What, sealed bool, seal format.Seal, records []record) {
		t.Helper()
		seg, err := open(s, what)
		if err != nil || seg.Space.Sealed != sealed || seg.Space.Seal != seal || seg.MayLink == sealed {
			t.Errorf("%s: %+v, %v", name, seg, err)
			return
		}
		for how, read := range readings(seg, records) {
			if n, err := read(); err != nil || n != len(records) {
				t.Errorf("%s, %s: %d records, %v", name, how, n, err)
			}
		}
	}
	const seal = 0x0123
	long, short := x.sealed(many, seal), x.sealed(few, seal)
	expect("with its seal", long, segment.What{Seal: seal}, true, seal, many)
	expect("one page with its seal", short, segment.What{Seal: seal}, true, seal, few)
	expect("as an input", long, segment.What{Input: true}, true, seal, many)
	expect("one page as an input", short, segment.What{Input: true}, true, seal, few)
	for name, what := range map[string]segment.What{"another seal": {Seal: seal + 1}, "no seal": {}} {
		for _, s := range []format.Segment{long, short} {
			if _, err := open(s, what); !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	old, oldShort := x.sealed(many, 0), x.sealed(few, 0)
	expect("old sums", old, segment.What{}, true, 0, many)
	expect("old sums as an input", old, segment.What{Input: true}, true, 0, many)
	expect("one page with the old sum as an input", oldShort, segment.What{Input: true}, true, 0, few)
	if _, err := open(old, segment.What{Seal: seal}); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("old sums with a seal: %v", err)
	}
	plain, _ := x.unchecked(func() *segment.Segment { s, _ := x.write(many, 0); return s }())
	expect("no checks as an input", plain.Segment, segment.What{Input: true}, false, 0, many)

	// A damaged end of an input is not taken for another seal.
	for _, p := range []base.PageNo{long.First, long.Last} {
		x.change(p, func(raw []byte) { raw[200] ^= 4 })
		if _, err := open(long, segment.What{Input: true}); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("page %d of an input damaged: %v", p, err)
		}
		x.change(p, func(raw []byte) { raw[200] ^= 4 })
	}
}
