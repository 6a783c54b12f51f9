// SPDX-License-Identifier: Apache-2.0

package overlay_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/overlay"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// meter counts what is read of a snapshot, and can count keys by itself.
type meter struct {
	store.Reader
	gets, seeks, nexts, counts int
	last                       store.Range
	err                        error
}

func (m *meter) Get(ctx context.Context, dst, key []byte) ([]byte, bool, error) {
	m.gets++
	return m.Reader.Get(ctx, dst, key)
}

func (m *meter) Cursor(ctx context.Context) (store.Cursor, error) {
	c, err := m.Reader.Cursor(ctx)
	return &meterCursor{c, m}, err
}

type meterCursor struct {
	store.Cursor
	m *meter
}

func (c *meterCursor) Seek(ctx context.Context, r *store.Range) bool {
	c.m.seeks++
	c.m.last = *r
	return c.m.err == nil && c.Cursor.Seek(ctx, r)
}

func (c *meterCursor) Next(ctx context.Context) bool { c.m.nexts++; return c.Cursor.Next(ctx) }

func (c *meterCursor) Err() error { return errors.Join(c.m.err, c.Cursor.Err()) }

func (c *meterCursor) Count(ctx context.Context, r *store.Range) (int64, error) {
	c.m.counts++
	return 12345, nil
}

// over returns a transaction over a model with n keys, 0000, 0001 and so on.
func over(t *testing.T, n int) (*overlay.Tx, *meter) {
	t.Helper()
	ctx := context.Background()
	m := storetest.NewModel(nil)
	tx, err := m.Begin(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := tx.Put(ctx, fmt.Appendf(nil, "%04d", i), []byte("old")); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	snap, err := m.Snapshot(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	read := &meter{Reader: snap}
	o := overlay.New(overlay.Options{Snapshot: read, Caps: m.Caps(),
		Rollback: func(context.Context) error { return nil }})
	t.Cleanup(func() {
		if err := errors.Join(o.Rollback(ctx), snap.Close(), m.Close()); err != nil {
			t.Error(err)
		}
	})
	return o, read
}

// walk returns how many keys a range of the transaction has, and the last of them.
func walk(t *testing.T, tx *overlay.Tx, r store.Range) (n int, last string) {
	t.Helper()
	ctx := context.Background()
	c, err := tx.Cursor(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for ok := c.Seek(ctx, &r); ok; ok = c.Next(ctx) {
		n++
		last = string(c.Key())
	}
	if err := errors.Join(c.Err(), c.Close()); err != nil {
		t.Fatal(err)
	}
	return n, last
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// What a transaction has written itself is answered without the store, and deleted keys are not fetched one
// by one.
func TestReadsThatNeedNoStore(t *testing.T) {
	ctx := context.Background()
	key := func(i int) []byte { return fmt.Appendf(nil, "%04d", i) }
	point := func(i int) store.Range { return store.Range{Lo: key(i), HasLo: true, Hi: key(i), HasHi: true} }
	t.Run("points", func(t *testing.T) {
		tx, m := over(t, 10)
		must(t, tx.Put(ctx, key(3), []byte("new")), tx.Delete(ctx, key(4)), tx.DeleteRange(ctx, key(5), key(9)))
		for i, there := range map[int]bool{3: true, 4: false, 6: false} {
			_, found, err := tx.Get(ctx, nil, key(i))
			n, _ := walk(t, tx, point(i))
			if err != nil || found != there || n == 1 != there {
				t.Errorf("key %d: %v, %v, %d", i, found, err, n)
			}
		}
		if m.gets+m.seeks != 0 {
			t.Errorf("%d gets and %d seeks", m.gets, m.seeks)
		}
		if n, _ := walk(t, tx, point(9)); n != 1 || m.seeks != 1 {
			t.Errorf("the end of a range: %d rows, %d seeks", n, m.seeks)
		}
	})
	t.Run("all is deleted", func(t *testing.T) {
		tx, m := over(t, 1000)
		must(t, tx.Delete(ctx, nil), tx.DeleteRange(ctx, nil, []byte("9")))
		for _, reverse := range []bool{false, true} {
			r := store.Range{Lo: key(1), HasLo: true, Hi: key(900), HasHi: true, Reverse: reverse}
			if n, _ := walk(t, tx, r); n != 0 || m.seeks+m.nexts != 0 {
				t.Errorf("reverse %v: %d rows, %d seeks, %d moves", reverse, n, m.seeks, m.nexts)
			}
		}
	})
	t.Run("a long gap", func(t *testing.T) {
		for _, reverse := range []bool{false, true} {
			tx, m := over(t, 5000)
			must(t, tx.DeleteRange(ctx, key(9), key(4990)))
			if n, _ := walk(t, tx, store.Range{Reverse: reverse}); n != 20 || m.seeks != 2 || m.nexts > 200 {
				t.Errorf("reverse %v: %d rows, %d seeks, %d moves", reverse, n, m.seeks, m.nexts)
			}
		}
	})
	t.Run("a range that begins in a gap", func(t *testing.T) {
		for _, reverse := range []bool{false, true} {
			tx, m := over(t, 1000)
			must(t, tx.DeleteRange(ctx, key(100), key(900)))
			r := store.Range{Lo: key(300), HasLo: true, Hi: key(905), HasHi: true}
			if reverse {
				r = store.Range{Lo: key(95), HasLo: true, Hi: key(700), HasHi: true, Reverse: true}
			}
			if n, _ := walk(t, tx, r); n != 6 || m.seeks != 1 || m.nexts > 6 {
				t.Errorf("reverse %v: %d rows, %d seeks, %d moves", reverse, n, m.seeks, m.nexts)
			}
		}
	})
	t.Run("many short gaps", func(t *testing.T) {
		tx, m := over(t, 1000)
		for i := 0; i < 1000; i += 10 {
			must(t, tx.DeleteRange(ctx, key(i), key(i+5)), tx.Delete(ctx, key(i+7)))
		}
		if n, _ := walk(t, tx, store.Range{}); n != 500 || m.seeks != 1 {
			t.Errorf("%d rows, %d seeks", n, m.seeks)
		}
	})
	t.Run("a limit", func(t *testing.T) {
		tx, m := over(t, 100)
		must(t, tx.Put(ctx, key(1), nil), tx.Put(ctx, []byte("0000x"), nil))
		if n, last := walk(t, tx, store.Range{Limit: 3}); n != 3 || last != "0001" || m.last.Limit != 3 {
			t.Errorf("%d rows to %s, limit of the store %d", n, last, m.last.Limit)
		}
		must(t, tx.Delete(ctx, key(0)), tx.Delete(ctx, key(2)))
		if n, last := walk(t, tx, store.Range{Limit: 3}); n != 3 || last != "0003" || m.last.Limit != 0 {
			t.Errorf("with deletes: %d rows to %s, limit of the store %d", n, last, m.last.Limit)
		}
	})
	t.Run("count", func(t *testing.T) {
		tx, m := over(t, 100)
		count := func() int64 {
			c, err := tx.Cursor(ctx)
			must(t, err)
			n, err := c.(store.Counter).Count(ctx, &store.Range{Hi: key(50), HasHi: true})
			must(t, err, c.Close())
			return n
		}
		if n := count(); n != 12345 || m.counts != 1 || m.seeks != 0 {
			t.Errorf("nothing written: %d, %d counts", n, m.counts)
		}
		must(t, tx.Put(ctx, []byte("0000x"), nil), tx.Delete(ctx, key(3)), tx.Delete(ctx, key(4)))
		if n := count(); n != 50 || m.counts != 1 {
			t.Errorf("%d, %d counts", n, m.counts)
		}
	})
}

// An error of the store ends a walk and is reported, also where the transaction has keys of its own.
func TestErrorsOfTheStore(t *testing.T) {
	ctx := context.Background()
	tx, m := over(t, 10)
	must(t, tx.Put(ctx, []byte("0000"), nil))
	m.err = &errs.Error{Code: errs.CodeIO, Op: "read"}
	c, err := tx.Cursor(ctx)
	must(t, err)
	if c.Seek(ctx, &store.Range{}) || !errors.Is(c.Err(), errs.ErrIO) || c.Key() != nil {
		t.Errorf("at %q, %v", c.Key(), c.Err())
	}
	if _, err := c.(store.Counter).Count(ctx, &store.Range{}); err == nil {
		t.Error("counted")
	}
	must(t, c.Close())
}
