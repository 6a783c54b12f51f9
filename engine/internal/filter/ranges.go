// SPDX-License-Identifier: Apache-2.0

package filter

import "bytes"

// span is a deleted range: the keys between lo and hi, without these. A hi of nil is above
// all keys, and a lo of nil below all; the empty key is never inside a range.
type span struct{ lo, hi []byte }

// spanBytes is what a span takes besides its keys.
const spanBytes = 48

// ranges are deleted ranges in order, of which no two overlap.
type ranges []span

// around reports whether a key lies in a range.
func (r ranges) around(key []byte) bool {
	// The last range that begins before the key.
	lo, hi := 0, len(r)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); r[mid].lo == nil || bytes.Compare(r[mid].lo, key) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo > 0 && (r[lo-1].hi == nil || bytes.Compare(key, r[lo-1].hi) < 0)
}

func (r ranges) bytes() (n int64) {
	for i := range r {
		n += spanBytes + int64(cap(r[i].lo)+cap(r[i].hi))
	}
	return n
}
