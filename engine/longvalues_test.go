// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/internal/longtest"
)

// TestLongValuesAreCopiedOnce holds what is allocated for a long value to its length where
// it has to be in memory, and to a constant where it has not, for each preset.
func TestLongValuesAreCopiedOnce(t *testing.T) {
	notUnderRace(t)
	progress := longtest.Start(t, 8*time.Second, 2*len(engine.PresetNames())+2)
	const small = 600 << 10 // buffers for runs of pages, and what the runtime does beside
	for _, preset := range engine.PresetNames() {
		for _, size := range []int{1 << 20, 64 << 20} {
			for _, codec := range []string{"none", "lz4"} {
				if codec != "none" && size > 1<<20 && preset != "default" {
					continue // for time's sake
				}
				t.Run(fmt.Sprintf("%s/%d MiB/%s", preset, size>>20, codec), func(t *testing.T) {
					copiedOnce(t, preset, codec, size, small)
					progress.Step()
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
