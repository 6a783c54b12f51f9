// SPDX-License-Identifier: Apache-2.0

package memtree

import "slices"

const (
	// fewEntries are sorted by comparison.
	fewEntries = 1 << 9
	// digitBits is the length of a digit of a head, by which entries are sorted in one pass.
	digitBits = 11
	numDigits = (64 + digitBits - 1) / digitBits
)

// sortEntries sorts the entries by their heads, which are set, keys and numbers.
func (b *Batch) sortEntries() {
	if len(b.entries) < fewEntries {
		slices.SortFunc(b.entries, b.compare)
		return
	}
	b.sortByHead()
	for from := 0; from < len(b.entries); {
		to := from + 1
		for to < len(b.entries) && b.entries[to].head == b.entries[from].head {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(b.entries[from:to], b.compare)
		}
		from = to
	}
}

func (b *Batch) compare(x, y batchEntry) int {
	switch {
	case x.head < y.head:
		return -1
	case x.head > y.head:
		return 1
	}
	if c := b.t.compare(x.ref, b.t.key(y.ref)); c != 0 {
		return c
	}
	return int(int64(x.number) - int64(y.number))
}

// sortByHead sorts by the heads, digit by digit from the lowest one; what is equal keeps its order.
func (b *Batch) sortByHead() {
	var counts [numDigits][1 << digitBits]uint32
	for i := range b.entries {
		head := b.entries[i].head
		for d := range counts {
			counts[d][digit(head, d)]++
		}
	}
	from, to := b.entries, b.sorting
	if len(to) < len(from) {
		to = make([]batchEntry, cap(from))
	}
	to = to[:len(from)]
	for d := range counts {
		places := &counts[d]
		if int(places[digit(from[0].head, d)]) == len(from) {
			continue // all have this digit
		}
		at := uint32(0)
		for i, n := range places {
			places[i] = at
			at += n
		}
		for i := range from {
			place := &places[digit(from[i].head, d)]
			to[*place] = from[i]
			*place++
		}
		from, to = to, from
	}
	b.entries, b.sorting = from, to[:cap(to)]
}

func digit(head uint64, d int) uint64 { return head >> (d * digitBits) & (1<<digitBits - 1) }
