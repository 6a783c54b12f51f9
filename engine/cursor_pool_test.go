// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// marked opens a database of which every key and every value begins with a mark, with levels, a
// tree, and values that cross the ends of pages.
func marked(t *testing.T, mark string, rows int) *engine.DB {
	t.Helper()
	ctx := context.Background()
	db := mustOpen(t, "/"+mark, engine.Options{FS: memfs.New(), NoAutoWork: true, PageSize: 1024})
	t.Cleanup(func() { db.Close() })
	for level := range 3 {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			for i := level; i < rows; i += 3 {
				value := bytes.Repeat([]byte(mark), 1+i%400)
				if err := tx.Put(fmt.Appendf(nil, "%s%06d", mark, i), value); err != nil {
					return err
				}
			}
			return nil
		}))
		if level < 2 {
			ok(t, db.Flush(ctx))
		}
	}
	return db
}

// TestCursorsShowTheirOwn: what one cursor leaves behind is used by the next, of any database, in
// any goroutine. None of them must see what is another's.
func TestCursorsShowTheirOwn(t *testing.T) {
	const rows = 600
	ctx := context.Background()
	var wg sync.WaitGroup
	for g := range 4 {
		mark := string(rune('a' + g))
		db := marked(t, mark, rows)
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 5))
			for range 150 {
				c, err := db.Cursor(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				first := rng.IntN(rows)
				more := c.Seek(fmt.Appendf(nil, "%s%06d", mark, first), engine.SeekGE)
				back := rng.IntN(2) == 0
				for i, n := first, rng.IntN(80); more && n > 0; n-- {
					v, err := c.Value()
					want := fmt.Sprintf("%s%06d", mark, i)
					if string(c.Key()) != want || !bytes.Equal(v, bytes.Repeat([]byte(mark), 1+i%400)) || err != nil {
						t.Errorf("key %q, value %.20q of %d bytes, %v; want %q", c.Key(), v, len(v), err, want)
						return
					}
					if back {
						i--
						more = c.Prev()
					} else {
						i++
						more = c.Next()
					}
				}
				if err := errors.Join(c.Err(), c.Close()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestClosedCursor: no method of a closed cursor does anything, whoever has what it used.
func TestClosedCursor(t *testing.T) {
	ctx := context.Background()
	a, b := marked(t, "a", 300), marked(t, "b", 300)
	for range 20 { // so that the second surely gets what the first has left
		closed, err := a.Cursor(ctx)
		ok(t, err)
		if !closed.First() {
			t.Fatal(closed.Err())
		}
		r, err := closed.ValueReader()
		ok(t, err)
		ok(t, closed.Close())
		other, err := b.Cursor(ctx)
		ok(t, err)
		if !other.Seek([]byte("b000100"), engine.SeekGE) {
			t.Fatal(other.Err())
		}
		if closed.First() || closed.Last() || closed.Next() || closed.Prev() || closed.Seek([]byte("a000001"), engine.SeekGE) || closed.Valid() {
			t.Error("a closed cursor moves")
		}
		if closed.Key() != nil || closed.ValueLen() != 0 || closed.Err() != nil {
			t.Errorf("a closed cursor has key %q, a value of %d bytes, error %v", closed.Key(), closed.ValueLen(), closed.Err())
		}
		if v, err := closed.Value(); v != nil || !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a closed cursor has value %q, %v", v, err)
		}
		if _, err := closed.ValueReader(); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a reader of a closed cursor's value: %v", err)
		}
		if n, err := r.Read(make([]byte, 10)); n != 0 || !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("the reader of before reads %d bytes, %v", n, err)
		}
		ok(t, closed.Close())
		if !other.Next() || string(other.Key()) != "b000101" {
			t.Errorf("the other cursor stands on %q, %v", other.Key(), other.Err())
		}
		ok(t, other.Close())
	}
	if a.Stats().Pins != 0 || b.Stats().Pins != 0 {
		t.Error("there are pins left")
	}
}
