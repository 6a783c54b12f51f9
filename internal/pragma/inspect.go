// SPDX-License-Identifier: Apache-2.0

package pragma

import (
	"context"
	"database/sql/driver"
	"reflect"

	"github.com/lsmlite/lsmlite-go/store"
)

// inspect is a PRAGMA that reads what a store is made of. Its argument, if it has one, is
// a page number.
func inspect(read func(i store.Inspector, page int64) (*Table, error)) runFunc {
	return func(_ context.Context, c *Call, args []string) (*Table, error) {
		var page int64
		if len(args) > 0 {
			var err error
			if page, err = positive("a page number", args[0]); err != nil {
				return nil, err
			}
		}
		i, ok := c.Store.(store.Inspector)
		if !ok {
			return nil, notOffered()
		}
		return read(i, page)
	}
}

// freelistSize tells how many blocks are free, and how many entries of the free list no
// segment holds yet.
func freelistSize(i store.Inspector, _ int64) (*Table, error) {
	blocks, entries := i.FreeListSize()
	t := &Table{Columns: []string{"blocks", "entries"}}
	t.add(int64(blocks), int64(entries))
	return t, nil
}

// arrayStructure lists the runs of pages of the segment that begins on a page.
func arrayStructure(i store.Inspector, first int64) (*Table, error) {
	ranges, err := i.SegmentRanges(first)
	t := &Table{Columns: []string{"first_page", "last_page"}}
	for _, r := range ranges {
		t.add(r.First, r.Last)
	}
	return t, err
}

// maxArrayPages is how many pages array_pages lists. All rows are in memory before the first one is
// read, and a large segment has millions of pages.
const maxArrayPages = 100_000

// pageLister is an Inspector that can stop after a number of pages.
type pageLister interface {
	FirstSegmentPages(first int64, most int) ([]int64, error)
}

// arrayPages lists the first pages of the segment that begins on a page.
func arrayPages(i store.Inspector, first int64) (*Table, error) {
	list := i.SegmentPages
	if l, ok := i.(pageLister); ok {
		list = func(first int64) ([]int64, error) { return l.FirstSegmentPages(first, maxArrayPages) }
	}
	pages, err := list(first)
	t := &Table{Columns: []string{"page"}}
	for _, p := range pages[:min(len(pages), maxArrayPages)] {
		t.add(p)
	}
	return t, err
}

// pageInfo tells what a page is, a row for each thing but its cells.
func pageInfo(i store.Inspector, page int64) (*Table, error) {
	info, err := i.Page(page)
	if err != nil {
		return nil, err
	}
	cells := int64(len(info.Cells))
	info.Cells = nil
	t := structTable(reflect.ValueOf(info))
	t.Rows[len(t.Rows)-1] = []driver.Value{"cells", cells}
	return t, nil
}

// pageCells lists the cells of a page.
func pageCells(i store.Inspector, page int64) (*Table, error) {
	info, err := i.Page(page)
	if err != nil {
		return nil, err
	}
	if info.Damage != "" {
		return nil, misusef("page %d has no cells that can be read: %s", page, info.Damage)
	}
	t := &Table{Columns: []string{
		"cell", "offset", "kind", "key", "key_len", "value", "value_len", "pointer", "key_page",
	}}
	for n, c := range info.Cells {
		t.add(int64(n), int64(c.Offset), c.Kind, bytesOrNull(c.Key), int64(c.KeyLen), bytesOrNull(c.Value),
			int64(c.ValueLen), c.Pointer, c.KeyPage)
	}
	return t, nil
}

// bytesOrNull is b, or NULL where a cell has none.
func bytesOrNull(b []byte) driver.Value {
	if b == nil {
		return nil
	}
	return b
}

// skipped lists the ranges of keys in which something could not be read.
func skipped(_ context.Context, c *Call, _ []string) (*Table, error) {
	s, ok := c.Store.(store.Skipper)
	if !ok {
		return nil, notOffered()
	}
	t := &Table{Columns: []string{"from_key", "to_key", "page", "detail"}}
	for _, r := range s.Skipped() {
		t.add(append([]byte{}, r.From...), bytesOrNull(r.To), r.Page, r.Detail)
	}
	return t, nil
}

// attached tells whose database is shown, if another process writes it.
func attached(_ context.Context, c *Call, _ []string) (*Table, error) {
	s, ok := c.Store.(store.Attacher)
	if !ok {
		return nil, notOffered()
	}
	t := &Table{Columns: []string{"pid", "checkpoint", "age_ms"}}
	if a, ok := s.Attached(); ok {
		var pid any
		if a.PID != 0 {
			pid = int64(a.PID)
		}
		t.add(pid, a.Checkpoint, a.Age.Milliseconds())
	}
	return t, nil
}

func dumpWith(column string, dump func(store.Inspector, int64) (string, error)) runFunc {
	return inspect(func(i store.Inspector, page int64) (*Table, error) {
		text, err := dump(i, page)
		return OneValue(column, text), err
	})
}

// pins lists the states that readers hold, oldest first. What a read-only process of
// before holds is a row of its own, which names no state.
func pins(i store.Inspector, _ int64) (*Table, error) {
	r, err := i.Pins()
	t := &Table{Columns: []string{"snapshot", "commit", "pins", "age_ms", "held_blocks", "held_tree_bytes"}}
	for _, p := range r.Pins {
		t.add(p.Snapshot, p.Commit, p.Count, p.Age.Milliseconds(), p.HeldBlocks, p.HeldTreeBytes)
	}
	if r.ForeignReader {
		t.add(nil, nil, int64(1), nil, nil, nil)
	}
	return t, err
}
