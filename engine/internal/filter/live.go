// SPDX-License-Identifier: Apache-2.0

package filter

import "sync/atomic"

// Live is the filter of a tree in memory, to which keys are added while it is asked. It has four
// bits for each key in one word of 64, which an addition changes at once. So one goroutine may add
// keys while any number of others ask; where a key was added before something that the asking
// goroutine has seen, as what shows the key was published, the answer is never that it is absent.
//
// Nothing is ever taken out: keys that are gone from the tree, because it was rolled back, only cost
// searches. A Live filter knows nothing of deleted ranges.
type Live struct {
	words []atomic.Uint64
}

// NewLive returns a filter without keys that takes that much memory, about. With 16 bits for each key
// it fails to rule out about 1 in 100.
func NewLive(bytes int) *Live { return &Live{make([]atomic.Uint64, max(bytes/8, 1))} }

// Add adds a key by its hash. Only one goroutine at a time may do that.
func (l *Live) Add(hash uint64) {
	w, bits := l.word(hash), liveBits(hash)
	if old := w.Load(); old&bits != bits {
		w.Store(old | bits)
	}
}

// Absent reports that no key with the given hash was added.
func (l *Live) Absent(hash uint64) bool {
	bits := liveBits(hash)
	return l.word(hash).Load()&bits != bits
}

func (l *Live) word(hash uint64) *atomic.Uint64 { return &l.words[place(hash, len(l.words))] }

// liveBits returns the bits of a hash in its word.
func liveBits(hash uint64) uint64 {
	g := spread(hash)
	return 1<<(g&63) | 1<<(g>>6&63) | 1<<(g>>12&63) | 1<<(g>>18&63)
}

// Bytes returns the memory that the filter takes.
func (l *Live) Bytes() int { return 8 * len(l.words) }
