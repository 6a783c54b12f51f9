// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// useAround opens the file read-only and reads it in every way around what is damaged: scans end, and in order.
func (f fuzzFile) useAround(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fs := memfs.New()
	ok(t, errors.Join(fs.WriteFile("/x.db", f.db), fs.WriteFile("/x.db-log", f.log)))
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, CacheSize: 1 << 20, SkipDamaged: true})
	if err != nil {
		return
	}
	defer db.Close()
	if err := readEverything(t, ctx, db); err != nil && !errors.Is(err, engine.ErrCorrupt) && !errors.Is(err, engine.ErrTooBig) {
		t.Fatalf("reading fails with an error of another kind: %v", err)
	}
	c, err := db.Cursor(ctx)
	ok(t, err)
	defer c.Close()
	var last []byte
	for ok := c.First(); ok; ok = c.Next() {
		if last != nil && string(c.Key()) <= string(last) {
			t.Fatalf("key %x comes after %x", c.Key(), last)
		}
		last = append(last[:0], c.Key()...)
		if _, err := c.Value(); err != nil {
			t.Fatalf("the value of %x, which the scan has come to: %v", c.Key(), err)
		}
	}
	ok(t, c.Err())
}

// FuzzSkipDamaged is FuzzOpen for reading around what is damaged.
func FuzzSkipDamaged(f *testing.F) {
	files := fuzzFiles(f)
	for i := range files {
		f.Add(byte(i), []byte{2, 0, 0, 1, 0, 0, 3, 0, 2, 9, 9, 9})
		f.Add(byte(i), []byte{4, 0, 1, 2, 0xFF, 0xFF})
	}
	f.Fuzz(func(t *testing.T, which byte, edits []byte) {
		files[int(which)%len(files)].mutate(edits[:min(len(edits), 600)]).useAround(t)
	})
}

// TestMutatedFilesAround is a random run of what FuzzSkipDamaged does.
func TestMutatedFilesAround(t *testing.T) {
	t.Parallel()
	for i, f := range fuzzFiles(t) {
		for seed := range *mutants {
			t.Run(fmt.Sprint(i, "/", seed), func(t *testing.T) { f.mutate(mutations(uint64(seed))).useAround(t) })
		}
	}
}
