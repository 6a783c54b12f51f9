// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestValuePart compares parts of values with the values, in the tree and in the file, within a page
// and across many, and moves the cursor on from them.
func TestValuePart(t *testing.T) {
	ctx := context.Background()
	for _, compression := range []string{"none", "lz4"} {
		db := mustOpen(t, "/a.lsm", engine.Options{FS: memfs.New(), PageSize: 1024, BlockSize: 64 << 10, Compression: compression})
		var values [][]byte
		for i, size := range []int{0, 1, 100, 900, 1000, 1100, 2500, 7000, 8192, 9000, 70_000, 300_000, 900_000, 50} {
			values = append(values, longValue(size))
			key := append(fmt.Appendf(nil, "%03d", i), make([]byte, i%3*1500)...) // some keys cross pages, too
			ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(key, values[i]) }))
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for range 2 {
			c, err := db.Cursor(ctx)
			ok(t, err)
			for range 20 {
				i := 0
				for more := c.First(); more; more = c.Next() {
					value := values[i]
					from := rng.IntN(len(value) + 10)
					n := rng.IntN(len(value) + 10)
					if rng.IntN(2) == 0 {
						n = rng.IntN(10)
					}
					got, err := c.ValuePart([]byte("before"), from, n)
					first := min(from, len(value))
					want := append([]byte("before"), value[first:min(first+n, len(value))]...)
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("compression %q: bytes %d+%d of %d: %d bytes, %v", compression, from, n, len(value), len(got)-6, err)
					}
					if rng.IntN(4) == 0 {
						if all, err := c.Value(); err != nil || !bytes.Equal(all, value) {
							t.Fatalf("all %d bytes: %d, %v", len(value), len(all), err)
						}
					}
					i++
				}
				if i != len(values) || c.Err() != nil {
					t.Fatalf("%d rows, %v", i, c.Err())
				}
			}
			c.First()
			for _, wrong := range [][2]int{{-1, 1}, {1, -1}} {
				if got, err := c.ValuePart([]byte("x"), wrong[0], wrong[1]); !errors.Is(err, engine.ErrMisuse) || string(got) != "x" {
					t.Errorf("%v: %q, %v", wrong, got, err)
				}
			}
			ok(t, c.Close())
			if _, err := c.ValuePart(nil, 0, 1); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("of a closed cursor: %v", err)
			}
			ok(t, db.Flush(ctx))
		}
		ok(t, db.Close())
	}
}

// TestValuePartReadsFewPages: a part costs the pages up to it, not those after it.
func TestValuePartReadsFewPages(t *testing.T) {
	for _, compression := range []string{"none", "lz4"} {
		t.Run(compression, func(t *testing.T) { valuePartReadsFewPages(t, compression) })
	}
}

func valuePartReadsFewPages(t *testing.T, compression string) {
	ctx := context.Background()
	fsys := memfs.New()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: fsys, Compression: compression})
	const size = 1 << 20
	value := make([]byte, size)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range value {
		value[i] = byte(rng.Uint32()) // not to be compressed
	}
	ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), value) }))
	ok(t, db.Flush(ctx))
	ok(t, db.Close())
	for _, tt := range []struct{ from, n, most int }{
		{0, 0, 3}, {0, 100, 3}, {0, 10_000, 7}, {0, 40_000, 15}, {100_000, 10, 31}, {size / 2, 1000, 140}, {size - 10, 10, 270},
	} {
		db := mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
		c, err := db.Cursor(ctx)
		ok(t, err)
		if !c.First() {
			t.Fatal(c.Err())
		}
		before := db.Stats()
		_, err = c.ValuePart(nil, tt.from, tt.n)
		ok(t, err)
		after := db.Stats()
		if read := after.PagesRead - before.PagesRead; int(read) > tt.most {
			t.Errorf("bytes %d+%d: %d pages read, want at most %d", tt.from, tt.n, read, tt.most)
		}
		if read := after.BytesRead - before.BytesRead; int(read) > (tt.from+tt.n)*51/50+7*4096 {
			t.Errorf("bytes %d+%d: %d bytes read", tt.from, tt.n, read)
		}
		buf := make([]byte, 0, tt.n)
		if got := testing.AllocsPerRun(20, func() { _, err = c.ValuePart(buf, tt.from, tt.n) }); got > 0 && !engine.RaceDetector && tt.from == 0 {
			t.Errorf("bytes %d+%d: %v allocations", tt.from, tt.n, got)
		}
		ok(t, errors.Join(err, c.Close(), db.Close()))
	}
}

// TestValuePartAfterShortRows: a cursor that walks reads ahead, but a part of a long value that it
// comes to costs what it costs elsewhere.
func TestValuePartAfterShortRows(t *testing.T) {
	ctx := context.Background()
	fsys := memfs.New()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
	const short, long = 1000, 10
	for i := range short {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(fmt.Appendf(nil, "a%05d", i), longValue(100)) }))
	}
	for i := range long {
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(fmt.Appendf(nil, "b%05d", i), longValue(1<<20)) }))
	}
	ok(t, db.Flush(ctx))
	ok(t, db.Optimize(ctx))
	ok(t, db.Close())
	db = mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
	c, err := db.Cursor(ctx)
	ok(t, err)
	var read int64
	for more := c.First(); more; more = c.Next() {
		if c.Key()[0] == 'b' {
			before := db.Stats().PagesRead
			_, err := c.ValuePart(nil, 0, 8000)
			ok(t, err)
			read += db.Stats().PagesRead - before
		}
	}
	if read > 3*long {
		t.Errorf("%d pages are read for %d parts of two pages", read, long)
	}
	ok(t, errors.Join(c.Err(), c.Close(), db.Close()))
}

// TestPartThenWhole: after a part of a value was read, some of its pages are in the cache, and the value is
// read from those and from the file.
func TestPartThenWhole(t *testing.T) {
	ctx := context.Background()
	for size := 32_768; size < 33_600; size += 64 {
		db := mustOpen(t, "/a.lsm", engine.Options{FS: memfs.New()})
		rng := rand.New(rand.NewPCG(uint64(size), 1))
		value := make([]byte, size)
		for i := range value {
			value[i] = byte(rng.Uint32())
		}
		ok(t, db.Update(ctx, func(tx *engine.Tx) error {
			return errors.Join(tx.Put([]byte("a"), value), tx.Put([]byte("b"), []byte("short")), tx.Put([]byte("c"), []byte("short")))
		}))
		ok(t, db.Flush(ctx))
		c, err := db.Cursor(ctx)
		ok(t, err)
		if !c.First() {
			t.Fatal(c.Err())
		}
		if part, err := c.ValuePart(nil, 0, 32_600); err != nil || !bytes.Equal(part, value[:32_600]) {
			t.Fatal(len(part), err)
		}
		ok(t, c.Close())
		if v, found, err := db.Get(nil, []byte("a")); err != nil || !found || !bytes.Equal(v, value) {
			t.Errorf("a value of %d bytes: %d bytes, %v, or other ones", size, len(v), err)
		}
		ok(t, db.Close())
	}
}
