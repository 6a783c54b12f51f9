// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestLongValuesInEveryLayout reads values of all lengths around those of pages and blocks
// in every way there is, from files of many layouts, and compares them with a map.
func TestLongValuesInEveryLayout(t *testing.T) {
	t.Parallel()
	for _, o := range []engine.Options{
		{PageSize: 256, BlockSize: 64 << 10},
		{PageSize: 1024, BlockSize: 64 << 10},
		{PageSize: 4096, BlockSize: 64 << 10},
		{PageSize: 4096, BlockSize: 1 << 20, CacheSize: 16 << 10},
		{PageSize: 16384, BlockSize: 64 << 10},
		{PageSize: 65536, BlockSize: 1 << 20},
		{PageSize: 1024, BlockSize: 64 << 10, Compression: "lz4"},
		{PageSize: 4096, BlockSize: 64 << 10, Compression: "zstd"},
		{PageSize: 16384, BlockSize: 1 << 20, Compression: "snappy", CacheSize: 64 << 10},
	} {
		o := o
		name := fmt.Sprintf("%d in %d %s", o.PageSize, o.BlockSize, o.Compression)
		t.Run(strings.TrimSpace(name), func(t *testing.T) { everyLayout(t, o) })
	}
}

func everyLayout(t *testing.T, o engine.Options) {
	ctx := context.Background()
	o.FS, o.NoAutoWork = memfs.New(), true
	db := mustOpen(t, "/a.lsm", o)
	defer db.Close()
	rng := rand.New(rand.NewPCG(uint64(o.PageSize), uint64(o.BlockSize)))
	rows := map[string][]byte{}
	for round := range 4 {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for range 25 {
				n := rng.IntN(40)
				switch rng.IntN(4) {
				case 0:
					n = rng.IntN(3 * o.PageSize)
				case 1:
					n = rng.IntN(12) * (o.PageSize - 12 + rng.IntN(5) - 2)
				case 2:
					n = rng.IntN(3 * o.BlockSize)
				}
				key := fmt.Sprintf("%03d", rng.IntN(100))
				if rng.IntN(8) == 0 {
					key += strings.Repeat("k", rng.IntN(3*o.PageSize))
				}
				value := make([]byte, n)
				for i := range value {
					value[i] = byte(i>>8) ^ byte(i*7) ^ byte(round)
				}
				rows[key] = value
				var err error
				if rng.IntN(2) == 0 {
					err = tx.Put([]byte(key), value)
				} else {
					err = tx.PutReader([]byte(key), iotest.HalfReader(bytes.NewReader(value)), int64(n))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = db.Flush(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		compareRows(t, db, rows, rng)
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	compareRows(t, db, rows, rng)
	for p := range db.Check(ctx) {
		t.Error(p)
	}
}

func compareRows(t *testing.T, db *engine.DB, rows map[string][]byte, rng *rand.Rand) {
	t.Helper()
	for key, want := range rows {
		v, found, err := db.Get(nil, []byte(key))
		if n, has, err2 := db.ValueLen([]byte(key)); err != nil || err2 != nil || !found || !has || n != len(want) || !bytes.Equal(v, want) {
			t.Fatalf("%.10s: %d and %d bytes, want %d, found %v and %v, %v, %v", key, len(v), n, len(want), found, has, err, err2)
		}
	}
	if _, found, err := db.ValueLen([]byte("none")); found || err != nil {
		t.Fatal(found, err)
	}
	keys := slices.Sorted(maps.Keys(rows))
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		i := 0
		for ok := c.First(); ok; ok = c.Next() {
			compareRow(t, c, keys, i, rows, rng)
			i++
		}
		for ok := c.Last(); ok; ok = c.Prev() {
			i--
			compareRow(t, c, keys, i, rows, rng)
		}
		for range 30 {
			j := rng.IntN(len(keys))
			for ok := c.Seek([]byte(keys[j]), engine.SeekLE); ok && j >= 0 && rng.IntN(3) > 0; ok = c.Prev() {
				compareRow(t, c, keys, j, rows, rng)
				j--
			}
			j = rng.IntN(len(keys))
			for ok := c.Seek([]byte(keys[j]), engine.SeekGE); ok && j < len(keys) && rng.IntN(3) > 0; ok = c.Next() {
				compareRow(t, c, keys, j, rows, rng)
				j++
			}
		}
		if i != 0 {
			t.Fatalf("%d keys more there than back", i)
		}
		return c.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compareRow compares the row that c stands on with row i, its value in one of several ways.
func compareRow(t *testing.T, c *engine.Cursor, keys []string, i int, rows map[string][]byte, rng *rand.Rand) {
	t.Helper()
	if i < 0 || i >= len(keys) || string(c.Key()) != keys[i] {
		t.Fatalf("key %.10q is not number %d", c.Key(), i)
	}
	want := rows[keys[i]]
	if n := c.ValueLen(); n != len(want) {
		t.Fatalf("%.10q: length %d, want %d", c.Key(), n, len(want))
	}
	how := rng.IntN(5)
	if how == 0 {
		return // the value is not looked at
	}
	if how == 1 {
		if v, err := c.Value(); err != nil || !bytes.Equal(v, want) {
			t.Fatalf("%.10q: %d bytes, %v", c.Key(), len(v), err)
		}
		return
	}
	r, err := c.ValueReader()
	if err != nil || r.Size() != int64(len(want)) {
		t.Fatal(err)
	}
	if how == 2 && len(want) < 20000 {
		if err := iotest.TestReader(r, want); err != nil {
			t.Fatal(err)
		}
		return
	}
	from := rng.IntN(len(want) + 1)
	buf := make([]byte, rng.IntN(len(want)-from+1))
	if _, err := r.Seek(int64(from), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, buf); err != nil || !bytes.Equal(buf, want[from:from+len(buf)]) {
		t.Fatalf("%.10q from %d: %d bytes differ, %v", c.Key(), from, len(buf), err)
	}
	if how == 3 {
		return
	}
	var rest bytes.Buffer
	if n, err := r.WriteTo(&rest); err != nil || int(n) != rest.Len() || !bytes.Equal(rest.Bytes(), want[from+len(buf):]) {
		t.Fatalf("%.10q: the rest from %d is %d bytes, %v", c.Key(), from+len(buf), n, err)
	}
}
