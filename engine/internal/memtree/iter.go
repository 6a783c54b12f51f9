// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"encoding/binary"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

// Iter walks over all records of a View in key order, both ways, delete marks included.
// It is a value to embed: no method allocates. The zero Iter is over the empty tree.
//
// The methods that move return whether the iterator stands on a record afterwards. Next
// and Prev start from the current record, whichever way it was reached; on an iterator
// that stands on no record they do nothing. One goroutine at a time may use an Iter.
type Iter struct {
	v     View
	leaf  *node // nil if the iterator stands on no record
	i     int   // position in leaf
	path  [maxLevels]step
	whole bool // values are read, too
	sink  byte // keeps touch from being optimized away
}

// Init makes it an iterator over v that stands on no record.
func (it *Iter) Init(v View) {
	it.v = v
	it.leaf, it.whole = nil, false
}

// ReadAhead prepares it for one pass that reads all keys and values, which then are fetched into the
// processor's cache some records ahead. A walk that does not read the values is slower with that.
func (it *Iter) ReadAhead() { it.whole = true }

// First moves to the smallest key.
func (it *Iter) First() bool {
	if it.v.root == 0 {
		return false
	}
	it.descendFirst(it.v.root)
	return true
}

// Last moves to the greatest key.
func (it *Iter) Last() bool {
	if it.v.root == 0 {
		return false
	}
	it.descendLast(it.v.root)
	return true
}

// SeekGE moves to the smallest key that is key or greater.
func (it *Iter) SeekGE(key []byte) bool {
	if it.v.root == 0 {
		return false
	}
	it.seek(key)
	if it.i < int(it.leaf.count) {
		return true
	}
	return it.nextLeaf()
}

// SeekLE moves to the greatest key that is key or smaller.
func (it *Iter) SeekLE(key []byte) bool {
	if it.v.root == 0 {
		return false
	}
	if it.seek(key) {
		return true
	}
	if it.i > 0 {
		it.i--
		return true
	}
	return it.prevLeaf()
}

// Next moves to the next greater key.
func (it *Iter) Next() bool {
	if it.leaf == nil {
		return false
	}
	if it.i++; it.i < int(it.leaf.count) {
		return true
	}
	return it.nextLeaf()
}

// Prev moves to the next smaller key.
func (it *Iter) Prev() bool {
	if it.leaf == nil {
		return false
	}
	if it.i--; it.i >= 0 {
		return true
	}
	return it.prevLeaf()
}

// Key returns the key of the current record, which there must be. It aliases the tree's
// memory: it is read-only and good as long as the View.
func (it *Iter) Key() []byte { return it.v.key(it.leaf.refs[it.i]) }

// Value returns the value of the current record, nil if the record's kind does not
// include Insert. Key's rules apply.
func (it *Iter) Value() []byte {
	if it.Kind()&base.Insert == 0 {
		return nil
	}
	return it.v.value(it.leaf.refs[it.i])
}

// Kind returns what the current record means.
func (it *Iter) Kind() base.Kind { return base.Kind(it.leaf.aux[it.i]) }

// seek moves to the leaf where key is or belongs and to its position there, which may be after
// the last record. It reports whether the key is there.
func (it *Iter) seek(key []byte) bool {
	g := it.v.target(key)
	id := it.v.root
	n := it.v.node(id)
	for n.level > 0 {
		i := it.v.child(n, &g)
		it.path[n.level] = step{id, int32(i)}
		id = n.refs[i]
		n = it.v.node(id)
	}
	var found bool
	it.leaf = n
	it.i, found = it.v.find(n, &g)
	return found
}

// nextLeaf moves to the first record of the next leaf.
func (it *Iter) nextLeaf() bool {
	top := int(it.v.node(it.v.root).level)
	for l := 1; l <= top; l++ {
		s := &it.path[l]
		if n := it.v.node(s.id); int(s.i)+1 < int(n.count) {
			s.i++
			it.descendFirst(n.refs[s.i])
			it.touch()
			return true
		}
	}
	it.leaf = nil
	return false
}

// prevLeaf moves to the last record of the previous leaf.
func (it *Iter) prevLeaf() bool {
	top := int(it.v.node(it.v.root).level)
	for l := 1; l <= top; l++ {
		s := &it.path[l]
		if s.i > 0 {
			s.i--
			it.descendLast(it.v.node(s.id).refs[s.i])
			it.touch()
			return true
		}
	}
	it.leaf = nil
	return false
}

// touch reads a byte of every record of the leaf. Records of neighbouring keys lie
// anywhere in the chunks; loads that do not wait for each other bring them into the
// cache in a fraction of the time it takes to meet them one by one.
func (it *Iter) touch() {
	var b byte
	for _, ref := range it.leaf.refs[:it.leaf.count] {
		b ^= it.v.chunks[ref>>offsetBits][(ref&offsetMask)*recordAlign]
	}
	it.sink = b
	if it.whole {
		it.touchValues()
	}
}

const (
	cacheLine  = 64
	touchBytes = 4 * cacheLine // of a record; the processor fetches on by itself what comes then
)

// touchValues goes on with the other cache lines of the records that touch has met.
func (it *Iter) touchValues() {
	b := it.sink
	for _, ref := range it.leaf.refs[:it.leaf.count] {
		r := it.v.chunks[ref>>offsetBits][(ref&offsetMask)*recordAlign:]
		lens := binary.LittleEndian.Uint64(r)
		end := min(recordOverhead+uint(uint32(lens))+uint(lens>>32), touchBytes)
		for i := uint(cacheLine); i < end; i += cacheLine {
			b ^= r[i]
		}
		b ^= r[end-1]
	}
	it.sink = b
}

// descendFirst moves to the first record below node id.
func (it *Iter) descendFirst(id uint32) {
	n := it.v.node(id)
	for n.level > 0 {
		it.path[n.level] = step{id, 0}
		id = n.refs[0]
		n = it.v.node(id)
	}
	it.leaf, it.i = n, 0
}

// descendLast moves to the last record below node id.
func (it *Iter) descendLast(id uint32) {
	n := it.v.node(id)
	for n.level > 0 {
		i := int(n.count) - 1
		it.path[n.level] = step{id, int32(i)}
		id = n.refs[i]
		n = it.v.node(id)
	}
	it.leaf, it.i = n, int(n.count)-1
}
