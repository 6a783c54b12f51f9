// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

type shortGetter interface {
	GetShort(dst, key []byte, most int) (value []byte, n int, found bool, err error)
	ValueLen(key []byte) (n int, found bool, err error)
}

// TestGetShort looks values and their lengths up in the tree, in a tree that is being written, and in the file, within
// a page and across many.
func TestGetShort(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: memfs.New(), PageSize: 1024, BlockSize: 64 << 10})
	sizes := []int{0, 1, 100, 900, 1100, 9000, 300_000}
	key := func(i int) []byte { return fmt.Appendf(nil, "%03d", i) }
	ok(t, db.Update(ctx, func(tx *engine.Tx) error {
		for i, size := range sizes {
			if err := tx.Put(key(i), longValue(size)); err != nil {
				return err
			}
		}
		return tx.Put([]byte("gone"), []byte("x"))
	}))
	ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Delete([]byte("gone")) }))
	for _, state := range []string{"in the tree", "in the file"} {
		snap, err := db.Snapshot(ctx)
		ok(t, err)
		tx, err := db.Begin(ctx)
		ok(t, err)
		ok(t, tx.Put([]byte("own"), longValue(5000)))
		for name, r := range map[string]shortGetter{"database": db, "snapshot": snap, "transaction": tx} {
			for i, size := range sizes {
				if n, found, err := r.ValueLen(key(i)); err != nil || !found || n != size {
					t.Fatalf("%s, %s, %d bytes: length %d, %v, %v", state, name, size, n, found, err)
				}
				for _, most := range []int{size - 1, size, size + 1, 4095} {
					want := []byte("before")
					if size <= most {
						want = append(want, longValue(size)...)
					}
					got, n, found, err := r.GetShort([]byte("before"), key(i), most)
					if err != nil || !found || n != size || !bytes.Equal(got, want) {
						t.Fatalf("%s, %s, %d bytes, at most %d: %d bytes, length %d, %v, %v", state, name, size, most, len(got), n, found, err)
					}
				}
			}
			for _, none := range []string{"gone", "none"} {
				if got, n, found, err := r.GetShort([]byte("x"), []byte(none), 10); err != nil || found || n != 0 || string(got) != "x" {
					t.Errorf("%s, %s, %s: %q, %d, %v, %v", state, name, none, got, n, found, err)
				}
				if n, found, err := r.ValueLen([]byte(none)); err != nil || found || n != 0 {
					t.Errorf("%s, %s, %s: length %d, %v, %v", state, name, none, n, found, err)
				}
			}
			_, n, found, err := r.GetShort(nil, []byte("own"), 10)
			if want := name == "transaction"; err != nil || found != want || want && n != 5000 {
				t.Errorf("%s, %s, own row: %d, %v, %v", state, name, n, found, err)
			}
			buf, k := make([]byte, 0, 1000), key(2)
			if got := testing.AllocsPerRun(50, func() { _, _, _, err = r.GetShort(buf, k, 4095) }); got > 0 && !engine.RaceDetector {
				t.Errorf("%s, %s: %v allocations", state, name, got)
			}
			ok(t, err)
		}
		ok(t, errors.Join(tx.Rollback(), snap.Close()))
		for name, r := range map[string]shortGetter{"snapshot": snap, "transaction": tx} {
			if got, _, found, err := r.GetShort([]byte("x"), key(2), 4095); !errors.Is(err, engine.ErrMisuse) || found || string(got) != "x" {
				t.Errorf("%s that is closed: %q, %v, %v", name, got, found, err)
			}
		}
		ok(t, db.Flush(ctx))
	}
	ok(t, db.Close())
	if _, _, _, err := db.GetShort(nil, key(2), 4095); !errors.Is(err, engine.ErrMisuse) {
		t.Errorf("a closed database: %v", err)
	}
}

// TestGetShortReadsNoLongValue: the pages of a value that is longer than may be loaded stay unread.
func TestGetShortReadsNoLongValue(t *testing.T) {
	ctx := context.Background()
	fsys := memfs.New()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
	ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), longValue(1<<20)) }))
	ok(t, errors.Join(db.Flush(ctx), db.Close()))
	db = mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
	before := db.Stats().PagesRead
	_, n, found, err := db.GetShort(nil, []byte("k"), 4095)
	if read := db.Stats().PagesRead - before; err != nil || !found || n != 1<<20 || read > 3 {
		t.Errorf("length %d, %v, %v; %d pages read", n, found, err, read)
	}
	ok(t, db.Close())
}
