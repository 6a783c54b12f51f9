// SPDX-License-Identifier: Apache-2.0

// Package filter holds filters: for each segment, and each tree in memory, a few bits for each of
// its user keys, from which a lookup learns that it knows nothing of a key, without reading it. Most
// lookups pass over all of them but the one that has their key.
//
// The filter of a segment is a Bloom filter in blocks of one cache line. The hash of a key, which is
// computed once for all filters, chooses a block, and one bit in each of the block's eight words. A key
// may lie in a deleted range of the segment without being one of its keys; so the filter
// keeps the ranges.
//
// Package segment makes the filters of segments, package memtree those of trees (Live), and package
// cursor asks them. A Filter is immutable and may be used from any goroutine. Where it says that a
// segment knows nothing of a key, that is so; where it does not say so, the segment has to be searched.
// Bits that are set without need only cost such a search.
package filter

import (
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
)

const (
	// bitsPerKey is how many bits a filter has for each key; then it fails to rule out about
	// 3 in 1,000 keys, each of which costs a search. With 10 bits it is 8 in 1,000, which made
	// missing keys a fifth dearer; 14 bits gained little more.
	bitsPerKey = 12

	words     = 8 // of a block
	blockBits = 64 * words
)

// block is a cache line.
type block [words]uint64

// Filter is the filter of one segment.
type Filter struct {
	blocks []block
	keys   int64
	ofRest bool
	ranges ranges
}

// Hash returns the hash of a key, for Absent.
func Hash(key []byte) uint64 {
	h := uint64(len(key)) * 0xA0761D6478BD642F
	for len(key) > 8 {
		h = mix(h^base.Head(key), 0xE7037ED1A0B428DB)
		key = key[8:]
	}
	return mix(mix(h^base.Head(key), 0x8EBC6AF09C88C6E3), 0xD6E8FEB86659FD93)
}

// mix multiplies two numbers and folds the product.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Absent reports that the segment says nothing about a key with the given hash: it has no
// record of the key, and no deleted range around it.
func (f *Filter) Absent(hash uint64, key []byte) bool {
	b := &f.blocks[place(hash, len(f.blocks))]
	g := spread(hash)
	all := b[0] >> (g & 63) & (b[1] >> (g >> 6 & 63)) & (b[2] >> (g >> 12 & 63)) & (b[3] >> (g >> 18 & 63)) &
		(b[4] >> (g >> 24 & 63)) & (b[5] >> (g >> 30 & 63)) & (b[6] >> (g >> 36 & 63)) & (b[7] >> (g >> 42 & 63))
	return all&1 == 0 && (len(f.ranges) == 0 || !f.ranges.around(key))
}

// place returns the block of a hash: its upper half, as a fraction, of all blocks.
func place(hash uint64, blocks int) int { return int((hash >> 32) * uint64(blocks) >> 32) }

// spread returns the eight numbers of six bits that choose the bits in a block, which must not
// depend on the block.
func spread(hash uint64) uint64 { return hash * 0x9E3779B97F4A7C15 >> 16 }

func (b *block) set(hash uint64) {
	g := spread(hash)
	for i := range b {
		b[i] |= 1 << (g & 63)
		g >>= 6
	}
}

// Keys returns the number of keys.
func (f *Filter) Keys() int64 { return f.keys }

// OfRest reports that the filter knows only the end of its segment, of which the rest has been
// merged.
func (f *Filter) OfRest() bool { return f.ofRest }

// Bytes returns the memory that the filter takes.
func (f *Filter) Bytes() int64 { return int64(cap(f.blocks))*8*words + f.ranges.bytes() }
