// SPDX-License-Identifier: Apache-2.0

package filter

import "sync/atomic"

// Counts is what lookups have saved by filters. Each reader counts for itself and adds that
// once for each lookup, to one of several parts on cache lines of their own.
type Counts [1 << stripeBits]struct {
	skipped, inVain atomic.Int64
	_               [8*words - 16]byte
}

const stripeBits = 4

// Add counts searches of segments: those that filters have saved, and those that they have not
// although the segments knew nothing. Readers at the same time use different hints, such as
// addresses of their own.
func (c *Counts) Add(hint uintptr, skipped, inVain int64) {
	part := &c[uint64(hint)*0x9E3779B97F4A7C15>>(64-stripeBits)]
	if skipped > 0 {
		part.skipped.Add(skipped)
	}
	if inVain > 0 {
		part.inVain.Add(inVain)
	}
}

// Sum returns the counts.
func (c *Counts) Sum() (skipped, inVain int64) {
	for i := range c {
		skipped += c[i].skipped.Load()
		inVain += c[i].inVain.Load()
	}
	return skipped, inVain
}
