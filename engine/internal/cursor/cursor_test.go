// SPDX-License-Identifier: Apache-2.0

package cursor_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sort"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/cursor"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestModel compares cursors and lookups over random states with a sorted map.
func TestModel(t *testing.T) {
	merging := 0
	for seed := range uint64(400) {
		w := newWorld(t, seed)
		st := w.state()
		for _, l := range st.Disk.Levels {
			if l.Merging != nil {
				merging++
			}
		}
		keys := slices.Sorted(maps.Keys(w.rows))
		var c cursor.Cursor
		if err := c.Init(st.Live, st); err != nil {
			t.Fatal(err)
		}
		at := func(ok bool, i int, what string) {
			t.Helper()
			if c.Err() != nil {
				t.Fatalf("seed %d, %s: %v", seed, what, c.Err())
			}
			if inside := i >= 0 && i < len(keys); ok != inside || c.Valid() != ok {
				t.Fatalf("seed %d, %s: row %d of %d: %v", seed, what, i, len(keys), ok)
			}
			if !ok {
				return
			}
			v, err := c.Value()
			if err != nil || string(c.Key()) != keys[i] || !bytes.Equal(v, w.rows[keys[i]]) || c.ValueLen() != len(v) {
				t.Fatalf("seed %d, %s: row %d: key %q, want %q; value %x, %v", seed, what, i, c.Key(), keys[i], v, err)
			}
		}
		ok := c.First()
		for i := range keys {
			at(ok, i, "forward")
			if i%5 == 0 {
				ok = c.Next()
				continue
			}
			row := cursor.Row{Key: []byte("none"), Value: []byte("none")}
			if ok = c.NextRow(&row); ok && i+1 < len(keys) && (string(row.Key) != keys[i+1] || !bytes.Equal(row.Value, w.rows[keys[i+1]])) {
				t.Fatalf("seed %d: row %d is %q, %x", seed, i+1, row.Key, row.Value)
			}
			if !ok && (string(row.Key) != "none" || string(row.Value) != "none") {
				t.Fatalf("seed %d: the end is the row %q, %x", seed, row.Key, row.Value)
			}
		}
		at(ok, len(keys), "behind the end")
		ok = c.Last()
		for i := len(keys) - 1; i >= 0; i-- {
			at(ok, i, "backward")
			ok = c.Prev()
		}
		at(ok, -1, "before the beginning")
		for range 60 {
			k := w.key()
			i := sort.SearchStrings(keys, string(k))
			exact := i < len(keys) && keys[i] == string(k)
			what := fmt.Sprintf("seek %q", k)
			v, found, err := cursor.Get([]byte("x"), k, &st.Live, st)
			if err != nil || found != exact || found && !bytes.Equal(v[1:], w.rows[string(k)]) || v[0] != 'x' {
				t.Fatalf("seed %d: get %q: %x, %v, %v", seed, k, v, found, err)
			}
			if ok := c.Seek(k, cursor.EQ); ok != exact {
				t.Fatalf("seed %d, %s EQ: %v", seed, what, ok)
			}
			switch w.rng.IntN(2) {
			case 0:
				at(c.Seek(k, cursor.GE), i, what+" GE")
			case 1:
				if !exact {
					i--
				}
				at(c.Seek(k, cursor.LE), i, what+" LE")
			}
			// Some steps there and back.
			for range 5 {
				if !c.Valid() {
					break
				}
				if w.rng.IntN(2) == 0 {
					i++
					at(c.Next(), i, what+", next")
				} else {
					i--
					at(c.Prev(), i, what+", prev")
				}
			}
		}
		w.expectSystem(st.Disk)
	}
	if merging < 50 {
		t.Errorf("only %d half-done merges", merging)
	}
}

// TestOwnWrites: a transaction's tree takes the place of the live one.
func TestOwnWrites(t *testing.T) {
	w := newWorld(t, 0)
	live := memtree.New()
	w.tree(live, []op{{'p', []byte("a"), []byte("1")}, {'p', []byte("b"), []byte("2")}})
	st := &snapshot.State{Disk: snapshot.Empty(), Live: live.Freeze(), Tree: live}
	w.tree(live, []op{{'d', []byte("a"), nil}, {'p', []byte("c"), []byte("3")}})
	for name, test := range map[string]struct {
		view memtree.View
		want string
	}{"committed": {st.Live, "ab"}, "own": {live.Freeze(), "bc"}} {
		var c cursor.Cursor
		if err := c.Init(test.view, st); err != nil {
			t.Fatal(err)
		}
		got := ""
		for ok := c.First(); ok; ok = c.Next() {
			got += string(c.Key())
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestDamage: an error of a segment ends a walk and a lookup with that error.
func TestDamage(t *testing.T) {
	for seed := range uint64(40) {
		w := newWorld(t, seed)
		st := w.state()
		if len(st.Disk.Levels) == 0 {
			continue
		}
		w.file.SetBlocks(0) // every page is out of range now, and none is cached
		fresh := blockfile.New(nil, "/test.db", w.file.Geometry(), nil, 1<<20)
		for _, l := range st.Disk.Levels {
			for _, s := range l.Segments() {
				s.Space = &blockfile.Space{File: fresh}
			}
		}
		var c cursor.Cursor
		err := c.Init(st.Live, st)
		if err == nil {
			for ok := c.First(); ok; ok = c.Next() {
			}
			err = c.Err()
			c.Last()
			if (c.Err() == nil) != (err == nil) {
				t.Errorf("seed %d: forward %v, backward %v", seed, err, c.Err())
			}
		}
		user := slices.ContainsFunc(st.Disk.Levels, func(l *snapshot.Level) bool { return !l.FreelistOnly })
		if user && err == nil {
			t.Errorf("seed %d: no error", seed)
		}
		if err := c.InitSystem(st.Disk); err == nil && !c.First() && c.Err() == nil {
			t.Errorf("seed %d: no error for system keys", seed)
		}
	}
}
