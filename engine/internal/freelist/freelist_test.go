// SPDX-License-Identifier: Apache-2.0

package freelist_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/freelist"
)

type ids = map[base.BlockNo]base.SnapshotID

func newList(t *testing.T, blocks uint32, recorded ids, entries ...format.FreeEntry) *freelist.List {
	t.Helper()
	l, err := freelist.New(blocks, recorded, entries)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNew(t *testing.T) {
	l := newList(t, 9, ids{2: 20, 3: 30, 4: 40},
		format.FreeEntry{Block: 1, ID: 10}, format.FreeEntry{Block: 3, ID: format.NotFree},
		format.FreeEntry{Block: 4, ID: 44}, format.FreeEntry{Block: 9, ID: format.NotFree})
	want := []format.FreeEntry{{Block: 1, ID: 10}, {Block: 2, ID: 20}, {Block: 4, ID: 44}}
	if got := l.Entries(); !slices.Equal(got, want) {
		t.Errorf("entries %v, want %v", got, want)
	}
	delta := []format.FreeEntry{{Block: 1, ID: 10}, {Block: 3, ID: format.NotFree}, {Block: 4, ID: 44}}
	if got := l.Delta(); !slices.Equal(got, delta) {
		t.Errorf("delta %v, want %v", got, delta)
	}
	if l.Blocks() != 9 || l.Reserved() != 0 || l.IsFree(3) || !l.IsFree(2) {
		t.Error("wrong state")
	}
	for _, b := range []base.BlockNo{0, 10} {
		if _, err := freelist.New(9, ids{b: 1}, nil); err == nil {
			t.Errorf("a record of block %d of 9 is accepted", b)
		}
	}
}

// TestAllocateBesidePins: a pinned snapshot keeps the blocks that it uses, not those that
// came and went after it.
func TestAllocateBesidePins(t *testing.T) {
	l := newList(t, 3, ids{1: 19})
	pinned := []base.SnapshotID{20, 25}
	take := func(want base.BlockNo) {
		t.Helper()
		if b := l.Allocate(0, 100, pinned); b != want {
			t.Fatalf("allocated block %d, want %d", b, want)
		}
	}
	take(1) // free before any of them
	l.Release([]base.BlockNo{1})
	l.Publish([]base.BlockNo{1}, []base.BlockNo{2}, 20) // 1 is used from 21 on, 2 was by 20
	take(4)
	l.Release([]base.BlockNo{4})
	l.Publish([]base.BlockNo{4}, []base.BlockNo{1}, 24) // 1 is used by 21 to 24, by none of them
	take(1)
	l.Release([]base.BlockNo{1})
	l.Publish([]base.BlockNo{1}, []base.BlockNo{4}, 30) // 4 is used by 25 to 30
	take(5)
	pinned = pinned[:1]
	take(4)
	pinned = nil
	take(2)
}

func TestAllocate(t *testing.T) {
	l := newList(t, 5, ids{2: 20, 3: 30, 5: 15})
	if b := l.Allocate(0, 20, nil); b != 5 {
		t.Errorf("allocated block %d; 5 is the first one that no snapshot from 20 on uses", b)
	}
	if b := l.Allocate(0, 21, nil); b != 2 {
		t.Errorf("allocated block %d, want 2", b)
	}
	if b := l.Allocate(0, 21, nil); b != 6 || l.Blocks() != 6 || !l.IsFree(6) {
		t.Errorf("allocated block %d of %d, want a new one", b, l.Blocks())
	}
	if b := l.Allocate(0, 0, nil); b != 7 {
		t.Errorf("allocated block %d; limit 0 takes only new ones", b)
	}
	if got := l.ReservedBlocks(); !slices.Equal(got, []base.BlockNo{2, 5, 6, 7}) || l.Reserved() != 4 {
		t.Errorf("reserved %v", got)
	}
	// Two jobs in one block: it is free for others when both have let go.
	l.Reserve(2)
	l.Release([]base.BlockNo{2, 5})
	if b := l.Allocate(0, 21, nil); b != 5 {
		t.Errorf("allocated block %d, want 5 again", b)
	}
	l.Release([]base.BlockNo{2})
	if b := l.Allocate(0, 21, nil); b != 2 {
		t.Errorf("allocated block %d, want 2 again", b)
	}
}

func TestReleaseOfWhatIsNotReserved(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newList(t, 5, ids{}).Release([]base.BlockNo{1})
}

func TestUsedEnd(t *testing.T) {
	l := newList(t, 5, ids{2: 1, 5: 1, 4: 1})
	if b := l.UsedEnd(); b != 3 {
		t.Errorf("used up to block %d, want 3", b)
	}
	l.Publish(nil, []base.BlockNo{3, 1}, 9)
	if b := l.UsedEnd(); b != 1 {
		t.Errorf("used up to block %d: block 1 always stays", b)
	}
	if b := newList(t, 0, ids{}).UsedEnd(); b != 1 {
		t.Errorf("an empty file is used up to block %d", b)
	}
}

// TestModel runs jobs that reserve, publish, free and give up blocks at random, and
// stores and loads the list in between.
func TestModel(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		recorded := ids{}
		l := newList(t, 0, maps.Clone(recorded))
		free := ids{}
		reserved := map[base.BlockNo]int{}
		used := map[base.BlockNo]bool{}
		var jobs [][]base.BlockNo
		id := base.SnapshotID(11)
		for step := range 400 {
			switch rng.IntN(6) {
			case 0, 1: // a job takes blocks
				limit := id - base.SnapshotID(rng.IntN(6))
				var job []base.BlockNo
				n := 1 + rng.IntN(3)
				if rng.IntN(5) == 0 {
					n = 40 // many blocks at once are put in order in another way
				}
				for range n {
					want := firstAvailable(free, reserved, limit, l.Blocks())
					b := l.Allocate(0, limit, nil)
					if b != want {
						t.Fatalf("seed %d, step %d: block %d is allocated, want %d", seed, step, b, want)
					}
					if used[b] || reserved[b] > 0 {
						t.Fatalf("seed %d, step %d: block %d is allocated although it is in use", seed, step, b)
					}
					if old, ok := free[b]; ok {
						if old >= limit {
							t.Fatalf("seed %d, step %d: block %d of snapshot %d is allocated below %d", seed, step, b, old, limit)
						}
					} else {
						free[b] = 0
					}
					reserved[b]++
					job = append(job, b)
				}
				jobs = append(jobs, job)
			case 2, 3: // a job is published, and some used blocks become free
				if len(jobs) == 0 {
					continue
				}
				job := jobs[0]
				jobs = jobs[1:]
				var freed []base.BlockNo
				for b := range used {
					if rng.IntN(3) == 0 {
						freed = append(freed, b)
						delete(used, b)
						free[b] = id
					}
				}
				after := l.DeltaAfter(job, freed, id)
				l.Release(job)
				l.Publish(job, freed, id)
				if got := l.Delta(); !slices.Equal(got, after) {
					t.Fatalf("seed %d, step %d: delta %v, was to be %v", seed, step, got, after)
				}
				for _, b := range job {
					delete(reserved, b)
					delete(free, b)
					used[b] = true
				}
				id++
			case 4: // a job is given up
				if len(jobs) > 0 {
					l.Release(jobs[0])
					for _, b := range jobs[0] {
						delete(reserved, b)
					}
					jobs = jobs[1:]
				}
			case 5: // what the checkpoint would hold goes into a segment
				delta := l.Delta()
				l.Recorded(delta)
				for _, e := range delta {
					if e.ID == format.NotFree {
						delete(recorded, e.Block)
					} else {
						recorded[e.Block] = e.ID
					}
				}
				if d := l.Delta(); len(d) != 0 {
					t.Fatalf("seed %d, step %d: everything is recorded, and %v remains", seed, step, d)
				}
			}
			want := make([]format.FreeEntry, 0, len(free))
			for _, b := range slices.Sorted(maps.Keys(free)) {
				want = append(want, format.FreeEntry{Block: b, ID: free[b]})
			}
			if got := l.Entries(); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: free %v, want %v", seed, step, got, want)
			}
			if got := l.ReservedBlocks(); !slices.Equal(got, slices.Sorted(maps.Keys(reserved))) {
				t.Fatalf("seed %d, step %d: reserved %v, want %v", seed, step, got, reserved)
			}
			available := slices.DeleteFunc(slices.Sorted(maps.Keys(free)), func(b base.BlockNo) bool { return reserved[b] > 0 })
			if got := l.Available(); !slices.Equal(got, available) {
				t.Fatalf("seed %d, step %d: available %v, want %v", seed, step, got, available)
			}
			limit, pinned := id-base.SnapshotID(rng.IntN(6)), []base.SnapshotID{id - base.SnapshotID(rng.IntN(9))}
			writable := slices.DeleteFunc(available, func(b base.BlockNo) bool { return free[b] >= limit || l.UsedBy(b, pinned...) })
			if got := l.Writable(limit, pinned); !slices.Equal(got, writable) {
				t.Fatalf("seed %d, step %d: %v may be written, want %v", seed, step, got, writable)
			}
			end := base.BlockNo(l.Blocks())
			for end > 1 && slices.Contains(writable, end) {
				end--
			}
			if got := l.WritableEnd(limit, pinned); got != max(end, 1) {
				t.Fatalf("seed %d, step %d: what may be written begins after %d, want %d", seed, step, got, end)
			}
			if got, want := l.Delta(), changes(free, recorded); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: delta %v, want %v", seed, step, got, want)
			}
			// Records and changes make up the list again, reservations forgotten.
			again := newList(t, l.Blocks(), maps.Clone(recorded), l.Delta()...)
			if got := again.Entries(); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: loaded %v, want %v", seed, step, got, want)
			}
		}
	}
}

// firstAvailable is the block that is to be allocated.
func firstAvailable(free ids, reserved map[base.BlockNo]int, limit base.SnapshotID, blocks uint32) base.BlockNo {
	for _, b := range slices.Sorted(maps.Keys(free)) {
		if reserved[b] == 0 && free[b] < limit {
			return b
		}
	}
	return base.BlockNo(blocks + 1)
}

// changes is the delta, made of everything.
func changes(free, recorded ids) (out []format.FreeEntry) {
	all := maps.Clone(free)
	for b := range recorded {
		if _, ok := all[b]; !ok {
			all[b] = format.NotFree
		}
	}
	for _, b := range slices.Sorted(maps.Keys(all)) {
		if id, ok := recorded[b]; !ok || id != all[b] {
			out = append(out, format.FreeEntry{Block: b, ID: all[b]})
		}
	}
	return out
}

// TestManyBlocks: a merge of a hundred gigabytes does not go through the blocks that it has
// reserved each time it takes another one, nor is the order made again for each block when it is
// published.
func TestManyBlocks(t *testing.T) {
	const blocks = 100_000
	l := newList(t, blocks, ids{})
	job := make([]base.BlockNo, blocks)
	for i := range job {
		job[i] = l.Allocate(0, 1, nil)
	}
	if n := len(l.Available()); n != 0 || l.Len() != blocks {
		t.Fatalf("%d blocks are available, %d free, want 0 and %d", n, l.Len(), blocks)
	}
	freed := make([]base.BlockNo, blocks)
	for i := range freed {
		freed[i] = base.BlockNo(i + 1)
	}
	l.Release(job)
	l.Publish(job, freed, 7)
	if n := len(l.Available()); n != blocks || len(l.Delta()) != blocks {
		t.Fatalf("%d blocks are available, want %d", n, blocks)
	}
	l.Recorded(l.Delta())
	if got := l.Delta(); len(got) != 0 {
		t.Fatalf("everything is recorded, and %d entries remain", len(got))
	}
}

// TestSharedBlockKeepsItsBirth frees a block while a segment is written behind the one that
// it held, and publishes that segment: the block still holds what older snapshots show.
func TestSharedBlockKeepsItsBirth(t *testing.T) {
	l, err := freelist.New(1, map[base.BlockNo]base.SnapshotID{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := l.Allocate(0, 0, nil)
	blocks := []base.BlockNo{b}
	l.Release(blocks)
	l.Publish(blocks, nil, 10) // a segment, from snapshot 11 on
	l.Reserve(b)               // another one is written behind it
	l.Publish(nil, blocks, 20) // the first is merged away
	l.Release(blocks)
	l.Publish(blocks, nil, 21) // the second one is there from 22 on
	l.Publish(nil, blocks, 30) // and is merged away, too
	for id, want := range map[base.SnapshotID]bool{10: false, 11: true, 15: true, 20: true, 25: true, 30: true, 31: false} {
		if l.UsedBy(b, id) != want {
			t.Errorf("used by snapshot %d: %v", id, !want)
		}
	}
	if got := l.Allocate(0, 40, []base.SnapshotID{15, 40}); got == b {
		t.Errorf("block %d is given out, which snapshot 15 shows", b)
	}
	if got := l.Allocate(0, 40, []base.SnapshotID{35, 40}); got != b {
		t.Errorf("block %d is given out, not %d, which nobody shows", got, b)
	}
}
