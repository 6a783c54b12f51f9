// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestNextRowOfDamage: a row whose value cannot be read ends a walk by rows with the error. Its key is found.
func TestNextRowOfDamage(t *testing.T) {
	const n, bad = 40, 25
	w, f, geo := damageable(t)
	key := func(i int) []byte { return fmt.Appendf(nil, "k%05d", i) }
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 30_000) } // ends some pages on
	tree := memtree.New()
	for i := range n {
		tree.Put(key(i), value(i))
	}
	seg := w.plain(tree).Seg
	damaged := 0
	for p := seg.First; p <= seg.Last; p++ {
		raw, err := seg.Space.RawPage(p)
		if err != nil {
			t.Fatal(err)
		}
		// A page without a key, in the midst of the value.
		if bytes.Contains(raw, value(bad)[:3000]) && !bytes.Contains(raw, []byte("k000")) {
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, len(raw)), geo.Offset(p)); err != nil {
				t.Fatal(err)
			}
			damaged++
		}
	}
	if damaged == 0 {
		t.Fatal("nothing was damaged")
	}
	again, err := segment.Open(&blockfile.Space{File: w.reread(f, geo)}, seg.Segment, segment.What{})
	if err != nil {
		t.Fatal(err)
	}
	st := &snapshot.State{Disk: &snapshot.Snapshot{Levels: []*snapshot.Level{{Seg: again}}}, Live: memtree.New().Freeze()}
	var c cursor.Cursor
	if err := c.Init(st.Live, st); err != nil {
		t.Fatal(err)
	}
	var row cursor.Row
	i := 0
	for ok := c.First(); ok; ok = c.NextRow(&row) {
		if i++; i > 1 && (!bytes.Equal(row.Key, key(i-1)) || !bytes.Equal(row.Value, value(i-1))) {
			t.Fatalf("row %d: %q, %d bytes", i-1, row.Key, len(row.Value))
		}
	}
	if i != bad || !errors.Is(c.Err(), errs.ErrCorrupt) || c.Valid() || c.NextRow(&row) {
		t.Errorf("%d rows, then %v; valid %v", i, c.Err(), c.Valid())
	}
	if !c.Seek(key(bad), cursor.EQ) || c.Err() != nil {
		t.Fatalf("the key of the row: %v", c.Err())
	}
	if _, err := c.Value(); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("its value: %v", err)
	}
}
