// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// pinned is a View as the engine publishes it: readers count themselves in and out.
type pinned struct {
	view    memtree.View
	version int
	refs    atomic.Int32 // -1 once the writer has given it up
}

func (p *pinned) acquire() bool {
	for {
		n := p.refs.Load()
		if n < 0 {
			return false
		}
		if p.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// TestConcurrentReaders lets one writer change, roll back, freeze and reclaim while
// readers look at published Views. In version n every key that is present has value n
// of a counter that the writer sets for all keys before it publishes, so a View that
// is not immutable shows. The race detector looks for the rest.
func TestConcurrentReaders(t *testing.T) {
	const numKeys, readers = 400, 3
	versions := 1500
	if testing.Short() {
		versions = 200
	}
	key := func(i int) []byte { return fmt.Appendf(nil, "key%05d", i) }

	tree := memtree.New()
	var current atomic.Pointer[pinned]
	current.Store(&pinned{view: tree.Freeze()})
	var done atomic.Bool
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(r), 1))
			var it memtree.Iter
			for n := 0; !done.Load() || n == 0; n++ {
				p := current.Load()
				if !p.acquire() {
					continue
				}
				// Some readers stay for long.
				for range 1 + rng.IntN(4) {
					readAll(t, &it, p, rng)
				}
				p.refs.Add(-1)
			}
		})
	}

	rng := rand.New(rand.NewPCG(7, 7))
	published := []*pinned{current.Load()}
	for version := 1; version <= versions; version++ {
		value := fmt.Appendf(nil, "%d", version)
		tree.DeleteRange(key(-1), key(numKeys+1))
		for i := rng.IntN(5); i < numKeys; i += 1 + rng.IntN(8) {
			tree.Put(key(i), value)
			switch rng.IntN(20) {
			case 0:
				m := tree.Mark()
				tree.DeleteRange(key(i-50), key(i+50))
				tree.Put(key(i+1), []byte("rolled back"))
				tree.RollbackTo(m)
			case 1:
				tree.Delete(key(i))
			}
		}
		p := &pinned{view: tree.Freeze(), version: version}
		published = append(published, p)
		current.Store(p)
		for len(published) > 1 && published[0].refs.CompareAndSwap(0, -1) {
			published = published[1:]
		}
		tree.Reclaim(published[0].view.Epoch())
	}
	done.Store(true)
	wg.Wait()
	for _, p := range published {
		if err := p.view.Check(); err != nil {
			t.Errorf("version %d: %v", p.version, err)
		}
	}
}

// readAll walks over a View in one of several ways and compares all values.
func readAll(t *testing.T, it *memtree.Iter, p *pinned, rng *rand.Rand) {
	it.Init(p.view)
	want := fmt.Appendf(nil, "%d", p.version)
	move, ok := it.Next, false
	if rng.IntN(2) == 0 {
		ok = it.First()
	} else {
		ok, move = it.Last(), it.Prev
	}
	records := 0
	for ; ok; ok = move() {
		records++
		if value := it.Value(); value != nil && !bytes.Equal(value, want) {
			t.Errorf("version %d: %q has value %q", p.version, it.Key(), value)
			return
		}
		if value, r := p.view.Get(it.Key()); r == memtree.Found && !bytes.Equal(value, want) {
			t.Errorf("version %d: get %q finds %q", p.version, it.Key(), value)
			return
		}
	}
	if records != p.view.Len() {
		t.Errorf("version %d: %d records, expected %d", p.version, records, p.view.Len())
	}
}
