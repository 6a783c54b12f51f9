package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// allocated returns how many bytes f allocates.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func mustOpen(t *testing.T, path string, o engine.Options) *engine.DB {
	t.Helper()
	db, err := engine.Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// notUnderRace skips a test that measures memory, see engine.RaceDetector.
func notUnderRace(t *testing.T) {
	if engine.RaceDetector {
		t.Skip("the race detector changes what is allocated")
	}
}

func longValue(n int) []byte {
	v := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(v)
	return v
}

// TestLongValuesAreCopiedOnce holds what is allocated for a long value to its length where
// it has to be in memory, and to a constant where it has not, for each preset.
func TestLongValuesAreCopiedOnce(t *testing.T) {
	notUnderRace(t)
	const small = 600 << 10 // buffers for runs of pages, and what the runtime does beside
	for _, preset := range engine.PresetNames() {
		for _, size := range []int{1 << 20, 64 << 20} {
			for _, codec := range []string{"none", "lz4"} {
				if codec != "none" && size > 1<<20 && preset != "default" {
					continue // for time's sake
				}
				t.Run(fmt.Sprintf("%s/%d MiB/%s", preset, size>>20, codec), func(t *testing.T) {
					copiedOnce(t, preset, codec, size, small)
				})
			}
		}
	}
}

func copiedOnce(t *testing.T, preset, codec string, size, small int) {
	ctx := context.Background()
	value := longValue(size)
	o, _ := engine.Preset(preset)
	o.Compression = codec
	path := t.TempDir() + "/long.lsm"
	db := mustOpen(t, path, o)
	most := func(what string, most int, f func() error) {
		t.Helper()
		var err error
		if got := allocated(func() { err = f() }); got > most {
			t.Errorf("%s allocates %d bytes, more than %d", what, got, most)
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	put := func(key string) func() error {
		return func() error {
			return db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(key), value) })
		}
	}
	// The log's buffer may grow up to its limit; commits flush.
	most("put", size+size/8+4<<20, put("a"))
	most("flush", 4<<20, func() error { return db.Flush(ctx) })
	most("put", size+size/8+4<<20, put("b"))
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	read := func() {
		most("Get", size+small, func() error {
			v, found, err := db.Get(nil, []byte("a"))
			if err == nil && (!found || !bytes.Equal(v, value)) {
				err = errors.New("another value")
			}
			return err
		})
		dst := make([]byte, 0, size)
		if n := testing.AllocsPerRun(3, func() { _, _, _ = db.Get(nil, []byte("a")) }); n > 8 {
			t.Errorf("Get makes %v allocations", n)
		}
		most("Get into a buffer", small, func() error {
			_, _, err := db.Get(dst, []byte("b"))
			return err
		})
		most("ValueLen", small, func() error {
			n, found, err := db.ValueLen([]byte("a"))
			if err == nil && (!found || n != size) {
				err = fmt.Errorf("%d bytes, found %v", n, found)
			}
			return err
		})
		walk := func(value bool) func() error {
			return func() error {
				return db.View(ctx, func(s *engine.Snapshot) error {
					c, err := s.Cursor()
					if err != nil {
						return err
					}
					defer c.Close()
					n := 0
					for ok := c.First(); ok && err == nil; ok = c.Next() {
						n++
						if value {
							_, err = c.Value()
						}
					}
					for ok := c.Last(); ok && err == nil; ok = c.Prev() {
						n++
					}
					if err == nil && n != 4 {
						err = fmt.Errorf("%d keys there and back", n)
					}
					return errors.Join(err, c.Err())
				})
			}
		}
		most("a walk over values", size+small, walk(true))
		most("a walk over keys", small, walk(false))
		most("a ValueReader", small, func() error {
			return db.View(ctx, func(s *engine.Snapshot) error {
				c, err := s.Cursor()
				if err != nil {
					return err
				}
				defer c.Close()
				c.First()
				r, err := c.ValueReader()
				if err != nil {
					return err
				}
				n, err := io.Copy(io.Discard, r)
				if err == nil && n != int64(size) {
					err = fmt.Errorf("%d bytes read", n)
				}
				return err
			})
		})
	}
	read()
	most("merge", 12<<20, func() error { return db.Optimize(ctx) })
	read()
	most("backup with another page size", 12<<20, func() error {
		return db.Backup(ctx, path+"-copy", engine.BackupOptions{PageSize: 8192})
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTransactionsTakeTheirDataOnce: a transaction takes no more than one and a half times
// what is written in it, and a constant, whatever the length of its values.
func TestTransactionsTakeTheirDataOnce(t *testing.T) {
	notUnderRace(t)
	const all = 64 << 20
	ctx := context.Background()
	for _, size := range []int{1 << 10, 30 << 10, 100 << 10, 250 << 10, 300 << 10, 1 << 20, 5 << 20} {
		db := mustOpen(t, t.TempDir()+"/a.lsm", engine.Options{NoAutoWork: true})
		value := longValue(size)
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var key [4]byte
		got := allocated(func() {
			for i := range all / size {
				binary.BigEndian.PutUint32(key[:], uint32(i))
				if err := tx.Put(key[:], value); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
		})
		if got > all+all/2+4<<20 {
			t.Errorf("values of %d bytes: %d bytes allocated for %d", size, got, all)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplayCopiesLongValuesOnce: a log with a long value takes its length once to open.
func TestReplayCopiesLongValuesOnce(t *testing.T) {
	notUnderRace(t)
	ctx := context.Background()
	const size = 64 << 20
	value := longValue(size)
	fsys := memfs.New()
	o := engine.Options{FS: fsys, NoAutoWork: true}
	db := mustOpen(t, "/a.lsm", o)
	err := db.Update(ctx, func(tx *engine.Tx) error {
		return errors.Join(tx.Put([]byte("a"), []byte("before")), tx.Put([]byte("b"), value), tx.Put([]byte("c"), []byte("after")))
	})
	if err != nil {
		t.Fatal(err)
	}
	var again *engine.DB
	for _, readOnly := range []bool{true, false} {
		o.FS, o.ReadOnly = fsys.Clone(), readOnly
		limit := uint64(size + 8<<20)
		if !readOnly {
			limit += size // what is flushed is in memory, too, as the content of a file
		}
		if got := allocated(func() { again = mustOpen(t, "/a.lsm", o) }); uint64(got) > limit {
			t.Errorf("opening allocates %d bytes for a value of %d, read-only %v", got, size, readOnly)
		}
		defer again.Close()
	}
	for key, want := range map[string][]byte{"a": []byte("before"), "b": value, "c": []byte("after")} {
		if v, found, err := again.Get(nil, []byte(key)); !found || err != nil || !bytes.Equal(v, want) {
			t.Errorf("%s: %d bytes, found %v, %v", key, len(v), found, err)
		}
	}
}

// TestLongValuesInEveryLayout reads values of all lengths around those of pages and blocks
// in every way there is, from files of many layouts, and compares them with a map.
func TestLongValuesInEveryLayout(t *testing.T) {
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

// TestValueReaderEndsWithItsRow: a reader fails once its cursor has left the row.
func TestValueReaderEndsWithItsRow(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: memfs.New()})
	defer db.Close()
	value := longValue(100 << 10)
	err := db.Update(ctx, func(tx *engine.Tx) error {
		return errors.Join(tx.Put([]byte("a"), value), tx.Put([]byte("b"), value))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, flush := range []bool{false, true} {
		if flush {
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		s, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Cursor()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ValueReader(); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a reader of no row: %v", err)
		}
		for _, what := range []string{"next", "close"} {
			leave := func() { c.Next() }
			if what == "close" {
				leave = func() { c.Close() }
			}
			c.First()
			r, err := c.ValueReader()
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1000)
			if _, err := io.ReadFull(r, buf); err != nil || !bytes.Equal(buf, value[:1000]) {
				t.Fatal(err)
			}
			if _, err := r.Seek(-1, io.SeekStart); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("a seek before the beginning: %v", err)
			}
			leave()
			if _, err := r.Read(buf); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s, then Read: %v", what, err)
			}
			if _, err := r.Seek(0, io.SeekStart); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s, then Seek: %v", what, err)
			}
			if _, err := r.WriteTo(io.Discard); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s, then WriteTo: %v", what, err)
			}
		}
		if err := errors.Join(c.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPutReaderThatFailsWritesNothing: the transaction goes on as if it had not been called.
func TestPutReaderThatFailsWritesNothing(t *testing.T) {
	ctx := context.Background()
	fsys := memfs.New()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
	fault := errors.New("no more")
	for _, size := range []int{10, 3000, 100 << 10, 5 << 20} {
		value := longValue(size)
		err := db.Update(ctx, func(tx *engine.Tx) error {
			if err := tx.Put([]byte("k"), []byte("old")); err != nil {
				return err
			}
			for what, tt := range map[string]struct {
				r    io.Reader
				size int
				want error
			}{
				"short":                {bytes.NewReader(value), size + 1, io.ErrUnexpectedEOF},
				"long":                 {bytes.NewReader(value), size - 1, nil},
				"failing":              {io.MultiReader(bytes.NewReader(value[:size/2]), iotest.ErrReader(fault)), size, fault},
				"of a negative length": {bytes.NewReader(value), -1, engine.ErrMisuse},
				"too long":             {bytes.NewReader(value), engine.MaxValueSize + 1, engine.ErrTooBig},
				"that uses the transaction": {readerFunc(func([]byte) (int, error) {
					return 0, errors.Join(tx.Put([]byte("k"), nil), tx.RollbackTo(1), tx.Commit(ctx))
				}), size, engine.ErrMisuse},
			} {
				err := tx.PutReader([]byte("k"), tt.r, int64(tt.size))
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("a reader %s: %v", what, err)
				}
				if v, _, err := tx.Get(nil, []byte("k")); err != nil || string(v) != "old" {
					t.Errorf("after a reader %s: %d bytes, %v", what, len(v), err)
				}
			}
			// The value of another key, read from a cursor of the same transaction.
			if err := tx.Put([]byte("from"), value); err != nil {
				return err
			}
			c, err := tx.Cursor()
			if err != nil {
				return err
			}
			defer c.Close()
			c.First()
			r, err := c.ValueReader()
			if err != nil {
				return err
			}
			return tx.PutReader([]byte("k"), r, r.Size())
		})
		if err != nil {
			t.Fatal(err)
		}
		crashed := mustOpen(t, "/a.lsm", engine.Options{FS: fsys.Clone()})
		for _, db := range []*engine.DB{db, crashed} {
			if v, _, err := db.Get(nil, []byte("k")); err != nil || !bytes.Equal(v, value) {
				t.Errorf("%d bytes, want %d, %v", len(v), size, err)
			}
		}
		if err := crashed.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
