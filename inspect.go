package lsmlite

import (
	"context"
	"database/sql/driver"
	"reflect"
)

// inspect is a command that reads what a store is made of. Its argument, if it has one,
// is a page number.
func inspect(read func(i inspector, page int64) (*table, error)) func(context.Context, *conn, []string) (*table, error) {
	return func(_ context.Context, c *conn, args []string) (t *table, err error) {
		var page int64
		if len(args) > 0 {
			if page, err = positive("a page number", args[0]); err != nil {
				return nil, err
			}
		}
		err = c.maintain(func(m maintainer) error {
			i, ok := m.(inspector)
			if !ok {
				return misusef("pragma", "this store does not offer it")
			}
			t, err = read(i, page)
			return err
		})
		return t, err
	}
}

// freelistSize tells how many blocks are free, and how many entries of the free list no
// segment holds yet.
func freelistSize(i inspector, _ int64) (*table, error) {
	blocks, entries := i.FreeListSize()
	return &table{
		columns: []string{"blocks", "entries"},
		rows:    [][]driver.Value{{int64(blocks), int64(entries)}},
	}, nil
}

// arrayStructure lists the runs of pages of the segment that begins on a page.
func arrayStructure(i inspector, first int64) (*table, error) {
	ranges, err := i.SegmentRanges(first)
	t := &table{columns: []string{"first_page", "last_page"}}
	for _, r := range ranges {
		t.rows = append(t.rows, []driver.Value{r.First, r.Last})
	}
	return t, err
}

// arrayPages lists the pages of the segment that begins on a page.
func arrayPages(i inspector, first int64) (*table, error) {
	pages, err := i.SegmentPages(first)
	t := &table{columns: []string{"page"}}
	for _, p := range pages {
		t.rows = append(t.rows, []driver.Value{p})
	}
	return t, err
}

// pageInfo tells what a page is, a row for each thing but its cells.
func pageInfo(i inspector, page int64) (*table, error) {
	info, err := i.Page(page)
	if err != nil {
		return nil, err
	}
	cells := int64(len(info.Cells))
	info.Cells = nil
	t := structTable(reflect.ValueOf(info))
	t.rows[len(t.rows)-1] = []driver.Value{"cells", cells}
	return t, nil
}

// pageCells lists the cells of a page.
func pageCells(i inspector, page int64) (*table, error) {
	info, err := i.Page(page)
	if err != nil {
		return nil, err
	}
	if info.Damage != "" {
		return nil, misusef("pragma", "page %d has no cells that can be read: %s", page, info.Damage)
	}
	t := &table{columns: []string{"cell", "offset", "kind", "key", "key_len", "value", "value_len", "pointer", "key_page"}}
	for n, c := range info.Cells {
		t.rows = append(t.rows, []driver.Value{
			int64(n), int64(c.Offset), c.Kind, bytesOrNull(c.Key), int64(c.KeyLen), bytesOrNull(c.Value), int64(c.ValueLen),
			c.Pointer, c.KeyPage,
		})
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

func dumpWith(column string, dump func(inspector, int64) (string, error)) func(inspector, int64) (*table, error) {
	return func(i inspector, page int64) (*table, error) {
		text, err := dump(i, page)
		return oneValue(column, text), err
	}
}

// pins lists the states that readers hold, oldest first. What a read-only process of
// before holds is a row of its own, which names no state.
func pins(i inspector, _ int64) (*table, error) {
	r, err := i.Pins()
	t := &table{columns: []string{"snapshot", "commit", "pins", "age_ms", "held_blocks", "held_tree_bytes"}}
	for _, p := range r.Pins {
		t.rows = append(t.rows, []driver.Value{p.Snapshot, p.Commit, p.Count, p.Age.Milliseconds(), p.HeldBlocks, p.HeldTreeBytes})
	}
	if r.ForeignReader {
		t.rows = append(t.rows, []driver.Value{nil, nil, int64(1), nil, nil, nil})
	}
	return t, err
}
