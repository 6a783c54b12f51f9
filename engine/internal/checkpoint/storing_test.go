// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// withoutNotes makes a file as a program leaves it that writes no notes: checkpoint 11 on both
// pages.
func withoutNotes(t *testing.T, logExists bool) *noted {
	t.Helper()
	r, f := open(t)
	blob, err := at(11).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for page := 1; page <= 2; page++ {
		if err := f.WriteMeta(page, blob, nil); err != nil {
			t.Fatal(err)
		}
	}
	l, err := checkpoint.Load(r, "/test.db")
	if err != nil {
		t.Fatal(err)
	}
	n := &noted{t: t, r: r, file: f}
	n.must(n.Begin(f, &l, checkpoint.FoundLog{Exists: logExists, Name: func() string { return "test.db-log" }}))
	r.ops = nil
	return n
}

func restOn(page int) string {
	return fmt.Sprintf("write %d+%d", (page-1)*format.MetaPageSize+8, format.NoteOffset-8)
}

func frontOn(page int) string { return fmt.Sprintf("write %d+%d", (page-1)*format.MetaPageSize, 8) }

// TestStoreWithoutANote: where the newest checkpoint has no note of its own, each page says
// durably what the other one holds before it is written, and its id comes last. The next
// checkpoint is stored as ever.
func TestStoreWithoutANote(t *testing.T) {
	n := withoutNotes(t, true)
	n.must(n.store(12, 1, 0, true))
	n.expectOps("without a note", "sync",
		noteOn(2), "sync", restOn(2), "sync", frontOn(2), "sync", noteOn(2), "sync",
		noteOn(1), "sync", restOn(1), "sync", frontOn(1), "sync")
	if l := n.load(); !l.Pair() || l.Checkpoint.ID != 12 {
		t.Errorf("the pages hold %+v", l.Pages)
	}
	n.must(n.store(13, 2, 0, true))
	n.expectOps("with notes", "sync", metaOn(1), "sync", metaOn(2), "sync")
}

// TestStoreWithoutANoteFails: whichever operation fails, the file then holds the one checkpoint
// or the other, and what a damaged page may have held is known.
func TestStoreWithoutANoteFails(t *testing.T) {
	for _, logExists := range []bool{false, true} {
		for failAt := 1; failAt <= 15; failAt++ {
			n := withoutNotes(t, logExists)
			n.r.failAt = failAt
			if err := n.store(12, 1, 0, true); err == nil {
				t.Fatalf("operation %d fails, and nothing is reported", failAt)
			}
			l := n.load()
			if l.Checkpoint == nil || l.Checkpoint.ID < 11 || l.Checkpoint.ID > 12 {
				t.Fatalf("operation %d fails: %+v", failAt, l.Checkpoint)
			}
			if l.Damaged != nil && l.Lost() != checkpoint.LostCopy && l.Lost() != checkpoint.LostNothing {
				t.Errorf("operation %d fails: meta page %d is damaged, and may have held anything (%d)", failAt, l.DamagedMeta, l.Lost())
			}
		}
	}
}
