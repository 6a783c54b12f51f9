// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// checkpointed returns the closed database /x.lsm with n rows, each of a checkpoint of its
// own, and the bytes of its file.
func checkpointed(t *testing.T, n int, o engine.Options) (*memfs.FS, []byte) {
	t.Helper()
	ctx := context.Background()
	mem := memfs.New()
	o.FS = mem
	db, err := engine.Open(ctx, "/x.lsm", o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, []byte("v")) }); err != nil {
			t.Fatal(err)
		}
		if err := flushAndCheckpoint(ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := mem.ReadFile("/x.lsm")
	if err != nil {
		t.Fatal(err)
	}
	return mem, data
}

// TestErasedMeta blanks each meta page of a database that was closed after one, two and
// three checkpoints: the other one holds the same. If that has no note of ours, so that it
// may be an older one, the file is refused.
func TestErasedMeta(t *testing.T) {
	ctx := context.Background()
	refused := 0
	for checkpoints := 1; checkpoints <= 3; checkpoints++ {
		mem, data := checkpointed(t, checkpoints, engine.Options{})
		for page := range 2 {
			erased := changed(data, func(b []byte) { clear(b[page*4096 : page*4096+4066]) })
			plain := changed(erased, func(b []byte) { clear(b[3584:4066]); clear(b[4096+3584 : 4096+4066]) })
			mem.WriteFile("/x.lsm", plain)
			if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem}); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("page %d erased after %d checkpoints, no note: %v", page+1, checkpoints, err)
			}
			expectFile(t, mem, "/x.lsm", plain)
			mem.WriteFile("/x.lsm", erased)
			db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
			if errors.Is(err, engine.ErrCorrupt) {
				// C lsm1 might have written a newer one there.
				expectFile(t, mem, "/x.lsm", erased)
				refused++
				continue
			}
			if err != nil {
				t.Errorf("page %d erased after %d checkpoints: %v", page+1, checkpoints, err)
				continue
			}
			if rows := rowsOf(t, db); len(rows) != checkpoints {
				t.Errorf("page %d erased after %d checkpoints: %d rows", page+1, checkpoints, len(rows))
			}
			expectSound(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if refused > 4 {
		t.Errorf("%d of 6 files are refused", refused)
	}
}

// TestSenselessCheckpoint gives the words of the checkpoint values that cannot be, with a
// checksum that is right. On both pages the file is refused, and left as it is; on one the
// other page leads to every row, or the file is refused.
func TestSenselessCheckpoint(t *testing.T) {
	ctx := context.Background()
	const rows = 3
	mem, data := checkpointed(t, rows, engine.Options{NoAutoWork: true})
	words := int(binary.BigEndian.Uint32(data[8:]))
	senseless := 0
	for word := range words - 2 {
		for _, v := range []uint32{0, 1, 2, 0xDA, 1 << 16, 1 << 31, 1<<32 - 1} {
			change := func(pages ...int) []byte {
				return changed(data, func(b []byte) {
					for _, page := range pages {
						binary.BigEndian.PutUint32(b[page*4096+4*word:], v)
						if word != 2 { // the number of words, which says where the checksum is
							sumMeta(b[page*4096:], words)
						}
					}
				})
			}
			both := change(0, 1)
			if _, err := format.DecodeCheckpoint(both[:format.MetaSize]); err == nil {
				continue
			}
			senseless++
			mem.WriteFile("/x.lsm", both)
			if _, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem}); !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("word %d is %d on both pages: %v", word, v, err)
			}
			expectFile(t, mem, "/x.lsm", both)
			for page := range 2 {
				one := change(page)
				mem.WriteFile("/x.lsm", one)
				db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: mem})
				if errors.Is(err, engine.ErrCorrupt) {
					expectFile(t, mem, "/x.lsm", one)
					continue
				}
				if err != nil {
					t.Errorf("word %d is %d on page %d: %v", word, v, page+1, err)
					continue
				}
				if n := len(rowsOf(t, db)); n != rows {
					t.Errorf("word %d is %d on page %d: %d rows", word, v, page+1, n)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if senseless < 100 {
		t.Errorf("%d senseless checkpoints were tried", senseless)
	}
}
