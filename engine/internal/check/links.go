// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// FC pointers. C lsm1 may link a segment to the next older one: each record of the newer
// carries the page of the older on which a search for its key goes on, and the older has
// no root any more. The pages that can be led to, its targets, are its first page and
// every page that a b-tree would lead to. C searches the older segment through these
// pointers alone, so each must be exactly right: the last target that does not begin
// after the record's key.

// links checks the FC pointers of each segment that is linked to the next older one.
func (c *checker) links() {
	for _, s := range c.segs {
		if older := c.nextOlder(s); older != nil && older.RootDropped && s.MayLink && !c.stopped() {
			c.linked(s, older)
		}
	}
}

// nextOlder returns the segment in which a search goes on after s, or nil.
func (c *checker) nextOlder(s *checkedSegment) *checkedSegment {
	level := s.level + 1
	if s.input >= 0 && s.input+1 < len(s.lv.Merging.RHS) {
		return c.segs[s.index+1]
	}
	for _, o := range c.segs {
		if o.level == level && (o.lv.Merging == nil || o.input == 0) {
			return o
		}
	}
	return nil
}

// fcTargets walks the targets of a segment in order.
type fcTargets struct {
	run  *run
	no   base.PageNo // current target
	kind base.Kind   // and its first key
	key  []byte
	ok   bool
}

func (t *fcTargets) next() {
	for t.ok = false; t.run.leaf(); {
		if t.run.page.NumCells() == 0 || t.run.page.Flags()&format.FlagSkipThis != 0 || t.run.no == t.run.s.First {
			continue
		}
		cell := t.run.page.LeafCell(0)
		t.kind = cell.Kind
		t.key, t.ok = t.run.key(cell)
		t.no = t.run.no
		return
	}
}

// linkCheck compares the FC pointers of a segment with the targets of an older one.
type linkCheck struct {
	*checker
	s, older *checkedSegment
	targets  fcTargets
	cur      base.PageNo // the last target that begins at or before the newest record
	prev     base.Kind   // that record's kind
}

// linked checks the FC pointers of s into older. Where a page of either cannot be read,
// which is reported elsewhere, nothing is compared.
func (c *checker) linked(s, older *checkedSegment) {
	if !s.whole || !older.whole || len(c.bad) > 0 {
		return
	}
	k := &linkCheck{checker: c, s: s, older: older, cur: older.First}
	k.targets.run = c.newRun(older)
	if k.targets.next(); !k.targets.ok {
		return // one target: pointers have no meaning
	}
	for r := c.newRun(s); r.leaf(); {
		ptr := r.page.Ptr()
		for i := range r.page.NumCells() {
			cell := r.page.LeafCell(i)
			key, ok := r.key(cell)
			if !ok {
				return
			}
			k.record(r.no, i, cell.Kind, key, older.Space.Map(ptr+base.PageNo(cell.RelPtr)))
		}
	}
}

// relevant reports whether a search for a key comes by the newer segment and goes on in
// the older one.
func (k *linkCheck) relevant(kind base.Kind, key []byte) bool {
	side := func(s *checkedSegment) bool {
		m := s.lv.Merging
		if m == nil {
			return true
		}
		if m.NoSplit {
			return s.input < 0
		}
		return (base.CompareTopic(kind, key, m.SplitKind, m.Split) < 0) == (s.input < 0)
	}
	return side(k.s) && side(k.older)
}

// record checks the pointer of a record.
func (k *linkCheck) record(p base.PageNo, i int, kind base.Kind, key []byte, ptr base.PageNo) {
	for k.targets.ok {
		d := base.CompareTopic(k.targets.kind, k.targets.key, kind, key)
		if d > 0 {
			break
		}
		// The target of a range that is deleted here needs no record of its own.
		if d < 0 && k.prev&base.StartDelete == 0 && k.relevant(k.targets.kind, k.targets.key) && !k.hidden() {
			k.report(k.s, p, "no record before cell %d leads to page %d of %s, which begins with %q",
				i, k.targets.no, k.older.name, clipKey(k.targets.key))
		}
		k.cur = k.targets.no
		k.targets.next()
	}
	k.prev = kind
	// Strictly inside a deleted range the pointer may lag: nothing follows it.
	if ptr == k.cur || kind&base.RangeBits == base.RangeBits || !k.relevant(kind, key) {
		return
	}
	k.report(k.s, p, "the FC pointer of cell %d leads to page %d of %s in place of page %d", i, ptr, k.older.name, k.cur)
}

// hidden reports whether the newer segment is an input of a half-done merge after a
// newer input, whose deleted ranges make records of this one unnecessary.
func (k *linkCheck) hidden() bool { return k.s.input > 0 }
