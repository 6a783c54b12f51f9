// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

func treeOf(keys ...string) *memtree.Tree {
	tree := memtree.New()
	for _, key := range keys {
		tree.Put([]byte(key), []byte("v"))
	}
	return tree
}

// TestShownCommitIsWhatReadersSee, and a state that was pinned before stays as it is.
func TestShownCommitIsWhatReadersSee(t *testing.T) {
	k := open(t, found{})
	before := k.Acquire()
	tree := treeOf("a")
	regions := [3]wal.Region{2: {Start: 0, End: 90}}
	k.Show(ledger.Commit{Seq: 1, View: tree.Freeze(), Regions: regions, At: 77})
	st := k.Newest()
	if _, r := st.Live.Get([]byte("a")); r != memtree.Found || st.Seq != 1 || st.At != 77 || k.LogRegions() != regions {
		t.Errorf("the newest state is of commit %d at %d, with regions %v; its key: %d", st.Seq, st.At, k.LogRegions(), r)
	}
	if !before.Live.Empty() || before.Seq != 0 || !before.Superseded() {
		t.Error("the pinned state has changed")
	}
	if st.Disk != before.Disk || st.Tree != before.Tree {
		t.Error("a commit changes the levels, or the tree")
	}
}

// TestTreeThatIsSetAsideWaitsToBeFlushed, and the next one is empty. Its place in the log
// differs from that of the levels even where the two are the same.
func TestTreeThatIsSetAsideWaitsToBeFlushed(t *testing.T) {
	for _, toggle := range []bool{false, true} {
		k := open(t, found{})
		disk := *k.Newest().Disk
		disk.Log.Toggle = toggle
		live, fresh := treeOf("a", "b"), memtree.New()
		k.First(&disk, live)
		k.Show(ledger.Commit{Seq: 4, View: live.Freeze()})
		end := disk.Log
		k.SetAside(live.Freeze(), end, fresh)
		st := k.Newest()
		if !st.HasOld || st.Old.Len() != 2 || st.OldSeq != 4 || st.Tree != fresh || !st.Live.Empty() || st.Seq != 4 {
			t.Errorf("old tree %t of %d records up to commit %d; live %d records, commit %d",
				st.HasOld, st.Old.Len(), st.OldSeq, st.Live.Len(), st.Seq)
		}
		if end.Toggle = !toggle; st.OldLog != end {
			t.Errorf("it reaches up to %+v of the log, want %+v", st.OldLog, end)
		}
	}
}

// TestTreeThatShowsNothingIsForgotten: there is nothing to flush then.
func TestTreeThatShowsNothingIsForgotten(t *testing.T) {
	k := open(t, found{})
	rolledBack, fresh := memtree.New(), memtree.New()
	m := rolledBack.Mark()
	rolledBack.Put([]byte("a"), nil)
	rolledBack.RollbackTo(m)
	k.SetAside(rolledBack.Freeze(), format.LogPos{Off: 100}, fresh)
	st := k.Newest()
	if st.HasOld || st.OldLog != (format.LogPos{}) || st.Tree != fresh || !st.Live.Empty() {
		t.Errorf("an old tree: %t, up to %+v; the live one is the new one: %t", st.HasOld, st.OldLog, st.Tree == fresh)
	}
}

// TestFindingsGoOnWithTheNextTree: what cursors have found out about the old tree is known of
// the new one, as far as it is right still, in a list of its own.
func TestFindingsGoOnWithTheNextTree(t *testing.T) {
	k := open(t, found{})
	live := treeOf("a")
	k.Show(ledger.Commit{Seq: 1, View: live.Freeze()})
	before := k.Newest().Spans
	before.Add(span.Span{Low: []byte("c"), High: []byte("m"), Hidden: 100, Epoch: live.Freeze().Epoch()})
	k.Show(ledger.Commit{Seq: 2, View: live.Freeze()})
	if k.Newest().Spans != before {
		t.Error("a commit forgets what was found out about the tree")
	}
	k.SetAside(live.Freeze(), format.LogPos{}, memtree.New())
	if after := k.Newest().Spans; after == before || after.Empty() {
		t.Errorf("the new tree has the list of the old one: %t, or nothing in its own", after == before)
	}
}

// TestReplayedTreeIsShown with the regions of the log that it was read from.
func TestReplayedTreeIsShown(t *testing.T) {
	k := open(t, found{})
	tree := treeOf("a", "b", "c")
	regions := [3]wal.Region{2: {Start: 10, End: 20}}
	end := format.LogPlace{Stream: 10, Seq: 3}
	k.Replayed(tree, end, wal.Recovered{Regions: regions})
	if st := k.Newest(); st.Live.Len() != 3 || st.End != end || st.Tree != tree || k.LogRegions() != regions {
		t.Errorf("%d records, regions %v", st.Live.Len(), k.LogRegions())
	}
}
