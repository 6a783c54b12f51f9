// SPDX-License-Identifier: Apache-2.0

package memtree

import "testing"

// TestBelow tries all numbers of entries, with heads that are alike and heads that are not, and all places.
func TestBelow(t *testing.T) {
	for count := range fanout + 1 {
		for _, alike := range []int{1, 2, 5, fanout} {
			n := node{count: uint16(count)}
			for i := range n.heads {
				if n.heads[i] = noHead; i < count {
					n.heads[i] = uint64(2 + 2*(i/alike))
				}
			}
			for h := range uint64(2*fanout + 4) {
				want := 0
				for want < count && n.heads[want] < h {
					want++
				}
				if got := n.below(h); got != want {
					t.Fatalf("%d entries, %d alike: %d are below %d, want %d", count, alike, got, h, want)
				}
			}
			if got := n.below(noHead); got != count {
				t.Fatalf("%d entries, %d alike: %d are below the greatest head", count, alike, got)
			}
		}
	}
}
