// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// TestFilterNeverMissesAKeyOfItsView: readers look keys up that the View which they have shows, by
// its filter, while a writer adds others to it, marks and rolls back. The race detector looks for
// the rest.
func TestFilterNeverMissesAKeyOfItsView(t *testing.T) {
	numKeys, readers := 20_000, 3
	if testing.Short() {
		numKeys = 5000
	}
	key := func(i int) []byte { return fmt.Appendf(nil, "%d-key", i) }
	type published struct {
		view memtree.View
		keys int // that it shows
	}
	tree := memtree.NewFor(numKeys * 100)
	var current atomic.Pointer[published]
	current.Store(new(published))
	var done atomic.Bool
	var asked atomic.Int64
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(r), 2))
			for !done.Load() {
				p := current.Load()
				if !p.view.HasFilter() {
					continue
				}
				for range 20 {
					k := key(p.keys - 1 - rng.IntN(min(p.keys, 50)))
					if _, r := p.view.GetHashed(k, filter.Hash(k)); r != memtree.Found {
						t.Errorf("of %d keys %q is not found", p.keys, k)
						return
					}
				}
				k := key(p.keys + rng.IntN(2*numKeys))
				asked.Add(1)
				if _, r := p.view.GetHashed(k, filter.Hash(k)); r != memtree.Unknown {
					t.Errorf("of %d keys %q is found", p.keys, k)
					return
				}
			}
		})
	}
	for i := range numKeys {
		mark := tree.Mark()
		if i%3 == 0 {
			tree.Put(key(i+numKeys), nil)
			tree.RollbackTo(mark)
		}
		tree.Put(key(i), nil)
		tree.Release(mark)
		current.Store(&published{tree.Freeze(), i + 1})
	}
	// The last View has a filter, of which readers may have to be given the time to ask.
	for end := time.Now().Add(time.Minute); asked.Load() < 1000 && !t.Failed() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	done.Store(true)
	wg.Wait()
	if n := asked.Load(); n < 1000 && !t.Failed() {
		t.Errorf("filters were asked %d times only", n)
	}
}
