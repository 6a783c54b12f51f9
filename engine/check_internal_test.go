// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestCheckKnowsWhichMetaPageCounts damages one meta page after the other of an open
// database. Both have to be whole, except while a checkpoint could be stored on one only.
func TestCheckKnowsWhichMetaPageCounts(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	db, err := Open(ctx, "/check.db", Options{FS: fs, Background: BackgroundNone})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *Tx) error { return tx.Put([]byte("key"), nil) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	file, err := fs.Open("/check.db", vfs.ReadWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(page int) {
		at := int64(page-1)*format.MetaPageSize + 20
		var b [1]byte
		if _, err := file.ReadAt(b[:], at); err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt([]byte{b[0] ^ 4}, at); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(page int) {
		t.Helper()
		problems := slices.Collect(db.Check(ctx))
		if page == 0 && len(problems) == 0 {
			return
		}
		if page == 0 || len(problems) == 0 || !strings.Contains(problems[0].Detail, fmt.Sprintf("meta page %d", page)) {
			t.Errorf("want meta page %d (0: none), got %v", page, problems)
		}
	}
	expect(0)
	for page := 1; page <= 2; page++ {
		flip(page)
		expect(page)
		flip(page)
	}
	newest, other := db.ledger.Stored().Meta, checkpoint.Other(db.ledger.Stored().Meta)
	db.ledger.Restore()
	flip(other)
	expect(0)
	flip(newest)
	expect(newest)
	flip(newest)
	flip(other)
	if _, err := db.Checkpoint(ctx); err != nil { // on both pages again
		t.Fatal(err)
	}
	expect(0)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
