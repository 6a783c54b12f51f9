// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// TestCMovesSealedBlocks lets C move blocks of a segment that the engine wrote: the pages
// keep their bytes, so they fit their seal under the numbers that they had before, and the
// level keeps its seal. Moved twice they still do.
func TestCMovesSealedBlocks(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "m.db")
	o := engine.Options{PageSize: 1024, BlockSize: 64 << 10, Background: engine.BackgroundNone, NoAutoWork: true, AutoCheckpoint: -1}
	db, err := engine.Open(ctx, path, o)
	must(t, err)
	// Two levels; the first is large and goes, so that blocks before the second are free.
	fill := func(n, value int) {
		must(t, db.Update(ctx, func(tx *engine.Tx) error {
			for i := range n {
				if err := tx.Put(fmt.Appendf(nil, "key%05d", i), []byte(strings.Repeat("v", value))); err != nil {
					return err
				}
			}
			return nil
		}))
		must(t, db.Flush(ctx))
	}
	fill(2000, 300)
	fill(2000, 290)
	_, err = db.Work(ctx, engine.WorkOptions{Merge: 1})
	must(t, err)
	_, err = db.Checkpoint(ctx)
	must(t, err)
	must(t, db.Close())

	moved := func() (n int) {
		db, err := engine.Open(ctx, path, engine.Options{ReadOnly: true})
		must(t, err)
		defer db.Close()
		for p := range db.Check(ctx) {
			t.Errorf("check: %v", p)
		}
		for _, l := range db.Structure() {
			pages, err := db.SegmentPages(l.Segments[0].First)
			must(t, err)
			for _, p := range pages {
				info, err := db.Page(p)
				must(t, err)
				if !strings.HasPrefix(info.Check, "good") {
					t.Fatalf("page %d: %s", p, info.Check)
				}
				if strings.Contains(info.Check, "moved") {
					n++
				}
			}
		}
		return n
	}
	if n := moved(); n != 0 {
		t.Fatalf("%d pages have moved before C has touched the file", n)
	}
	last := 0
	for range 3 {
		c := start(t)
		c.Timeout = hurry
		must(t, c.Open(path, oracle.AutoWork(false)))
		_, err := c.Work(1, 200)
		must(t, err)
		must(t, c.Checkpoint())
		must(t, c.Integrity())
		must(t, c.Close())
		n := moved()
		t.Logf("%d pages are in blocks that C has moved", n)
		if n < last {
			t.Errorf("before there were %d", last)
		}
		last = n
	}
	if last == 0 {
		t.Fatal("C has moved no block")
	}
	db, err = engine.Open(ctx, path, engine.Options{})
	must(t, err)
	v, found, err := db.Get(nil, []byte("key01234"))
	if err != nil || !found || len(v) != 290 {
		t.Fatal(found, len(v), err)
	}
	must(t, db.Optimize(ctx))
	must(t, db.Close())
	if n := moved(); n != 0 {
		t.Errorf("%d pages of a new segment are in moved blocks", n)
	}
}

// TestInputsOfCKeepTheirSeals lets C begin a merge of segments that the engine wrote. Their
// levels are gone then, and the seals are found from the pages: what is damaged is noticed
// as before.
func TestInputsOfCKeepTheirSeals(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "m.db")
	o := engine.Options{PageSize: 1024, BlockSize: 64 << 10, Background: engine.BackgroundNone, NoAutoWork: true, AutoMerge: 40}
	db, err := engine.Open(ctx, path, o)
	must(t, err)
	for l := range 3 {
		must(t, db.Update(ctx, func(tx *engine.Tx) error {
			for i := range 400 {
				if err := tx.Put(fmt.Appendf(nil, "key%05d", 3*i+l), []byte(strings.Repeat("v", 100))); err != nil {
					return err
				}
			}
			return nil
		}))
		must(t, db.Flush(ctx))
	}
	must(t, db.Close())
	c := start(t)
	c.Timeout = hurry
	must(t, c.Open(path, oracle.AutoWork(false)))
	_, err = c.Work(3, 16)
	must(t, err)
	must(t, c.Checkpoint())
	must(t, c.Close())

	db, err = engine.Open(ctx, path, engine.Options{ReadOnly: true})
	must(t, err)
	var inputs []engine.SegmentInfo
	for p := range db.Check(ctx) {
		t.Errorf("check: %v", p)
	}
	for _, l := range db.Structure() {
		for _, s := range l.Segments {
			if s.Role == engine.RoleInput {
				inputs = append(inputs, s)
			}
		}
	}
	must(t, db.Close())
	if len(inputs) != 3 {
		t.Fatalf("%d inputs of a half-done merge, want 3", len(inputs))
	}
	whole, err := os.ReadFile(path)
	must(t, err)
	for i, s := range inputs {
		for _, p := range []int64{s.First, s.Last, s.Last - 1} {
			bad := bytes.Clone(whole)
			bad[(p-1)*1024+500] ^= 0x10
			must(t, os.WriteFile(path, bad, 0o600))
			db, err := engine.Open(ctx, path, engine.Options{ReadOnly: true})
			if err != nil {
				continue
			}
			n := 0
			for range db.Check(ctx) {
				n++
			}
			if n == 0 {
				t.Errorf("input %d: a flipped bit of page %d is not noticed", i, p)
			}
			must(t, db.Close())
		}
	}
	must(t, os.WriteFile(path, whole, 0o600))
	db, err = engine.Open(ctx, path, engine.Options{})
	must(t, err)
	must(t, db.Optimize(ctx))
	for p := range db.Check(ctx) {
		t.Errorf("check after Optimize: %v", p)
	}
	must(t, db.Close())
}
