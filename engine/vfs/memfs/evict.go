// SPDX-License-Identifier: Apache-2.0

package memfs

import "math/rand/v2"

// Evict evicts pages from the cache that a failed sync has left clean, though the disk may not have them; see point 10
// of the package comment. Which ones, and what the disk has of them, depends on rng. It returns how many.
func (m *FS) Evict(rng *rand.Rand) (pages int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done := make(map[*node]bool) // a file may have two names
	for _, name := range sortedNames(m.names) {
		if n := m.names[name]; !done[n] {
			done[n] = true
			pages += n.evict(rng)
		}
	}
	return pages
}

// evict is Evict for one file.
func (n *node) evict(rng *rand.Rand) (pages int) {
	var clean []int
	for _, i := range n.inDoubt {
		if s := &n.slots[i]; s.touched == 0 && i < chunks(n.size) {
			clean = append(clean, i)
		}
	}
	if len(clean) == 0 {
		return 0
	}
	most, chances := 1+rng.IntN(4), tempers[rng.IntN(len(tempers))]
	gone := make(map[int]bool)
	for _, i := range clean {
		if rng.IntN(4) >= most {
			continue
		}
		found := n.slots[i].crash(rng, chances)
		if end := n.size - int64(i)*chunkSize; end < chunkSize {
			clear(found[end:])
		}
		n.slots[i] = slot{now: found, synced: found}
		gone[i] = true
	}
	kept := n.inDoubt[:0]
	for _, i := range n.inDoubt {
		if !gone[i] {
			kept = append(kept, i)
		}
	}
	n.inDoubt = kept
	return len(gone)
}
