// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// unknown is the length of the tail of a record that may or may not reach a page.
const unknown = -1

// segmentCheck is the check of one segment's pages and records.
type segmentCheck struct {
	*checker
	s   *checkedSegment
	run *run

	// tail is how many bytes of the newest record are still to come.
	tail int64
	// prev is the record before the current one, unless it is not known because a page
	// in between cannot be read.
	prev     []byte
	prevKind base.Kind
	hasPrev  bool
	first    bool // no record has been seen yet, and none can have been missed

	skipNext bool // the page before says that this one is not in the b-tree
	skipSure bool // it is known what the page before says

	targets int // leaf pages that have to be found by their first key
	btree   btreeMatch
}

// segment checks every page of a segment, its records and its b-tree.
func (c *checker) segment(s *checkedSegment) {
	k := &segmentCheck{checker: c, s: s, run: c.newRun(s)}
	// What comes before the first page of a merge's input is merged and gone.
	k.first, k.skipSure = s.input < 0, s.input < 0
	if s.input >= 0 {
		k.tail = unknown
	}
	k.run.broken = func(p base.PageNo, err error) {
		c.fail(s, p, err)
		k.lose()
	}
	k.btree.start(k)
	for k.run.leaf() {
		if k.run.gap {
			k.lose()
		}
		k.leaf(k.run.no, k.run.page)
	}
	if c.stopped() || k.run.cut {
		return
	}
	if s.whole {
		k.end()
	}
	if k.targets > 0 && s.Root == 0 {
		c.report(s, s.First, "the segment has %d pages to be found by key, but no b-tree", k.targets+1)
	}
	k.btree.finish(k)
}

// lose forgets what is known of the records before, because pages are missing.
func (k *segmentCheck) lose() {
	k.tail, k.hasPrev, k.first, k.skipSure = unknown, false, false, false
}

// end checks what is known at the end of the segment.
func (k *segmentCheck) end() {
	s := k.s
	if k.tail > 0 {
		k.report(s, s.LastPage, "the last record is %d bytes longer than the segment", k.tail)
	}
	// The output of a half-done merge may end inside a range that goes on in its inputs.
	if k.hasPrev && k.prevKind&base.StartDelete != 0 && (s.lv.Merging == nil || s.input >= 0) {
		k.report(s, s.LastPage, "the last key starts a deleted range that nothing ends")
	}
	if k.first {
		k.report(s, s.First, "the segment has no records")
	}
}

// leaf checks one leaf page.
func (k *segmentCheck) leaf(p base.PageNo, page format.Page) {
	n, eof := page.NumCells(), page.EOF()
	if n == 0 {
		switch {
		case k.tail == 0:
			k.report(k.s, p, "the page holds neither a record nor a part of one")
		case k.tail > 0:
			k.tail -= min(k.tail, int64(eof))
		}
		return
	}
	if k.tail >= 0 && k.tail != int64(page.CellOffset(0)) {
		k.report(k.s, p, "%d bytes of a record before it should stand before the first cell, which is at offset %d",
			k.tail, page.CellOffset(0))
	}
	k.tail = 0
	for i := range n {
		cell := page.LeafCell(i)
		end := int64(cell.Body) + int64(cell.KeyLen) + int64(cell.ValLen)
		if i+1 < n {
			if end > int64(page.CellOffset(i+1)) {
				k.report(k.s, p, "cell %d ends at offset %d, after the beginning of the next one at %d",
					i, end, page.CellOffset(i+1))
			}
		} else {
			k.tail = max(0, end-int64(eof))
		}
		key, ok := k.run.key(cell)
		if !ok {
			// Either a page is broken, which is reported, or the segment is too short,
			// which will be.
			k.hasPrev, k.first = false, false
			continue
		}
		k.record(p, i, cell, key)
		if i == 0 {
			k.firstCell(p, page, cell.Kind, key)
		}
	}
}

// record checks a record against its kind and the record before it.
func (k *segmentCheck) record(p base.PageNo, i int, cell format.LeafCell, key []byte) {
	kind := cell.Kind
	topic := kind & base.System
	if !kind.Possible() {
		k.report(k.s, p, "cell %d is of the impossible kind %#02x", i, uint8(kind))
	}
	if topic == 0 && k.s.lv.FreelistOnly {
		k.report(k.s, p, "cell %d holds a user key; the level holds only free-list entries", i)
	}
	if topic != 0 {
		k.system(p, i, cell, key)
	}
	switch {
	case k.hasPrev:
		if base.CompareTopic(k.prevKind, k.prev, kind, key) >= 0 {
			k.report(k.s, p, "cell %d: key %q does not come after the key before it, %q", i, clipKey(key), clipKey(k.prev))
		}
		start, end := k.prevKind&base.StartDelete != 0, kind&base.EndDelete != 0
		if start && !end {
			k.report(k.s, p, "cell %d: key %q does not end the deleted range that the key before it starts", i, clipKey(key))
		}
		if end && !start {
			k.report(k.s, p, "cell %d: key %q ends a deleted range that the key before it does not start", i, clipKey(key))
		}
		if start && topic != k.prevKind&base.System {
			k.report(k.s, p, "cell %d: a deleted range reaches from user keys to free-list entries", i)
		}
	case k.first && kind&base.EndDelete != 0:
		k.report(k.s, p, "cell %d: the first key, %q, ends a deleted range that nothing starts", i, clipKey(key))
	}
	k.prev, k.prevKind, k.hasPrev, k.first = key, kind, true, false
}

// system checks a free-list entry.
func (k *segmentCheck) system(p base.PageNo, i int, cell format.LeafCell, key []byte) {
	if len(key) != 4 || cell.Kind&base.Insert != 0 && cell.ValLen != 8 {
		k.report(k.s, p, "cell %d is a free-list entry with a key of %d and a value of %d bytes; they must have 4 and 8",
			i, len(key), cell.ValLen)
		return
	}
	if b := uint32(format.FreeKeyBlock(key)); cell.Kind&base.Insert != 0 && (b < 1 || b > k.Blocks) {
		k.report(k.s, p, "cell %d is a free-list entry for block %d; the file has %d", i, b, k.Blocks)
	}
}

// firstCell checks how the page is found, given its first record.
func (k *segmentCheck) firstCell(p base.PageNo, page format.Page, kind base.Kind, key []byte) {
	skipped := page.Flags()&format.FlagSkipThis != 0
	if skipped && k.skipSure && !k.skipNext {
		k.report(k.s, p, "the page is left out of the b-tree, but the page before it does not lead on to it")
	}
	k.skipNext, k.skipSure = page.Flags()&format.FlagSkipNext != 0, true
	if skipped || p == k.s.First {
		return
	}
	k.targets++
	k.btree.target(k, p, kind, key)
}
