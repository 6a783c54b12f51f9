// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

var uses = []snapshot.Use{snapshot.ForRead, snapshot.ForHold}

// publisher publishes States of one tree, each with a snapshot of its own.
type publisher struct {
	snapshot.Registry
	tree *memtree.Tree
}

func newPublisher() *publisher { return &publisher{tree: memtree.New()} }

func (p *publisher) publish(id base.SnapshotID) *snapshot.State {
	p.tree.Put([]byte{byte(id)}, nil)
	s := &snapshot.State{Disk: disk(id), Tree: p.tree, Live: p.tree.Freeze()}
	p.Publish(s)
	return s
}

func epochs(states ...*snapshot.State) (all []memtree.Epoch) {
	for _, s := range states {
		all = append(all, s.Live.Epoch())
	}
	return all
}

// expectPinned compares what the registry says to be pinned with the States that are, the newest
// included, oldest first.
func (p *publisher) expectPinned(t *testing.T, want ...*snapshot.State) {
	t.Helper()
	if got := p.OldestEpoch(p.tree); got != want[0].Live.Epoch() {
		t.Errorf("oldest epoch %d, want %d", got, want[0].Live.Epoch())
	}
	if got, all := p.PinnedEpochs(p.tree); !all || !slices.Equal(got, epochs(want...)) {
		t.Errorf("epochs %d (%t), want %d", got, all, epochs(want...))
	}
	var ids []base.SnapshotID
	for _, s := range want {
		ids = append(ids, s.Disk.ID)
	}
	if got := p.PinnedSnapshots(nil); !slices.Equal(got, ids) {
		t.Errorf("snapshots %d, want %d", got, ids)
	}
}

// TestReaderInASlotIsSeen by all who ask what is pinned, from when it enters until it leaves.
func TestReaderInASlotIsSeen(t *testing.T) {
	for _, use := range uses {
		p := newPublisher()
		slots := p.NewSlotsOf(8)
		first := p.publish(11)
		st, place := slots.Enter(use)
		if st != first || place == nil || slots.InUse() != 1 {
			t.Fatalf("entered with %v, %d in use", st, slots.InUse())
		}
		second := p.publish(12)
		counted := p.Acquire()
		third := p.publish(13)
		p.expectPinned(t, first, second, third)
		want := []snapshot.Pinned{{State: first, Pins: 1, Replaced: second.At}, {State: second, Pins: 1, Replaced: third.At}}
		if got := p.PinnedStates(); !slices.Equal(got, want) {
			t.Errorf("pinned are %+v, want %+v", got, want)
		}
		p.Release(counted)
		p.expectPinned(t, first, third)
		place.Leave()
		p.expectPinned(t, third)
		if slots.InUse() != 0 || len(p.PinnedStates()) != 0 {
			t.Errorf("%d in use, pinned are %+v", slots.InUse(), p.PinnedStates())
		}
	}
}

// TestPlaceIsSharedUntilTheLastLeaves: a snapshot and its cursors have one place.
func TestPlaceIsSharedUntilTheLastLeaves(t *testing.T) {
	p := newPublisher()
	slots := p.NewSlotsOf(8)
	first := p.publish(11)
	_, place := slots.Enter(snapshot.ForHold)
	place.Share()
	place.Share()
	second := p.publish(12)
	for left := 3; left > 0; left-- {
		p.expectPinned(t, first, second)
		if got := p.PinnedStates(); slots.InUse() != left || len(got) != 1 || got[0].Pins != int64(left) {
			t.Errorf("%d in use, pinned are %+v; want %d", slots.InUse(), got, left)
		}
		place.Leave()
	}
	p.expectPinned(t, second)
	if _, again := slots.Enter(snapshot.ForHold); again != place || slots.InUse() != 1 {
		t.Errorf("the place is not free again: %d in use", slots.InUse())
	}
}

// TestLastOneLeavesOnce: readers that leave a place at the same time leave it free.
func TestLastOneLeavesOnce(t *testing.T) {
	p := newPublisher()
	slots := p.NewSlotsOf(2)
	p.publish(11)
	for range 3000 {
		_, place := slots.Enter(snapshot.ForHold)
		place.Share()
		place.Share()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(place.Leave)
		}
		wg.Wait()
		if n := slots.InUse(); n != 0 {
			t.Fatalf("%d in use", n)
		}
	}
}

// TestNoPlaceIsFree: a reader gets none then, and does not wait for one. What is held for long
// takes no place from reads.
func TestNoPlaceIsFree(t *testing.T) {
	const n = 2
	p := newPublisher()
	slots := p.NewSlotsOf(n)
	first := p.publish(11)
	for _, use := range uses {
		var places []*snapshot.Place
		for st, place := slots.Enter(use); place != nil; st, place = slots.Enter(use) {
			if places = append(places, place); st != first || len(places) > n {
				t.Fatalf("place %d with %v", len(places), st)
			}
		}
		if len(places) == 0 {
			t.Errorf("use %d: no place at all", use)
		}
		if use == snapshot.ForRead {
			for _, place := range places {
				place.Leave()
			}
		}
	}
	if slots.InUse() == 0 {
		t.Error("what is held is not counted")
	}
}

// TestSlotsOfSeveralHandles are all looked at, each until it is dropped.
func TestSlotsOfSeveralHandles(t *testing.T) {
	p := newPublisher()
	one, two := p.NewSlotsOf(2), p.NewSlotsOf(2)
	first := p.publish(11)
	_, a := one.Enter(snapshot.ForRead)
	second := p.publish(12)
	_, b := two.Enter(snapshot.ForHold)
	third := p.publish(13)
	p.expectPinned(t, first, second, third)
	a.Leave()
	one.Drop()
	p.expectPinned(t, second, third)
	b.Leave()
	two.Drop()
	p.expectPinned(t, third)
}

// TestOldTreesHaveNoEpochs: a reader of a State of another tree has no epoch of this one.
func TestOldTreesHaveNoEpochs(t *testing.T) {
	p := newPublisher()
	slots := p.NewSlotsOf(2)
	p.publish(11)
	_, place := slots.Enter(snapshot.ForRead)
	old := p.tree
	p.tree = memtree.New()
	newest := p.publish(12)
	if got := p.OldestEpoch(p.tree); got != newest.Live.Epoch() {
		t.Errorf("oldest epoch %d, want %d", got, newest.Live.Epoch())
	}
	if got, all := p.PinnedEpochs(old); !all || len(got) != 1 {
		t.Errorf("epochs %d of the old tree", got)
	}
	place.Leave()
}

func TestNumberOfSlots(t *testing.T) {
	if invariant.Expensive {
		if n := snapshot.NumSlots(64); n != 2 {
			t.Errorf("%d slots for tests", n)
		}
		return
	}
	for procs, want := range map[int]int{1: snapshot.MinSlots, 2: snapshot.MinSlots, 8: 128, 9: 256, 33: 1024, 64: snapshot.MaxSlots, 1000: snapshot.MaxSlots} {
		if n := snapshot.NumSlots(procs); n != want {
			t.Errorf("%d slots for %d goroutines at a time, want %d", n, procs, want)
		}
	}
}

// TestReclaimedIsNotRead has readers in slots, and counted ones where no slot is free, while States
// are published and marked as reclaimed as soon as nobody has them pinned. None may be marked
// while it is read.
func TestReclaimedIsNotRead(t *testing.T) {
	var r snapshot.Registry
	slots := r.NewSlotsOf(2)
	const states = 1000
	var reclaimed [states]atomic.Bool
	var all [states]*snapshot.State
	tree := memtree.New()
	publish := func(i int) {
		tree.Put([]byte("k"), []byte{byte(i)})
		all[i] = &snapshot.State{Disk: disk(base.SnapshotID(i)), Tree: tree, Live: tree.Freeze()}
		r.Publish(all[i])
	}
	publish(0)
	var counted, inSlot atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				st, place := slots.Enter(uses[n%2])
				if place == nil {
					st = r.Acquire()
					counted.Add(1)
				} else {
					inSlot.Add(1)
				}
				for i := range 20 {
					if reclaimed[st.Disk.ID].Load() {
						t.Errorf("State %d is reclaimed and read", st.Disk.ID)
						break
					}
					if i == 10 {
						runtime.Gosched() // so that there are more readers than slots
					}
				}
				if place == nil {
					r.Release(st)
				} else {
					place.Leave()
				}
			}
		})
	}
	until := func(enough func() bool) {
		for !enough() {
			runtime.Gosched()
		}
	}
	until(func() bool { return inSlot.Load() > 0 })
	var buf []base.SnapshotID
	for i, done := 1, 0; i < states; i++ {
		publish(i)
		if i%100 == 0 {
			reads := counted.Load()
			until(func() bool { return counted.Load() > reads })
		}
		runtime.Gosched()
		if i%7 != 0 {
			continue
		}
		buf = r.PinnedSnapshots(buf[:0])
		epochs, _ := r.PinnedEpochs(tree)
		for ; done < i; done++ {
			_, pinned := slices.BinarySearch(buf, base.SnapshotID(done))
			_, inUse := slices.BinarySearch(epochs, all[done].Live.Epoch())
			if !pinned || !inUse {
				reclaimed[done].Store(true)
			}
		}
	}
	close(stop)
	wg.Wait()
	if inSlot.Load() == 0 || counted.Load() == 0 {
		t.Errorf("%d reads in slots, %d counted", inSlot.Load(), counted.Load())
	}
}

// TestReadersTire: a reader is tired after every 64th point read through its place, and after every
// eighth of what it holds for long.
func TestReadersTire(t *testing.T) {
	p := newPublisher()
	p.publish(1)
	for use, every := range map[snapshot.Use]int{snapshot.ForRead: 64, snapshot.ForHold: 8} {
		slots := p.NewSlotsOf(1)
		for i := 1; i <= 3*every; i++ {
			_, place := slots.Enter(use)
			if place == nil {
				t.Fatal("no place is free")
			}
			if place.Tired() != (i%every == 0) {
				t.Errorf("use %d: tired is %t after %d pins", use, place.Tired(), i)
			}
			place.Leave()
		}
	}
}
