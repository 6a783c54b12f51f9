// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"encoding/binary"
	"math/bits"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/invariant"
)

// A record is eight bytes of lengths (key, value; little-endian), the key and the value.
// It starts at a multiple of eight. Its reference is the number of its chunk and its
// offset in units of eight bytes.
const (
	recordAlign    = 8
	recordOverhead = 8
	offsetBits     = 17
	offsetMask     = 1<<offsetBits - 1

	minChunkBytes = 2 << 10
	maxChunkBytes = recordAlign << offsetBits // 1 MiB
	maxChunks     = 1 << (32 - offsetBits)
	// A record above soloBytes gets a chunk of its own, so that at most a quarter of
	// a chunk is lost at its end.
	soloBytes = maxChunkBytes / 4
)

const (
	// MaxRecordBytes is the largest sum of a key's and a value's length.
	MaxRecordBytes = 1<<31 - 1<<16
	// MaxBytes is a size (see Tree.Size) up to which a tree has references for its
	// records. The engine flushes, or refuses a transaction, long before.
	MaxBytes int64 = 7 << 30
)

// arena appends records to the chunks of a store. Chunks have their full length from
// the start: their slice headers are shared with Views and stay as they are.
type arena struct {
	cur   []byte // the chunk being filled
	num   uint32 // its number
	off   int    // first free byte in it
	used  int    // bytes of all records, garbage included
	held  int    // bytes of all chunks
	spare []byte // a chunk left over from a rollback, all zero or not
}

// appendRecord copies a record into the arena and returns its reference.
func (t *Tree) appendRecord(key, value []byte) uint32 {
	ref, room := t.reserveRecord(key, len(value))
	copy(room, value)
	return ref
}

// reserveRecord appends a record whose value, of n bytes, is still to be filled in. It
// returns the record's reference and the room for the value.
func (t *Tree) reserveRecord(key []byte, n int) (uint32, []byte) {
	a := &t.arena
	need := (recordOverhead + len(key) + n + recordAlign - 1) &^ (recordAlign - 1)
	var b []byte
	var ref uint32
	if need <= len(a.cur)-a.off {
		b = a.cur[a.off : a.off+need]
		ref = a.num<<offsetBits | uint32(a.off/recordAlign)
		a.off += need
	} else {
		b, ref = t.newChunk(need)
	}
	a.used += need
	binary.LittleEndian.PutUint32(b, uint32(len(key)))
	binary.LittleEndian.PutUint32(b[4:], uint32(n))
	start := recordOverhead + copy(b[recordOverhead:], key)
	return ref, b[start : start+n : start+n]
}

// newChunk returns room for a record that does not fit into the current chunk, and its
// reference. Chunks double from minChunkBytes to maxChunkBytes with the arena.
func (t *Tree) newChunk(need int) ([]byte, uint32) {
	a := &t.arena
	invariant.Check(need <= MaxRecordBytes+2*recordOverhead, "record larger than memtree.MaxRecordBytes")
	invariant.Check(len(t.chunks) < maxChunks, "tree larger than memtree.MaxBytes")
	num := uint32(len(t.chunks))
	if need > soloBytes {
		b := make([]byte, need)
		t.chunks = append(t.chunks, b)
		a.held += need
		return b, num << offsetBits
	}
	size := 1 << bits.Len(uint(max(a.held, need, minChunkBytes)-1))
	size = min(size, maxChunkBytes)
	c := a.spare
	if len(c) >= size {
		a.spare = nil
	} else {
		c = make([]byte, size)
	}
	t.chunks = append(t.chunks, c)
	a.cur, a.num, a.off = c, num, need
	a.held += len(c)
	return c[:need], num << offsetBits
}

// arenaMark is a position in the arena.
type arenaMark struct {
	chunks int // number of chunks
	cur    []byte
	num    uint32
	off    int
	used   int
}

func (t *Tree) arenaMark() arenaMark {
	a := &t.arena
	return arenaMark{len(t.chunks), a.cur, a.num, a.off, a.used}
}

// rewind forgets all records appended since m. No View has been frozen since then.
func (t *Tree) rewind(m arenaMark) {
	a := &t.arena
	for i := m.chunks; i < len(t.chunks); i++ {
		c := t.chunks[i]
		invariant.Mangle(c)
		a.held -= len(c)
		if len(c) <= maxChunkBytes && len(c) > len(a.spare) {
			a.spare = c
		}
		t.chunks[i] = nil
	}
	t.chunks = t.chunks[:m.chunks]
	end := len(m.cur)
	if a.num == m.num {
		end = min(end, a.off)
	}
	invariant.Mangle(m.cur[m.off:end])
	a.cur, a.num, a.off, a.used = m.cur, m.num, m.off, m.used
}

// key returns the key of the record at ref.
func (s *store) key(ref uint32) []byte {
	b := s.chunks[ref>>offsetBits][(ref&offsetMask)*recordAlign:]
	end := recordOverhead + uint(binary.LittleEndian.Uint32(b))
	return b[recordOverhead:end:end]
}

// value returns the value of the record at ref.
func (s *store) value(ref uint32) []byte {
	b := s.chunks[ref>>offsetBits][(ref&offsetMask)*recordAlign:]
	lens := binary.LittleEndian.Uint64(b)
	start := recordOverhead + uint(uint32(lens))
	end := start + uint(lens>>32)
	return b[start:end:end]
}

// compare orders the key of the record at ref against key.
func (s *store) compare(ref uint32, key []byte) int {
	return base.Compare(s.key(ref), key)
}
