// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/segment"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// TestPublishPutsTheOutputInPlaceOfTheInputs: the other levels stay as they are, the state
// gets the next number, and the blocks of the inputs become free as of the state before.
func TestPublishPutsTheOutputInPlaceOfTheInputs(t *testing.T) {
	a, b, c := levelIn(2), levelIn(3, 4), levelIn(5)
	out := levelIn(7, 8)
	all := []*snapshot.Level{a, b, c}
	for name, tt := range map[string]struct {
		inputs []*snapshot.Level
		output *snapshot.Level
		want   []*snapshot.Level
		freed  []base.BlockNo
	}{
		"a new level on top":            {nil, out, []*snapshot.Level{out, a, b, c}, nil},
		"the newest two":                {all[:2], out, []*snapshot.Level{out, c}, []base.BlockNo{2, 3, 4}},
		"one in the middle":             {all[1:2], out, []*snapshot.Level{a, out, c}, []base.BlockNo{3, 4}},
		"the oldest two":                {all[1:], out, []*snapshot.Level{a, out}, []base.BlockNo{3, 4, 5}},
		"all":                           {all, out, []*snapshot.Level{out}, []base.BlockNo{2, 3, 4, 5}},
		"all, with nothing left":        {all, nil, nil, []base.BlockNo{2, 3, 4, 5}},
		"the oldest, with nothing left": {all[2:], nil, all[:2], []base.BlockNo{5}},
	} {
		t.Run(name, func(t *testing.T) {
			disk := snapshot.Snapshot{ID: 20, Compression: 1, Levels: slices.Clone(all)}
			k := open(t, found{blocks: 6, free: []format.FreeEntry{entry(6, 20)}, disk: disk})
			before := k.Newest()
			blocks := []base.BlockNo{k.allocate(), k.allocate()}
			if !slices.Equal(blocks, out.Seg.Owned) {
				t.Fatalf("blocks %v", blocks)
			}
			k.publish(&ledger.Change{Inputs: tt.inputs, Output: tt.output, Blocks: blocks, Compression: 2})
			k.expectLevels(21, tt.want...)
			k.expectReserved()
			free := []format.FreeEntry{entry(6, 20)}
			for _, n := range tt.freed {
				free = append(free, entry(n, 20))
			}
			if tt.output == nil {
				free = append(free, entry(7, 0), entry(8, 0))
			}
			slices.SortFunc(free, func(x, y format.FreeEntry) int { return int(x.Block) - int(y.Block) })
			k.expectFree(free...)
			if k.Newest().Disk.Compression != 2 {
				t.Error("the codec of the file is not noted")
			}
			if before.Disk.ID != 20 || !slices.Equal(before.Disk.Levels, all) {
				t.Error("the state before was changed")
			}
		})
	}
}

// TestSharedBlockStaysInUse: a block in which another segment begins or ends is not freed
// with one that ends or begins there.
func TestSharedBlockStaysInUse(t *testing.T) {
	middle := geo.FirstPage(3) + 10
	a := levelAt(geo.FirstPage(2), middle, 2, 3)
	b := levelAt(middle+1, geo.FirstPage(4), 3, 4)
	for name, tt := range map[string]struct {
		input *snapshot.Level
		want  []format.FreeEntry
	}{
		"the one that ends there":   {a, []format.FreeEntry{entry(2, 11)}},
		"the one that begins there": {b, []format.FreeEntry{entry(4, 11)}},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t, found{blocks: 4, disk: snapshot.Snapshot{ID: 11, Levels: []*snapshot.Level{a, b}}})
			k.publish(&ledger.Change{Inputs: []*snapshot.Level{tt.input}})
			k.expectFree(tt.want...)
		})
	}
}

// TestFlushTakesTheOldTreeAway: what the old tree held is in the levels then, up to its
// place in the log.
func TestFlushTakesTheOldTreeAway(t *testing.T) {
	k := open(t, found{})
	old := memtree.New()
	old.Put([]byte("k"), []byte("v"))
	k.Show(ledger.Commit{Seq: 5})
	k.SetAside(old.Freeze(), format.LogPos{Off: 300}, memtree.New())
	set := k.Newest()
	k.Show(ledger.Commit{Seq: 6})
	k.flush() // of something else
	if st := k.Newest(); !st.HasOld || st.Disk.Seq != 0 || st.Disk.Log.Off != 0 {
		t.Errorf("an old tree: %t, levels up to commit %d and %d of the log", st.HasOld, st.Disk.Seq, st.Disk.Log.Off)
	}
	n := k.allocate()
	k.publish(&ledger.Change{Output: levelIn(n), Blocks: []base.BlockNo{n}, Flush: true})
	st := k.Newest()
	if st.HasOld || !st.Old.Empty() || st.OldSeq != 0 || st.OldLog != (format.LogPos{}) {
		t.Errorf("there is an old tree still: %+v", st)
	}
	if st.Disk.Seq != 5 || st.Disk.Log != set.OldLog || st.Seq != 6 {
		t.Errorf("levels up to commit %d and %+v of the log, want 5 and %+v; the newest is %d",
			st.Disk.Seq, st.Disk.Log, set.OldLog, st.Seq)
	}
}

// TestResultWithoutRootUnderALinkedLevelIsWidened: nothing is published then, and what the
// segment had is free again.
func TestResultWithoutRootUnderALinkedLevelIsWidened(t *testing.T) {
	rootless := levelIn(6)
	rootless.Seg.Root = 0
	for name, tt := range map[string]struct {
		linked bool
		at     int
		output *snapshot.Level
		want   ledger.Outcome
	}{
		"nothing left":                      {true, 1, nil, ledger.Widen},
		"no root":                           {true, 1, rootless, ledger.Widen},
		"a root":                            {true, 1, levelIn(6), ledger.Published},
		"nothing left, further down":        {true, 2, nil, ledger.Published},
		"nothing left, on top":              {true, 0, nil, ledger.Published},
		"nothing left, under no such level": {false, 1, nil, ledger.Published},
	} {
		t.Run(name, func(t *testing.T) {
			levels := []*snapshot.Level{levelIn(2), levelIn(3), levelIn(4)}
			levels[0].Seg.MayLink = tt.linked
			disk := snapshot.Snapshot{ID: 11, Levels: levels, Append: [4]base.PageNo{geo.FirstPage(5) + 3}}
			k := open(t, found{blocks: 5, disk: disk})
			at := k.TakeAppendPoint()
			before := k.Newest()
			did, err := k.Publish(&ledger.Change{
				Inputs: levels[tt.at : tt.at+1], Output: tt.output, Begin: at, Blocks: []base.BlockNo{5, k.allocate()},
			})
			if did != tt.want || err != nil {
				t.Fatalf("outcome %d, want %d; %v", did, tt.want, err)
			}
			k.expectReserved()
			if did == ledger.Widen {
				if k.Newest() != before {
					t.Error("a state was published")
				}
				if again := k.TakeAppendPoint(); again != at {
					t.Errorf("append point %v, want %v, which it was given", again, at)
				}
			}
		})
	}
}

// TestAppendPointsFollowTheSegments: the point a segment began at is gone, where it ends is
// one, and those in blocks that have become free are dropped.
func TestAppendPointsFollowTheSegments(t *testing.T) {
	p, q, next := geo.FirstPage(2)+10, geo.FirstPage(3)+20, geo.FirstPage(3)+40
	first := levelAt(geo.FirstPage(2), p-1, 2)
	second := levelAt(geo.FirstPage(3), q-1, 3)
	for name, tt := range map[string]struct {
		do   func(k *books)
		want [4]base.PageNo
	}{
		"begun at one, and another after it": {func(k *books) {
			at := k.TakeAppendPoint()
			k.publish(&ledger.Change{Output: levelAt(at.Page, next-1, 3), Begin: at, Blocks: []base.BlockNo{3}, Next: next})
		}, [4]base.PageNo{p, next}},
		"begun at one, and nothing left": {func(k *books) {
			at := k.TakeAppendPoint()
			k.publish(&ledger.Change{Begin: at, Blocks: []base.BlockNo{3}})
		}, [4]base.PageNo{p, q}},
		"in a block that becomes free": {func(k *books) {
			k.publish(&ledger.Change{Inputs: []*snapshot.Level{second}})
		}, [4]base.PageNo{p}},
		"in a block that becomes free, with another one": {func(k *books) {
			n := k.allocate()
			after := geo.FirstPage(n) + 5
			out := levelAt(geo.FirstPage(n), after-1, n)
			k.publish(&ledger.Change{Inputs: []*snapshot.Level{first}, Output: out, Blocks: out.Seg.Owned, Next: after})
		}, [4]base.PageNo{geo.FirstPage(4) + 5, q}},
		"one is full while another is taken": {func(k *books) {
			k.TakeAppendPoint() // of q
			k.TakeAppendPoint() // of p
			n := k.allocate()
			k.publish(&ledger.Change{Output: levelIn(n), Blocks: []base.BlockNo{n}, Next: geo.FirstPage(n) + 1})
		}, [4]base.PageNo{p, q, geo.FirstPage(4) + 1}},
	} {
		t.Run(name, func(t *testing.T) {
			disk := snapshot.Snapshot{ID: 11, Levels: []*snapshot.Level{second, first}, Append: [4]base.PageNo{p, q}}
			k := open(t, found{blocks: 3, disk: disk})
			tt.do(k)
			if got := k.Newest().Disk.Append; got != tt.want {
				t.Errorf("append points %v, want %v", got, tt.want)
			}
		})
	}
}

// TestTakenAppendPointKeepsItsPlace: while a segment is being written from one, its place
// goes to no other, even if its block becomes free.
func TestTakenAppendPointKeepsItsPlace(t *testing.T) {
	p := geo.FirstPage(2) + 10
	l := levelAt(geo.FirstPage(2), p-1, 2)
	k := open(t, found{blocks: 2, disk: snapshot.Snapshot{ID: 11, Levels: []*snapshot.Level{l}, Append: [4]base.PageNo{p}}})
	at := k.TakeAppendPoint()
	k.publish(&ledger.Change{Inputs: []*snapshot.Level{l}})
	n := k.allocate()
	other := geo.FirstPage(n) + 1
	k.publish(&ledger.Change{Output: levelIn(n), Blocks: []base.BlockNo{n}, Next: other})
	if got := k.Newest().Disk.Append; got != [4]base.PageNo{0, other} {
		t.Fatalf("append points %v", got)
	}
	k.GiveUp(at, []base.BlockNo{2})
	if again := k.TakeAppendPoint(); again.Page != other {
		t.Errorf("append point %d, want %d", again.Page, other)
	}
}

// TestRedirectsBelongToTheOldestSegment: they go with it, and only with it.
func TestRedirectsBelongToTheOldestSegment(t *testing.T) {
	levels := []*snapshot.Level{levelIn(2), levelIn(3)}
	for name, tt := range map[string]struct {
		inputs []*snapshot.Level
		kept   int
	}{
		"a new level":   {nil, 1},
		"the newer one": {levels[:1], 1},
		"the oldest":    {levels[1:], 0},
		"both":          {levels, 0},
	} {
		t.Run(name, func(t *testing.T) {
			disk := snapshot.Snapshot{ID: 11, Levels: levels, Redirects: []format.Redirect{{From: 9, To: 3}}}
			k := open(t, found{blocks: 3, disk: disk})
			n := k.allocate()
			k.publish(&ledger.Change{Inputs: tt.inputs, Output: levelIn(n), Blocks: []base.BlockNo{n}})
			if got := len(k.Newest().Disk.Redirects); got != tt.kept {
				t.Errorf("%d redirects, want %d", got, tt.kept)
			}
		})
	}
}

// TestHalfDoneMergeIsFreedWithItsInputs, and with the block that C lsm1 has taken for it
// already, if that is one that nobody else has.
func TestHalfDoneMergeIsFreedWithItsInputs(t *testing.T) {
	for name, tt := range map[string]struct {
		last base.PageNo // of its output
		link base.BlockNo
		want []base.BlockNo
	}{
		"the output ends within a block": {geo.FirstPage(2) + 3, 6, []base.BlockNo{2, 3, 4}},
		"it ends with its block":         {geo.LastPage(2), 6, []base.BlockNo{2, 3, 4, 6}},
		"the link leads nowhere":         {geo.LastPage(2), 0, []base.BlockNo{2, 3, 4}},
		"it leads out of the file":       {geo.LastPage(2), 9, []base.BlockNo{2, 3, 4}},
		"it leads to a free block":       {geo.LastPage(2), 5, []base.BlockNo{2, 3, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			half := levelAt(geo.FirstPage(2), tt.last, 2)
			half.Merging = &snapshot.Merging{RHS: []*segment.Segment{levelIn(3).Seg, levelIn(4).Seg}}
			disk := snapshot.Snapshot{ID: 11, Levels: []*snapshot.Level{half}}
			k := open(t, found{blocks: 6, free: []format.FreeEntry{entry(5, 10)}, disk: disk})
			if _, err := k.fs.WriteAt([]byte{0, 0, 0, byte(tt.link)}, geo.LinkOffset(2, true)); err != nil {
				t.Fatal(err)
			}
			k.publish(&ledger.Change{Inputs: []*snapshot.Level{half}})
			var got []base.BlockNo
			for _, e := range k.Account().Free {
				if e.ID == 11 {
					got = append(got, e.Block)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("freed %v, want %v", got, tt.want)
			}
		})
	}
}

// TestUnreadableInputsChangeNothing: if the blocks of an input cannot be found out, nothing
// is published, and no free-list entries are listed.
func TestUnreadableInputsChangeNothing(t *testing.T) {
	bad := levelAt(geo.FirstPage(2), geo.LastPage(3))
	k := open(t, found{blocks: 3, disk: snapshot.Snapshot{ID: 11, Levels: []*snapshot.Level{bad}}})
	bad.Seg.Space.File = k.file // whose links are all zeros
	before := k.Newest()
	if _, err := k.Publish(&ledger.Change{Inputs: before.Disk.Levels}); err == nil {
		t.Error("published")
	}
	if got := k.EntriesFor(before.Disk.Levels, nil); got != nil {
		t.Errorf("entries %v", got)
	}
	k.expectFree()
	if k.Newest() != before {
		t.Error("a state was published")
	}
}

// TestEntriesAreThoseAfterPublishing: a segment that will be the newest level holds the
// entries that are missing once it is published, and no other segment holds any.
func TestEntriesAreThoseAfterPublishing(t *testing.T) {
	k := open(t, found{})
	var levels []*snapshot.Level
	for range 3 {
		levels = append([]*snapshot.Level{k.flush()}, levels...)
	}
	n := k.allocate()
	if got := k.EntriesFor(levels[1:], []base.BlockNo{n}); got != nil {
		t.Errorf("entries %v for a level that is not the newest", got)
	}
	c := &ledger.Change{Inputs: levels[:2], Output: levelIn(n), Blocks: []base.BlockNo{n}}
	c.Entries = k.EntriesFor(c.Inputs, c.Blocks)
	want := []format.FreeEntry{entry(2, 13), entry(3, 13)}
	if !slices.Equal(c.Entries, want) {
		t.Fatalf("entries %v, want %v", c.Entries, want)
	}
	k.publish(c)
	k.expectFree(want...)
	if got := k.Unrecorded(); got != 0 {
		t.Errorf("%d entries are recorded nowhere, though the new segment holds them", got)
	}
	// They are taken back when the blocks are in use again.
	k.store()
	if m := k.allocate(); m != 2 {
		t.Fatalf("block %d, want 2", m)
	}
	k.publish(&ledger.Change{Output: levelIn(2), Blocks: []base.BlockNo{2}})
	if got := k.Account().Delta; !slices.Equal(got, []format.FreeEntry{entry(2, format.NotFree)}) {
		t.Errorf("recorded nowhere is %v, want that block 2 is in use", got)
	}
}
