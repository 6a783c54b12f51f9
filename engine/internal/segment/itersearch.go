// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// maxDepth bounds the height of a b-tree. C lsm1 cannot search a higher one than 31.
const maxDepth = 32

// assemble appends to buf the n bytes that start at offset off of a leaf page's data,
// continuing on the following leaf pages; see bodyAt.
func (it *Iter) assemble(buf []byte, no base.PageNo, page format.Page, off, n, after int) ([]byte, error) {
	b := it.bodyAt(no, page, off, n, after)
	buf, err := b.appendTo(buf)
	b.Close()
	it.lookups += b.lookups
	return buf, err
}

// compareCell compares the key of cell i of a leaf page with a target key.
func (it *Iter) compareCell(no base.PageNo, page format.Page, i int, topic base.Kind, key []byte) int {
	c := page.LeafCell(i)
	if d := int(c.Kind&base.System) - int(topic); d != 0 {
		return d
	}
	eof := page.EOF()
	if c.Body+c.KeyLen <= eof {
		return bytes.Compare(page[c.Body:c.Body+c.KeyLen], key)
	}
	// The key continues on the next page: look there only if what is here is no answer.
	here := page[min(c.Body, eof):eof]
	n := min(len(here), len(key))
	if d := bytes.Compare(here[:n], key[:n]); d != 0 {
		return d
	}
	if len(key) < len(here) {
		return 1
	}
	var err error
	if it.cmpBuf, err = it.assemble(it.cmpBuf[:0], no, page, c.Body, c.KeyLen, c.ValLen); err != nil {
		it.fail(err)
		return 0
	}
	return bytes.Compare(it.cmpBuf, key)
}

// compareBTreeCell compares the key of cell i of a b-tree page with a target key.
func (it *Iter) compareBTreeCell(no base.PageNo, page format.Page, i int, topic base.Kind, key []byte) int {
	c := page.BTreeCell(i)
	if c.Ref == 0 {
		if d := int(c.Kind&base.System) - int(topic); d != 0 {
			return d
		}
		return bytes.Compare(c.Key, key)
	}
	ref := it.seg.Space.Map(c.Ref)
	if left, err := it.seg.left(ref); err != nil || !left {
		if err != nil {
			it.fail(err)
		}
		return -1 // merged and gone, so it is smaller than whatever is looked for
	}
	leaf, held, err := it.getPage(ref)
	defer held.Release()
	if err == nil && (leaf.IsBTree() || leaf.NumCells() == 0) {
		err = it.corrupt(no, "b-tree cell %d takes its key from page %d, which has none", i, ref)
	}
	if err != nil {
		it.fail(err)
		return 0
	}
	return it.compareCell(ref, leaf, 0, topic, key)
}

// descend walks the b-tree and makes the leaf page that can hold the key current.
func (it *Iter) descend(topic base.Kind, key []byte) bool {
	return it.descendTo(pageOf, topic, key)
}

// descendTo walks the b-tree to a leaf page and makes it current.
func (it *Iter) descendTo(to target, topic base.Kind, key []byte) bool {
	p := it.seg.Root
	if p == 0 {
		p = it.seg.First
	}
	for range maxDepth {
		if !it.setPage(p) {
			return false
		}
		if !it.page.IsBTree() {
			if it.cells == 0 && it.seg.rest == nil {
				return it.fail(it.corrupt(p, "the b-tree leads to the page, but no record starts there"))
			}
			return it.seg.Root != 0 || it.onlyFirst()
		}
		if p == it.seg.First && it.seg.Root == 0 {
			it.cells = 0 // a first page left over from a merge; not the root
			return true
		}
		i := it.childOf(to, it.no, it.page, topic, key)
		if it.err != nil {
			return false
		}
		p = it.seg.child(it.page, i)
	}
	return it.fail(it.corrupt(p, "the b-tree is deeper than %d", maxDepth))
}

// place is where a search for a key has ended.
type place uint8

const (
	nowhere place = iota // it has failed
	atKey                // at the key itself
	pastKey              // at the first key of the page that is greater, or after the last one
)

// locate makes the page current on which the search for a key ends, and it.cell the
// first cell there whose key is not less. The page may have no cells.
func (it *Iter) locate(topic base.Kind, key []byte) place {
	if !it.approached(topic, key) && !it.reach(topic, key) {
		return nowhere
	}
	found := pastKey
	lo, hi := it.lo, it.hi
	for lo < hi && it.err == nil {
		mid := int(uint(lo+hi) >> 1)
		switch d := it.compareCell(it.no, it.page, mid, topic, key); {
		case d < 0:
			lo = mid + 1
		default:
			if d == 0 {
				found = atKey
			}
			hi = mid
		}
	}
	it.cell = lo
	if it.err != nil {
		return nowhere
	}
	return found
}

// SeekGE moves to the first record whose key is not less than key. topic is 0 for user
// keys and base.System for system keys.
func (it *Iter) SeekGE(topic base.Kind, key []byte) bool {
	if it.locate(topic, key) == nowhere {
		return false
	}
	if !it.settleForward() {
		return false
	}
	if base.CompareTopic(it.kind, it.Key(), topic, key) < 0 {
		return it.fail(it.disorder())
	}
	return true
}

// disorder is the error of a seek that ends on the wrong side of its target. A caller that seeks
// to make progress, as a cursor does to pass a deleted range, would otherwise come back to the
// same place forever.
func (it *Iter) disorder() error {
	return it.corrupt(it.no, "the keys of the segment are out of order")
}

// SeekLE moves to the last record whose key is not greater than key.
func (it *Iter) SeekLE(topic base.Kind, key []byte) bool {
	switch it.locate(topic, key) {
	case nowhere:
		return false
	case pastKey:
		it.cell--
	}
	if !it.settleBackward() {
		return false
	}
	if base.CompareTopic(it.kind, it.Key(), topic, key) > 0 {
		return it.fail(it.disorder())
	}
	return true
}

// Outcome is what a segment, or any source, knows of a key.
type Outcome uint8

// The outcomes of a lookup.
const (
	Unknown Outcome = iota // look in older data
	Found
	Deleted // by a point delete or a range delete
)

// Lookup searches for a user key. After Found, Value returns the key's value.
func (it *Iter) Lookup(key []byte) (Outcome, error) {
	switch it.locate(0, key) {
	case nowhere:
		return Unknown, it.err
	case atKey:
		c := it.page.LeafCell(it.cell)
		it.kind, it.bodyOff, it.keyLen, it.valLen = c.Kind, c.Body, c.KeyLen, c.ValLen
		switch {
		case c.Kind&base.Insert != 0:
			it.valid = true
			return Found, nil
		case c.Kind&base.PointDelete != 0:
			return Deleted, nil
		}
		return Unknown, nil
	}
	// Within a deleted range the neighbours carry its marks; one on this page is enough.
	if it.cell > 0 {
		if it.page.LeafCell(it.cell-1).Kind&base.StartDelete != 0 {
			return Deleted, nil
		}
	} else if it.cell < it.cells && it.page.LeafCell(it.cell).Kind&base.EndDelete != 0 {
		return Deleted, nil
	}
	return Unknown, nil
}
