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
)

// Builder makes a Filter from the records of a segment, in order.
type Builder struct {
	f     Filter
	room  int64 // keys that were expected
	bytes int64 // of the ranges
	// open says that the record before is the beginning of a deleted range, the newest one.
	open bool
	full bool // the ranges take too much memory
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
	h := Hash(key)
	b.f.blocks[place(h, len(b.f.blocks))].set(h)
	b.f.keys++
	if b.open || kind&base.RangeBits != 0 {
		b.mark(kind, key)
	}
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
