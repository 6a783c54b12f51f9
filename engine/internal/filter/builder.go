// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"bytes"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

const (
	// MaxRangeBytes is how much memory a filter's deleted ranges may take. A segment with more
	// has no filter.
	MaxRangeBytes = 256 << 10

	// maxFold is the most that the blocks of a filter can be folded by, in which there turn out
	// to be fewer keys than expected.
	maxFold = 12

	// together is for how many keys bits are set together.
	together = 16
)

// Builder makes a Filter from the records of a segment, in order.
type Builder struct {
	f     Filter
	room  int64 // keys that were expected
	bytes int64 // of the ranges
	// open says that the record before is the beginning of a deleted range, the newest one.
	open bool
	full bool // the ranges take too much memory

	// The hashes of the newest keys, whose bits are not set yet: their blocks are all over the filter, and
	// come from memory at the same time if they are looked at together.
	hashes  [together]uint64
	waiting int
	sink    uint64 // of no use
}

// NewBuilder starts a filter for about the given number of keys.
func NewBuilder(keys int64) *Builder {
	return &Builder{f: Filter{blocks: make([]block, blocksFor(keys))}, room: keys}
}

// BytesFor returns the memory of a filter for that many keys.
func BytesFor(keys int64) int64 { return blocksFor(keys) * 8 * words }

func blocksFor(keys int64) int64 {
	n := keys*bitsPerKey/blockBits + 1
	if n > 4*maxFold {
		n = (n + maxFold - 1) / maxFold * maxFold
	}
	return n
}

// OfRest says that the filter is made of the end of a segment alone.
func (b *Builder) OfRest() { b.f.ofRest = true }

// Add adds the next record with a user key.
func (b *Builder) Add(kind base.Kind, key []byte) {
	b.hashes[b.waiting] = Hash(key)
	if b.waiting++; b.waiting == together {
		b.setBits()
	}
	b.f.keys++
	if b.open || kind&base.RangeBits != 0 {
		b.mark(kind, key)
	}
}

// setBits sets the bits of the keys that wait for it. The processor would not look as far ahead as to the next
// block while it waits for one, so all are looked at first.
func (b *Builder) setBits() {
	hashes := b.hashes[:b.waiting]
	var at [together]*block
	var seen uint64
	for i, h := range hashes {
		at[i] = &b.f.blocks[place(h, len(b.f.blocks))]
		seen ^= at[i][0]
	}
	b.sink = seen // or the compiler would leave the look out
	for i, h := range hashes {
		at[i].set(h)
	}
	b.waiting = 0
}

// mark notes the deleted ranges before and after a record. A record that ends a range which
// none before it has begun, as only a damaged segment has it, ends one that begins with the
// range before, or below all keys: that is more than is deleted, which costs time only.
func (b *Builder) mark(kind base.Kind, key []byte) {
	r := b.f.ranges
	if !b.open && kind&base.EndDelete != 0 {
		if len(r) == 0 {
			r = append(r, span{})
			b.bytes += spanBytes
		}
		b.open = true
	}
	last := len(r) - 1
	if b.open { // it reaches to this record, at least
		b.bytes += int64(len(key) - len(r[last].hi))
		r[last].hi = append(r[last].hi[:0], key...)
		if r[last].hi == nil {
			r[last].hi = []byte{}
		}
	}
	if b.open = kind&base.StartDelete != 0; b.open && (last < 0 || !bytes.Equal(r[last].hi, key)) {
		r = append(r, span{lo: append([]byte{}, key...), hi: append([]byte{}, key...)})
		b.bytes += spanBytes + 2*int64(len(key))
	}
	if b.f.ranges = r; b.bytes > MaxRangeBytes {
		b.full, b.open, b.f.ranges, b.bytes = true, false, nil, 0
	}
}

// Useless reports that there are too many deleted ranges for a filter, however many keys are
// expected.
func (b *Builder) Useless() bool { return b.full }

// Filter returns the filter, nil if it would be of no use: if there are too many deleted
// ranges, or far more keys than expected. There may be none at the end of a segment. Nothing may be added afterwards.
func (b *Builder) Filter() *Filter {
	b.setBits()
	f := b.f
	b.f = Filter{}
	if b.full || f.keys == 0 && !f.ofRest || f.keys > b.room+b.room/2+1 {
		return nil
	}
	if b.open {
		f.ranges[len(f.ranges)-1].hi = nil
	}
	f.fold()
	return &f
}

// fold makes the filter smaller if it has room for many more keys than it has. Because a block
// is chosen by a fraction of the number of blocks, each block of the result stands for neighbours.
func (f *Filter) fold() {
	n := int64(len(f.blocks))
	if n%maxFold != 0 {
		return
	}
	for _, by := range []int64{12, 6, 4, 3, 2} {
		if n/by < blocksFor(f.keys) {
			continue
		}
		small := make([]block, n/by)
		for i := range f.blocks {
			b := &small[int64(i)/by]
			for j, w := range f.blocks[i] {
				b[j] |= w
			}
		}
		f.blocks = small
		return
	}
}
