// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestFillIsNext: blocks of any size, forwards and backwards, with and without bounds, hold the rows that single
// steps come to; a row that is too long for a block is left to the caller.
func TestFillIsNext(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/fill.db", engine.Options{FS: memfs.New()})
	defer db.Close()
	const n = 400
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i) }
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i*i%7000) }
	for part := range 2 {
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := part; i < n; i += 2 {
				if err := tx.Put(key(i), value(i)); err != nil {
					return err
				}
			}
			return tx.DeleteRange(key(100), key(150))
		}); err != nil {
			t.Fatal(err)
		}
		if part == 0 {
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all []string
	rows := readAll(t, db)
	for i := range n {
		if _, ok := rows[string(key(i))]; ok {
			all = append(all, string(key(i)))
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	long := 0
	for range 300 {
		o := engine.FillOptions{Back: rng.IntN(2) == 0, Keys: rng.IntN(4) == 0, Through: rng.IntN(2) == 0}
		from := key(rng.IntN(n))
		if rng.IntN(3) > 0 {
			o.Bound = key(rng.IntN(n))
		}
		var want []string
		for _, k := range all {
			above, d := k >= string(from), bytes.Compare([]byte(k), o.Bound)
			if o.Back {
				above, d = k <= string(from), -d
			}
			if above && (o.Bound == nil || d < 0 || d == 0 && o.Through) {
				want = append(want, k)
			}
		}
		if o.Back {
			for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
				want[i], want[j] = want[j], want[i]
			}
		}
		c, err := db.Cursor(ctx)
		if err != nil {
			t.Fatal(err)
		}
		mode := engine.SeekGE
		if o.Back {
			mode = engine.SeekLE
		}
		c.Seek(from, mode)
		var got []string
		check := func(k, v []byte) {
			got = append(got, string(k))
			if full := rows[string(k)]; o.Keys && len(v) > 0 || !o.Keys && string(v) != full {
				t.Fatalf("%q: %d bytes of %d", k, len(v), len(full))
			}
		}
		for o.Current = true; ; {
			buf, ends := make([]byte, rng.IntN(20_000)), make([]uint32, 2*(1+rng.IntN(50)))
			rows, over, err := c.Fill(buf, ends, o)
			if err != nil {
				t.Fatal(err)
			}
			at := uint32(0)
			for i := range rows {
				check(buf[at:ends[2*i]], buf[ends[2*i]:ends[2*i+1]])
				at = ends[2*i+1]
			}
			o.Current = false
			if over {
				long++
				var v []byte
				if !o.Keys {
					if v, err = c.Value(); err != nil {
						t.Fatal(err)
					}
				}
				if rng.IntN(2) == 0 {
					check(c.Key(), v)
				} else {
					o.Current = true
				}
			} else if 2*rows < len(ends) {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%+v from %s:\n%v, want\n%v", o, from, got, want)
		}
		c.Close()
		if rows, over, err := c.Fill(make([]byte, 100), make([]uint32, 10), engine.FillOptions{Current: true}); rows != 0 || over || err != nil {
			t.Fatalf("closed: %d, %v, %v", rows, over, err)
		}
	}
	if long == 0 {
		t.Error("no row was too long for a block")
	}
}

// BenchmarkFill compares blocks with single steps.
func BenchmarkFill(b *testing.B) {
	db := fillRows(b, 100_000)
	ctx := context.Background()
	for _, rows := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			buf, ends := make([]byte, 64<<10), make([]uint32, 2*rows)
			c, err := db.Cursor(ctx)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			o := engine.FillOptions{Current: true}
			for i := 0; i < b.N; {
				if o.Current {
					c.First()
				}
				n, _, err := c.Fill(buf, ends, o)
				if err != nil {
					b.Fatal(err)
				}
				o.Current = n < rows
				i += max(n, 1)
			}
		})
	}
}

// fillRows returns a database of rows of 15 and 100 bytes in its file.
func fillRows(b *testing.B, n int) *engine.DB {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/bench.db", engine.Options{FS: memfs.New()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Appendf(nil, "key%012d", i), bytes.Repeat([]byte{byte(i)}, 100)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkSeekEQDeleted: a seek EQ among deleted keys, in the tree and in the file, beside Get.
func BenchmarkSeekEQDeleted(b *testing.B) {
	const n = 100_000
	ctx := context.Background()
	for _, where := range []string{"tree", "file"} {
		db := fillRows(b, n)
		if err := db.Update(ctx, func(tx *engine.Tx) error {
			for i := range n {
				if err := tx.Delete(fmt.Appendf(nil, "key%012d", i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		if where == "file" {
			if err := db.Flush(ctx); err != nil {
				b.Fatal(err)
			}
		}
		keys := make([][]byte, 4096)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range keys {
			keys[i] = fmt.Appendf(nil, "key%012d", rng.IntN(n))
		}
		b.Run(where+"/get", func(b *testing.B) {
			for i := range b.N {
				if _, found, err := db.Get(nil, keys[i%len(keys)]); found || err != nil {
					b.Fatal(found, err)
				}
			}
		})
		b.Run(where+"/seek", func(b *testing.B) {
			c, err := db.Cursor(ctx)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			for i := range b.N {
				if c.Seek(keys[i%len(keys)], engine.SeekEQ) || c.Err() != nil {
					b.Fatal(c.Err())
				}
			}
		})
	}
}
